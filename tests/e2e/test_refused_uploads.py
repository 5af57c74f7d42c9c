"""Uploads of which nothing is accepted leave nothing behind."""

import socket
from typing import Any

import httpx
import pytest


@pytest.fixture
def nothing_stays(state: Any, wait_until: Any) -> Any:
    """Fails the test if rows or objects were added to what was there."""
    before = state.photos(), state.batches(), state.originals()

    def check() -> None:
        wait_until(
            lambda: (state.photos(), state.batches(), state.originals()) == before,
            "everything that the refused upload had stored is gone",
        )

    return check


def test_101_files_are_refused_whole(api: Any, jpeg: bytes, nothing_stays: Any) -> None:
    answer = api.upload([(f"{number}.jpg", jpeg) for number in range(101)])
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_files")
    assert answer.headers["Content-Type"] == "application/problem+json"
    nothing_stays()


def test_a_client_that_hangs_up_in_the_middle_leaves_nothing(
    api: Any, streamed_upload: Any, jpeg: bytes, nothing_stays: Any, state: Any, wait_until: Any
) -> None:
    upload = streamed_upload(5, jpeg)
    body = b"".join(upload)
    before = len(state.originals())
    request = api.http.build_request("POST", "/api/upload/", headers=upload.headers, content=b"")
    lines = [b"POST /api/upload/ HTTP/1.1"]
    headers = {**dict(request.headers), **upload.headers}
    lines += [
        f"{name}: {value}".encode() for name, value in headers.items() if name != "content-length"
    ]
    with socket.create_connection((request.url.host, request.url.port)) as connection:
        connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body[: len(body) * 3 // 5])
        wait_until(lambda: len(state.originals()) > before, "the first file is stored")
    nothing_stays()


def test_an_upload_without_a_token_or_with_a_foreign_one_is_forbidden(
    api: Any, make_api: Any, jpeg: bytes, nothing_stays: Any
) -> None:
    files = [("images", ("a.jpg", jpeg))]
    bare = httpx.post(f"{api.base_url}/api/upload/", files=files, trust_env=False)
    assert (bare.status_code, bare.json()["code"]) == (403, "csrf_failed")

    without_token = api.http.build_request("POST", "/api/upload/", files=files)
    del without_token.headers["X-CSRFToken"]
    assert api.http.send(without_token).status_code == 403

    api.http.headers["X-CSRFToken"] = make_api(api.base_url).http.headers["X-CSRFToken"]
    assert api.upload([("a.jpg", jpeg)]).status_code == 403
    nothing_stays()


def test_a_form_proves_itself_with_a_field_before_its_files(api: Any, jpeg: bytes) -> None:
    token = api.http.headers.pop("X-CSRFToken")
    proven = [("csrfmiddlewaretoken", (None, token)), ("images", ("a.jpg", jpeg))]
    assert api.http.post("/api/upload/", files=proven).status_code == 202
    assert api.http.post("/api/upload/", files=proven[::-1]).status_code == 403


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ([("images", ("notes.txt", b"text"))], "no_valid_files"),
        ([("images", ("", b""))], "no_files"),
        ([("comment", (None, b"no file"))], "no_files"),
        ([("file", ("a.jpg", b"\xff\xd8\xff"))], "unexpected_field"),
    ],
    ids=["only bad files", "empty input", "no file part", "other field"],
)
def test_an_upload_without_a_valid_file_is_unprocessable(
    api: Any, files: Any, code: str, nothing_stays: Any
) -> None:
    answer = api.http.post("/api/upload/", files=files)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    nothing_stays()


def test_a_body_that_can_never_be_valid_is_refused_before_it_is_read(api: Any) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    huge = api.http.build_request("POST", "/api/upload/", headers=headers, content=b"x")
    huge.headers["Content-Length"] = str(10 * 1024**3)
    with socket.create_connection((huge.url.host, huge.url.port)) as connection:
        lines = [f"{name}: {value}" for name, value in huge.headers.items()]
        connection.sendall("\r\n".join(["POST /api/upload/ HTTP/1.1", *lines, "", ""]).encode())
        assert connection.recv(20).startswith(b"HTTP/1.1 413 ")
    text = api.http.post("/api/upload/", content=b"{}", headers={"Content-Type": "text/plain"})
    assert (text.status_code, text.json()["code"]) == (415, "not_multipart")
