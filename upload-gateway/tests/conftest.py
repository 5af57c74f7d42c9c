"""Multipart bodies as clients send them."""

from collections.abc import Callable

import pytest

BOUNDARY = b"gateway-test-boundary"

Part = tuple[str, str | None, bytes]  # field, file name or None for a plain field, content


def multipart_body(parts: list[Part]) -> bytes:
    body = b""
    for field, file_name, content in parts:
        disposition = f'form-data; name="{field}"'
        if file_name is not None:
            disposition += f'; filename="{file_name}"'
        body += b"--" + BOUNDARY + b"\r\nContent-Disposition: " + disposition.encode() + b"\r\n"
        if file_name is not None:
            body += b"Content-Type: application/octet-stream\r\n"
        body += b"\r\n" + content + b"\r\n"
    return body + b"--" + BOUNDARY + b"--\r\n"


@pytest.fixture
def boundary() -> bytes:
    return BOUNDARY


@pytest.fixture
def encode() -> Callable[[list[Part]], bytes]:
    return multipart_body
