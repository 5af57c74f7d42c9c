"""Stores to test against: files, memory, and a small S3 endpoint that can be told to fail."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from photo_objects.store_url import StoreLimits, open_store

Fault = int | str | None
"""A status to answer with, "hang" until the test ends, or None to serve the request."""


Answer = tuple[int, bytes, dict[str, str]]
"""Status, body and headers."""


@dataclass(frozen=True)
class Request:
    key: str
    query: dict[str, str]
    headers: Any
    body: bytes


class FakeS3:
    """The part of S3's protocol that obstore uses, over dictionaries; path-style addresses."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.content_types: dict[str, str | None] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.requests: list[tuple[str, str]] = []
        self.fault: Callable[[str, str], Fault] = lambda method, address: None
        self.error_code = "InternalError"
        self.hanging = threading.Event()
        self.released = threading.Event()
        self._operations: dict[tuple[str, str], Callable[[Request], Answer]] = {
            ("PUT", ""): self._put,
            ("GET", ""): self._get,
            ("DELETE", ""): self._delete,
            ("POST", "delete"): self._delete_many,
            ("GET", "list-type"): self._list,
            ("POST", "uploads"): self._begin_upload,
            ("PUT", "uploadId"): self._put_part,
            ("POST", "uploadId"): self._join_parts,
            ("DELETE", "uploadId"): self._drop_parts,
        }

    def answer(self, method: str, address: str, headers: Any, body: bytes) -> Answer:
        self.requests.append((method, address))
        fault = self.fault(method, address)
        if fault == "hang":
            self.hanging.set()
            self.released.wait(60)
        elif isinstance(fault, int):
            return fault, _xml("Error", Code=self.error_code), {}
        parts = urlsplit(address)
        query = {
            name: values[0]
            for name, values in parse_qs(parts.query, keep_blank_values=True).items()
        }
        key = unquote(parts.path.removeprefix("/photos").removeprefix("/"))
        kind = next((name for _, name in self._operations if name and name in query), "")
        return self._operations[method, kind](Request(key, query, headers, body))

    def _put(self, request: Request) -> Answer:
        if request.headers.get("if-none-match") == "*" and request.key in self.objects:
            return 412, _xml("Error", Code="PreconditionFailed"), {}
        self.objects[request.key] = request.body
        self.content_types[request.key] = request.headers.get("content-type")
        return 200, b"", {"ETag": '"whole"'}

    def _get(self, request: Request) -> Answer:
        if request.key not in self.objects:
            return 404, _xml("Error", Code="NoSuchKey"), {}
        modified = "Mon, 23 Nov 2026 06:00:00 GMT"
        return 200, self.objects[request.key], {"ETag": '"whole"', "Last-Modified": modified}

    def _delete(self, request: Request) -> Answer:
        self.objects.pop(request.key, None)
        return 204, b"", {}

    def _delete_many(self, request: Request) -> Answer:
        keys = re.findall(r"<Key>(.*?)</Key>", request.body.decode())
        for key in keys:
            self.objects.pop(key, None)
        deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        return 200, f"<DeleteResult>{deleted}</DeleteResult>".encode(), {}

    def _list(self, request: Request) -> Answer:
        modified = "2026-11-23T06:00:00.000Z"
        entries = "".join(
            f"<Contents><Key>{key}</Key><Size>{len(data)}</Size>"
            f"<LastModified>{modified}</LastModified><ETag>x</ETag></Contents>"
            for key, data in self.objects.items()
        )
        return 200, f"<ListBucketResult>{entries}</ListBucketResult>".encode(), {}

    def _begin_upload(self, request: Request) -> Answer:
        upload_id = f"upload-{len(self.requests)}"
        self.uploads[upload_id] = {}
        return 200, _xml("InitiateMultipartUploadResult", UploadId=upload_id), {}

    def _put_part(self, request: Request) -> Answer:
        upload = self.uploads.get(request.query["uploadId"])
        if upload is None:
            return 404, _xml("Error", Code="NoSuchUpload"), {}
        upload[int(request.query["partNumber"])] = request.body
        return 200, b"", {"ETag": '"part"'}

    def _join_parts(self, request: Request) -> Answer:
        sent = self.uploads.pop(request.query["uploadId"])
        self.objects[request.key] = b"".join(sent[number] for number in sorted(sent))
        return 200, _xml("CompleteMultipartUploadResult", ETag="whole"), {}

    def _drop_parts(self, request: Request) -> Answer:
        self.uploads.pop(request.query["uploadId"], None)
        return 204, b"", {}


def _xml(element: str, **fields: str) -> bytes:
    fields = {"Bucket": "photos", "Key": "key", "Location": "here", **fields}
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return f"<{element}>{inner}</{element}>".encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what these tests are about."""


def _handler_for(fake: FakeS3) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, answer, headers = fake.answer(self.command, self.path, self.headers, body)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(answer)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = serve  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    return Handler


@pytest.fixture
def fake_s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeS3]:
    fake = FakeS3()
    server = _Server(("127.0.0.1", 0), _handler_for(fake))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key-of-the-test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-test")
    monkeypatch.setenv("AWS_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    yield fake
    fake.released.set()
    server.shutdown()
    thread.join(10)
    with suppress(OSError):
        server.server_close()


@pytest.fixture
def s3_store(fake_s3: FakeS3) -> Any:
    limits = StoreLimits(connect=2, idle=20, request=20, retries=1, retry=2)
    return open_store("s3://photos", allow_http=True, limits=limits)


@pytest.fixture
def impatient_s3_store(fake_s3: FakeS3) -> Any:
    limits = StoreLimits(connect=0.3, idle=0.3, request=0.3, retries=1, retry=0.5)
    return open_store("s3://photos", allow_http=True, limits=limits)


@pytest.fixture
def file_store(tmp_path: Path) -> Any:
    return open_store((tmp_path / "objects").as_uri())


@pytest.fixture(params=["file", "memory", "s3"])
def store(request: pytest.FixtureRequest) -> Any:
    """Every kind of store, for what holds on all of them."""
    if request.param == "memory":
        return open_store("memory://")
    return request.getfixturevalue(f"{request.param}_store")
