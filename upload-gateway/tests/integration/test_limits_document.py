"""`GET /api/limits`: what a client can know before it sends anything."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from photo.status.v1 import status_service_pb2_grpc as status_grpc
from photo_domain.file_format import FORMAT_BY_EXTENSION, SNIFF_SIZE, FileFormat, sniff_format
from upload_gateway.routes import visitor

HEADS = [
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d",
    b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    b"%PDF-1.7\n%\xe2\xe3\xcf",
    b"\xff\xd8\xff",
    b"\xff\xd8",
    b"\x89PNG\n\x1a\n\x00\x00\x00\r\x00",
    b"RIFF\x24\x00\x00\x00WAVEfmt ",
    b"RIFF\x24\x00\x00\x00WEB",
    b" %PDF-1.7",
    b"GIF89a",
    b"",
]


@pytest.fixture
async def client(open_gateway: Callable[..., Any]) -> httpx.AsyncClient:
    opened: httpx.AsyncClient = await open_gateway([visitor], status_grpc.StatusServiceServicer())
    return opened


def extensions_of(head: bytes, limits: dict[str, Any]) -> list[str]:
    """The extensions that a file with these first bytes may have, as a client finds them."""
    for signature in limits["signatures"]:
        places = [
            (fixed["offset"], bytes.fromhex(fixed["hex"])) for fixed in signature["fixed_bytes"]
        ]
        if all(head[offset : offset + len(content)] == content for offset, content in places):
            found: list[str] = signature["extensions"]
            return found
    return []


async def test_a_client_can_tell_formats_by_the_signatures_as_the_service_does(
    client: httpx.AsyncClient,
) -> None:
    limits = (await client.get("/api/limits")).json()
    for head in HEADS:
        sniffed = sniff_format(head[:SNIFF_SIZE])
        expected = [each for each, found in FORMAT_BY_EXTENSION.items() if found is sniffed]
        assert extensions_of(head, limits) == expected


async def test_every_extension_has_one_signature(client: httpx.AsyncClient) -> None:
    limits = (await client.get("/api/limits")).json()
    told = [extension for each in limits["signatures"] for extension in each["extensions"]]
    assert sorted(told) == sorted(limits["extensions"])
    assert len(limits["signatures"]) == len(FileFormat)


async def test_the_limits_may_be_kept_for_some_minutes(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/limits")
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.json()["field"] == "images"
