"""Renditions and originals over HTTP, against a status service whose answers the test decides."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from photo.status.v1 import status_service_pb2 as pb
from photo.status.v1 import status_service_pb2_grpc as pb_grpc
from upload_gateway.routes import photo_objects

TASK = "/api/tasks/01919a3c-5e00-7abc-8def-0123456789ab"
CONTENT = b"<html><script>alert(1)</script></html>"
# What uploads can be, what nobody could upload, and what servers make of carelessness.
OTHER_TYPES = [
    "image/png",
    "application/pdf",
    "text/html",
    "image/svg+xml",
    "image/webp; charset=utf-8",
    "IMAGE/WEBP",
    "",
]


class Objects(pb_grpc.StatusServiceServicer):
    """Every object is the same."""

    def __init__(self) -> None:
        self.info = pb.ObjectInfo(size=len(CONTENT), file_name="a.jpg")

    async def GetObject(self, request: pb.GetObjectRequest, context: Any) -> AsyncIterator[Any]:
        yield pb.GetObjectResponse(info=self.info)
        yield pb.GetObjectResponse(chunk=CONTENT)


@pytest.fixture
def objects() -> Objects:
    return Objects()


@pytest.fixture
async def client(objects: Objects, open_gateway: Callable[..., Any]) -> httpx.AsyncClient:
    return await open_gateway([photo_objects], objects)


def assert_cannot_run(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize("content_type", ["image/webp", "image/avif", "image/jpeg"])
async def test_a_rendition_is_shown_as_the_image_that_it_is(
    client: httpx.AsyncClient, objects: Objects, content_type: str
) -> None:
    objects.info.content_type = content_type
    answer = await client.get(f"{TASK}/renditions/preview")
    assert_cannot_run(answer)
    assert answer.headers["Content-Type"] == content_type
    assert "Content-Disposition" not in answer.headers


@pytest.mark.parametrize("content_type", OTHER_TYPES)
async def test_a_rendition_of_another_type_is_only_a_download(
    client: httpx.AsyncClient, objects: Objects, content_type: str
) -> None:
    objects.info.content_type = content_type
    answer = await client.get(f"{TASK}/renditions/preview")
    assert_cannot_run(answer)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment"


@pytest.mark.parametrize("content_type", ["image/jpeg", *OTHER_TYPES])
async def test_an_original_is_always_a_download_and_never_of_a_type_that_nobody_checked(
    client: httpx.AsyncClient, objects: Objects, content_type: str
) -> None:
    objects.info.content_type = content_type
    answer = await client.get(f"{TASK}/original")
    assert_cannot_run(answer)
    checked = ("image/jpeg", "image/png", "image/webp", "application/pdf")
    expected = content_type if content_type in checked else "application/octet-stream"
    assert answer.headers["Content-Type"] == expected
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''a.jpg"


@pytest.mark.parametrize(
    "name", ['a"; filename=b.html', "a\r\nContent-Type: text/html.jpg", "ж ☀.pdf"]
)
async def test_the_name_of_an_original_adds_nothing_to_the_headers(
    client: httpx.AsyncClient, objects: Objects, name: str
) -> None:
    objects.info.file_name = name
    objects.info.content_type = "application/pdf"
    answer = await client.get(f"{TASK}/original")
    assert_cannot_run(answer)
    disposition = answer.headers["Content-Disposition"]
    attachment, _, encoded = disposition.partition("; filename*=UTF-8''")
    assert attachment == "attachment"
    assert not set(encoded) & set('"; \r\n')


async def test_the_types_of_the_answers_are_described(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    described = {
        path: set(calls["get"]["responses"]["200"]["content"]) for path, calls in paths.items()
    }
    assert described == {
        "/api/tasks/{task_id}/renditions/{name}": {"image/webp", "image/avif", "image/jpeg"},
        "/api/tasks/{task_id}/original": {
            "image/jpeg",
            "image/png",
            "image/webp",
            "application/pdf",
        },
    }
