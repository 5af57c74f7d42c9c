"""The client against a real gRPC server whose answers the test decides."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest

from photo.ingest.v1 import ingest_service_pb2 as pb
from photo.ingest.v1 import ingest_service_pb2_grpc as pb_grpc
from photo_domain.errors import ErrorCode, RequestError
from photo_domain.object_keys import new_nonce
from photo_domain.task_id import new_task_id
from photo_uploads.incoming_file import StoredFile
from photo_uploads.receive_upload import RegisteredTask
from service_kit.grpc_channel import open_channel
from service_kit.grpc_server import build_server
from upload_gateway import ingest_client
from upload_gateway.ingest_client import IngestClient

Answer = Callable[[], pb.RegisterBatchResponse]


class ScriptedIngest(pb_grpc.IngestServiceServicer):
    """Answers each call with the next of `answers`, the last one for ever."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.called = asyncio.Event()
        self.requests: list[pb.RegisterBatchRequest] = []
        self.discarded: list[pb.DiscardObjectsRequest] = []
        self.changed: list[Any] = []
        self.refusal: Exception | None = None

    async def RegisterBatch(self, request: pb.RegisterBatchRequest, context: Any) -> Any:
        self.requests.append(request)
        self.called.set()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer()

    async def DiscardObjects(self, request: pb.DiscardObjectsRequest, context: Any) -> Any:
        self.discarded.append(request)
        return pb.DiscardObjectsResponse(discarded_count=len(request.originals))

    async def RetryTask(self, request: pb.RetryTaskRequest, context: Any) -> Any:
        self._change(request)
        return pb.RetryTaskResponse()

    async def DeletePhoto(self, request: pb.DeletePhotoRequest, context: Any) -> Any:
        self._change(request)
        return pb.DeletePhotoResponse()

    def _change(self, request: Any) -> None:
        self.changed.append(request)
        if self.refusal:
            raise self.refusal


@pytest.fixture
async def ingest() -> ScriptedIngest:
    return ScriptedIngest()


@pytest.fixture
async def client(
    ingest: ScriptedIngest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[IngestClient]:
    monkeypatch.setattr(ingest_client, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(ingest_client, "_ATTEMPT_SECONDS", 1.0)
    monkeypatch.setattr(ingest_client, "_TOTAL_SECONDS", 1.5)
    server = build_server("photo.ingest.v1.IngestService")
    pb_grpc.add_IngestServiceServicer_to_server(ingest, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    channel = open_channel(f"dns:///127.0.0.1:{port}")
    yield IngestClient(channel)
    await channel.close()
    await server.stop(None)


def accepted() -> pb.RegisterBatchResponse:
    return pb.RegisterBatchResponse(
        batch_id="batch", tasks=[pb.RegisteredTask(task_id="t", photo_id=7, position=2)]
    )


def refused(code: ErrorCode) -> Answer:
    def answer() -> pb.RegisterBatchResponse:
        raise RequestError(code, "no")

    return answer


def crashed() -> pb.RegisterBatchResponse:
    raise RuntimeError("a text that nobody may see")


def stored() -> StoredFile:
    return StoredFile(
        task_id=new_task_id(),
        nonce=new_nonce(),
        file_name="a.jpg",
        content_type="image/jpeg",
        size=3,
        sha256=hashlib.sha256(b"abc").digest(),
        position=0,
    )


async def test_an_answer_becomes_a_registration(
    client: IngestClient, ingest: ScriptedIngest
) -> None:
    ingest.answers = [accepted]
    registration = await client.register("owner", "key", [stored()], [])
    assert registration.batch_id == "batch"
    assert registration.tasks == (RegisteredTask("t", 7, 2),)


@pytest.mark.parametrize("first", [ErrorCode.OUTCOME_UNKNOWN, ErrorCode.DATABASE_UNAVAILABLE])
async def test_a_call_of_unknown_outcome_is_repeated_with_the_same_key(
    client: IngestClient, ingest: ScriptedIngest, first: ErrorCode
) -> None:
    ingest.answers = [refused(first), accepted]
    await client.register("owner", "key", [stored()], [])
    assert len(ingest.requests) == 2
    assert ingest.requests[0] == ingest.requests[1]


@pytest.mark.parametrize("code", [ErrorCode.IDEMPOTENCY_MISMATCH, ErrorCode.TASK_EXISTS])
async def test_a_definite_refusal_is_not_repeated(
    client: IngestClient, ingest: ScriptedIngest, code: ErrorCode
) -> None:
    ingest.answers = [refused(code), accepted]
    with pytest.raises(RequestError) as error:
        await client.register("owner", "key", [stored()], [])
    assert error.value.code is code
    assert len(ingest.requests) == 1


async def test_a_database_that_stays_away_is_a_definite_refusal(
    client: IngestClient, ingest: ScriptedIngest
) -> None:
    ingest.answers = [refused(ErrorCode.DATABASE_UNAVAILABLE)]
    with pytest.raises(RequestError) as error:
        await client.register("owner", "key", [stored()], [])
    assert error.value.code is ErrorCode.DATABASE_UNAVAILABLE


# Both depend on the moment: the rows of the first attempt may come to be all the same.
@pytest.mark.parametrize("second", [ErrorCode.DATABASE_UNAVAILABLE, ErrorCode.QUOTA_EXCEEDED])
async def test_one_uncertain_attempt_makes_the_whole_call_uncertain(
    client: IngestClient, ingest: ScriptedIngest, second: ErrorCode
) -> None:
    ingest.answers = [refused(ErrorCode.OUTCOME_UNKNOWN), refused(second)]
    with pytest.raises(RequestError) as error:
        await client.register("owner", "key", [stored()], [])
    assert error.value.code is ErrorCode.OUTCOME_UNKNOWN


async def test_a_service_that_fails_unexpectedly_leaves_the_outcome_unknown(
    client: IngestClient, ingest: ScriptedIngest
) -> None:
    ingest.answers = [crashed]
    with pytest.raises(RequestError) as error:
        await client.register("owner", "key", [stored()], [])
    assert error.value.code is ErrorCode.OUTCOME_UNKNOWN
    assert "nobody may see" not in error.value.detail


async def test_a_service_that_is_away_leaves_the_outcome_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ingest_client, "_TOTAL_SECONDS", 0.5)
    monkeypatch.setattr(ingest_client, "_ATTEMPT_SECONDS", 0.2)
    async with open_channel("dns:///127.0.0.1:1") as channel:
        with pytest.raises(RequestError) as error:
            await IngestClient(channel).register("owner", "key", [stored()], [])
        assert error.value.code is ErrorCode.OUTCOME_UNKNOWN
        await IngestClient(channel).discard([(UUID(int=0), new_nonce())])  # left to the sweeper


async def test_a_registration_that_was_given_up_can_be_cancelled(
    client: IngestClient, ingest: ScriptedIngest
) -> None:
    ingest.answers = [refused(ErrorCode.OUTCOME_UNKNOWN)]
    call = asyncio.create_task(client.register("owner", "key", [stored()], []))
    await asyncio.wait_for(ingest.called.wait(), 5)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_discarding_names_the_objects(client: IngestClient, ingest: ScriptedIngest) -> None:
    file = stored()
    await client.discard([(file.task_id, file.nonce)])
    assert [(ref.task_id, ref.nonce) for ref in ingest.discarded[0].originals] == [
        (str(file.task_id), file.nonce)
    ]


async def test_owners_ask_for_changes_in_their_own_name(
    client: IngestClient, ingest: ScriptedIngest
) -> None:
    await client.retry_task("a task", "owner")
    await client.delete_photo("a task", "owner")
    viewer = pb.Viewer(owner="owner")
    assert ingest.changed == [
        pb.RetryTaskRequest(task_id="a task", viewer=viewer),
        pb.DeletePhotoRequest(task_id="a task", viewer=viewer),
    ]


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (RequestError(ErrorCode.UNKNOWN_TASK, "no"), ErrorCode.UNKNOWN_TASK),
        (RequestError(ErrorCode.TASK_NOT_FAILED, "no"), ErrorCode.TASK_NOT_FAILED),
        (RequestError(ErrorCode.OUTCOME_UNKNOWN, "no"), ErrorCode.OUTCOME_UNKNOWN),
        (RuntimeError("a text that nobody may see"), ErrorCode.OUTCOME_UNKNOWN),
    ],
)
async def test_a_change_that_was_refused_is_not_repeated(
    client: IngestClient, ingest: ScriptedIngest, refusal: Exception, code: ErrorCode
) -> None:
    ingest.refusal = refusal
    for change in (client.retry_task, client.delete_photo):
        with pytest.raises(RequestError) as error:
            await change("a task", "owner")
        assert error.value.code is code
        assert "nobody may see" not in error.value.detail
    assert len(ingest.changed) == 2


async def test_the_outcome_of_a_change_is_unknown_while_the_service_is_away() -> None:
    async with open_channel("dns:///127.0.0.1:1") as channel:
        with pytest.raises(RequestError) as error:
            await IngestClient(channel).delete_photo("a task", "owner")
    assert error.value.code is ErrorCode.OUTCOME_UNKNOWN
