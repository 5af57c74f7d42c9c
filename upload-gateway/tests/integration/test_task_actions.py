"""Retrying and deleting over HTTP, against gRPC services whose answers the test decides."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from photo.ingest.v1 import ingest_service_pb2 as ingest_pb
from photo.ingest.v1 import ingest_service_pb2_grpc as ingest_grpc
from photo.status.v1 import status_service_pb2 as status_pb
from photo.status.v1 import status_service_pb2_grpc as status_grpc
from photo_domain.errors import ErrorCode, RequestError
from upload_gateway.routes import task_actions, visitor

TASK_ID = "01919a3c-5e00-7abc-8def-0123456789ab"


class Services(ingest_grpc.IngestServiceServicer, status_grpc.StatusServiceServicer):
    """Both services: they remember what was asked, and refuse what they are told to."""

    def __init__(self) -> None:
        self.changed: list[Any] = []
        self.refusal: Exception | None = None
        self.status_refusal: Exception | None = None

    async def RetryTask(self, request: ingest_pb.RetryTaskRequest, context: Any) -> Any:
        self._change(request)
        return ingest_pb.RetryTaskResponse()

    async def DeletePhoto(self, request: ingest_pb.DeletePhotoRequest, context: Any) -> Any:
        self._change(request)
        return ingest_pb.DeletePhotoResponse()

    async def GetTask(self, request: status_pb.GetTaskRequest, context: Any) -> Any:
        if self.status_refusal:
            raise self.status_refusal
        task = status_pb.Task(
            task_id=request.task_id,
            status=status_pb.TASK_STATUS_PENDING,
            stage=status_pb.TASK_STAGE_QUEUED,
        )
        return status_pb.GetTaskResponse(task=task)

    def _change(self, request: Any) -> None:
        self.changed.append(request)
        if self.refusal:
            raise self.refusal


@pytest.fixture
async def services() -> Services:
    return Services()


@pytest.fixture
async def client(services: Services, open_gateway: Callable[..., Any]) -> httpx.AsyncClient:
    """A visitor without a session."""
    return await open_gateway([task_actions, visitor], services, services)


@pytest.fixture
async def visitor_client(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """The same visitor, with a session and its token."""
    client.headers["X-CSRFToken"] = (await client.get("/api/csrf")).json()["csrf_token"]
    return client


CALLS = [("POST", f"/api/tasks/{TASK_ID}/retry"), ("DELETE", f"/api/tasks/{TASK_ID}")]


async def test_a_retry_answers_the_task_as_it_stands_now(
    visitor_client: httpx.AsyncClient, services: Services
) -> None:
    answer = await visitor_client.post(CALLS[0][1])
    assert answer.status_code == 202
    assert (answer.json()["task_id"], answer.json()["status"]) == (TASK_ID, "PENDING")
    [request] = services.changed
    assert request.task_id == TASK_ID
    assert request.viewer.owner.startswith("session:")
    assert request.viewer.operator == ""


async def test_a_delete_answers_nothing(
    visitor_client: httpx.AsyncClient, services: Services
) -> None:
    answer = await visitor_client.delete(CALLS[1][1])
    assert (answer.status_code, answer.content) == (204, b"")
    [request] = services.changed
    assert isinstance(request, ingest_pb.DeletePhotoRequest)
    assert request.viewer.owner.startswith("session:")


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_without_session_or_token_nothing_is_asked_for(
    client: httpx.AsyncClient, services: Services, method: str, path: str
) -> None:
    no_session = await client.request(method, path)
    await client.get("/api/csrf")
    no_token = await client.request(method, path)
    wrong_token = await client.request(method, path, headers={"X-CSRFToken": "wrong"})
    for answer in (no_session, no_token, wrong_token):
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    assert services.changed == []


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (RequestError(ErrorCode.UNKNOWN_TASK, "No such task."), 404),
        (RequestError(ErrorCode.TASK_NOT_FAILED, "It succeeded."), 409),
        (RequestError(ErrorCode.DATABASE_UNAVAILABLE, "Down."), 503),
        (RequestError(ErrorCode.OUTCOME_UNKNOWN, "Perhaps."), 503),
    ],
)
async def test_a_refusal_is_a_problem_with_its_code(
    visitor_client: httpx.AsyncClient,
    services: Services,
    method: str,
    path: str,
    refusal: RequestError,
    status: int,
) -> None:
    services.refusal = refusal
    answer = await visitor_client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, refusal.code)
    assert ("Retry-After" in answer.headers) == (status == 503)


async def test_a_retry_whose_task_cannot_be_told_is_unavailable(
    visitor_client: httpx.AsyncClient, services: Services
) -> None:
    services.status_refusal = RuntimeError("a text that nobody may see")
    answer = await visitor_client.post(CALLS[0][1])
    assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
    assert "nobody may see" not in answer.text
    assert len(services.changed) == 1


async def test_every_answer_is_described(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    retry = paths["/api/tasks/{task_id}/retry"]["post"]
    delete = paths["/api/tasks/{task_id}"]["delete"]
    assert {"202", "403", "404", "409", "503"} <= retry["responses"].keys()
    assert {"204", "403", "404", "503"} <= delete["responses"].keys()
    for call in (retry, delete):
        assert {"task_id", "X-CSRFToken"} == {each["name"] for each in call["parameters"]}
