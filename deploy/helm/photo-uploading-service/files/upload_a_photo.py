"""What `helm test` runs: uploads a photo to a gateway and waits until it is processed.

`upload_a_photo.py URL [FILE]`: the gateway, and a file with an API key.
"""

import http.cookiejar
import json
import sys
import threading
import time
import zlib
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

_PATIENCE_SECONDS = 120
_BOUNDARY = "a-photo-of-the-helm-test"


class Gateway:
    """A visitor of the gateway at `url`, by its key where there is one."""

    def __init__(self, url: str, key: str | None) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        cookies = HTTPCookieProcessor(http.cookiejar.CookieJar())
        # No proxy of the environment: the gateway is next door.
        self._opener = build_opener(cookies, ProxyHandler({}))

    def upload(self, photo: bytes) -> str:
        """The id of the task of the photo. Raises HTTPError where it is refused."""
        token = self._ask("/api/csrf")["csrf_token"]
        proof = {"X-CSRFToken": str(token)} if token else {}
        head = (
            f"--{_BOUNDARY}\r\n"
            'Content-Disposition: form-data; name="images"; filename="helm-test.png"\r\n'
            "Content-Type: image/png\r\n\r\n"
        )
        body = head.encode() + photo + f"\r\n--{_BOUNDARY}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
        answer = self._ask("/api/upload/", body, kind | proof)
        return str(answer["task_ids"][0])

    def task(self, task_id: str) -> dict[str, Any]:
        """What became of the task. Raises HTTPError."""
        return self._ask(f"/api/task-status/{task_id}")

    def _ask(
        self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        request = Request(self._url + path, body, {**self._headers, **(headers or {})})  # noqa: S310 - the operator's
        with self._opener.open(request, timeout=30) as answer:
            return dict(json.load(answer))


def png(width: int, height: int) -> bytes:
    """A picture of one colour."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(name + content).to_bytes(4, "big")
        return len(content).to_bytes(4, "big") + name + content + checksum

    # PNG, third edition, 11.2.1: width, height, 8 bits, red green blue.
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    rows = (b"\0" + b"\x20\x80\xc0" * width) * height
    parts = (
        chunk(b"IHDR", header),
        chunk(b"IDAT", zlib.compress(rows)),
        chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def main(url: str, key_file: str | None = None) -> int:
    """The exit code: 0 where the photo was processed."""
    gateway = Gateway(url, Path(key_file).read_text("ascii").strip() if key_file else None)
    try:
        task_id = gateway.upload(png(640, 480))
        _tell(f"Uploaded a photo: task {task_id}")
        deadline = time.monotonic() + _PATIENCE_SECONDS
        pause = threading.Event()  # nobody sets it: it only paces the polls
        while time.monotonic() < deadline:
            task = gateway.task(task_id)
            if task["status"] != "PENDING":
                _tell(json.dumps(task, indent=2))
                return 0 if task["status"] == "SUCCESS" else 1
            pause.wait(0.5)
    except HTTPError as error:
        _tell(f"The gateway refused: {error.code} {error.read().decode(errors='replace')}")
        if error.code == HTTPStatus.UNAUTHORIZED and not key_file:
            _tell("With auth.mode `required` name a Secret with an API key: test.apiKeySecret")
        return 1
    _tell(f"No result within {_PATIENCE_SECONDS} s: does a worker run?")
    return 1


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
