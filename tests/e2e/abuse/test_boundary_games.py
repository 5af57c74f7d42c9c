"""Multipart bodies that play with boundaries, parts and line ends."""

from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("nobody_else_notices")

FORM = "multipart/form-data; boundary="
IMAGE = 'name="images"; filename="a.jpg"'


def test_ten_thousand_parts_are_refused(abuser: Any, part: Any) -> None:
    body = part('name="images"; filename=""', b"") * 10_000 + b"--x--\r\n"
    answer = abuser.send(abuser.whole(body))
    assert (answer.status, answer.code) == (400, "malformed_multipart")
    answer = abuser.send(abuser.whole(part(IMAGE, b"\xff\xd8\xff") * 10_000 + b"--x--\r\n"))
    # Which limit is met first depends on how the body is cut into packets.
    assert (answer.status, answer.code) in {
        (422, "too_many_files"),
        (400, "malformed_multipart"),
    }


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        (FORM + "b" * 70, "b" * 70),
        (FORM + '"a b"', "a b"),
        (FORM + '"a\'()+_,-./:=?"', "a'()+_,-./:=?"),
        ("Multipart/Form-Data; charset=utf-8; Boundary=x", "x"),
        (FORM + "-", "-"),
        (FORM + "--x--", "--x--"),
    ],
)
def test_every_boundary_of_rfc_2046_is_understood(
    abuser: Any, part: Any, content_type: str, boundary: str
) -> None:
    body = part(IMAGE, boundary=boundary) + f"--{boundary}--\r\n".encode()
    answer = abuser.send(abuser.whole(body, content_type))
    assert answer.status == 202, answer.raw


@pytest.mark.parametrize("boundary", ["", '""', "b" * 71, "b" * 50_000])
def test_a_boundary_that_is_none_is_refused(abuser: Any, part: Any, boundary: str) -> None:
    body = part(IMAGE, boundary=boundary) + f"--{boundary}--\r\n".encode()
    answer = abuser.send(abuser.whole(body, FORM + boundary))
    assert (answer.status, answer.code) == (400, "malformed_multipart")


@pytest.mark.parametrize(
    "content",
    [
        b"--x",
        b"\r\n-x--\r\n",
        b"\r\n--y\r\n",
        b"\n--x\n",
        b"\r\n--xx\r\n",
        b"\r\n--x-\r\n" * 1000,
        b"\r\n--" * 20_000,
        b"\r" * 100_000,
    ],
)
def test_what_is_only_like_a_boundary_is_content(abuser: Any, part: Any, content: bytes) -> None:
    file = b"\xff\xd8\xff" + content
    answer = abuser.send(abuser.whole(part(IMAGE, file) + b"--x--\r\n"))
    assert answer.status == 202, answer.raw
    assert answer.json["accepted"][0]["size"] == len(file)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x",
        b"--y\r\n\r\n--y--\r\n",
        b"Content-Disposition: form-data; name=images; filename=a.jpg\r\n\r\nx",
        b"a preamble\r\n--x\r\n",
        b"-" * 3_000_000,
        b"--x\n" + b"Content-Disposition: form-data; name=images; filename=a.jpg\n\nx\n--x--\n",
        b"--x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--x--\r\n",
        b'--x\r\nContent-Disposition: attachment; name="images"\r\n\r\nx\r\n--x--\r\n',
        b"--x\r\n\r\nx\r\n--x--\r\n",
        b"--x\r\nContent-Disposition: form-data; name=a\r\nX: " + b"y" * 3_000_000,
        b"--x\r\n" + b"X-Y: z\r\n" * 500_000,
        b"--x\r\n" + b"y" * 3_000_000,
        b"--x\r\n: y\r\n\r\n",
        b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n" + b"y" * 3_000_000,
    ],
    ids=[
        "nothing",
        "half a boundary",
        "another boundary",
        "no boundary",
        "a preamble",
        "megabytes of hyphens",
        "bare line feeds",
        "a part without a name",
        "a part that is no form data",
        "a part without headers",
        "a part header of megabytes",
        "part headers of megabytes",
        "a part header's name of megabytes",
        "a part header without a name",
        "a field of megabytes",
    ],
)
def test_a_body_that_is_no_form_is_malformed(abuser: Any, body: bytes) -> None:
    answer = abuser.send(abuser.whole(body))
    assert (answer.status, answer.code) == (400, "malformed_multipart")


@pytest.mark.parametrize("missing", [2, 3, 4, 5, 7, 30, 2030])
def test_a_form_that_breaks_off_is_malformed(abuser: Any, part: Any, missing: int) -> None:
    body = (part(IMAGE) + b"--x--\r\n")[: -missing - 1]
    answer = abuser.send(abuser.whole(body))
    assert (answer.status, answer.code) == (400, "malformed_multipart")


def test_line_ends_before_a_form_and_megabytes_behind_it_are_ignored(
    abuser: Any, part: Any
) -> None:
    answer = abuser.send(
        abuser.whole(b"\r\n" * 1_000_000 + part(IMAGE) + b"--x--\r\n" + bytes(3_000_000))
    )
    assert answer.status == 202, answer.raw


def test_a_form_in_a_form_is_a_file_like_any_other(abuser: Any, part: Any) -> None:
    inner = part(IMAGE, boundary="y") + b"--y--\r\n"
    headers = 'name="images"; filename="a.jpg"\r\nContent-Type: multipart/mixed; boundary=y'
    answer = abuser.send(abuser.whole(part(headers, inner) + b"--x--\r\n"))
    assert (answer.status, answer.code) == (422, "no_valid_files")
    assert answer.json["rejected"][0]["errors"][0]["code"] == "content_mismatch"
