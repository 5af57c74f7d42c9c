"""The console over a real database, with gRPC services whose answers the tests decide."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from admin_console.app import build_app
from admin_console.bootstrap import ConsoleBootstrap
from admin_console.ingest_client import IngestClient
from admin_console.operator_accounts import create_account, find_account
from admin_console.photo_actions import Asker, PhotoActions
from admin_console.sessions import Session, start_session
from admin_console.settings import ConsoleSettings
from admin_console.status_client import StatusClient
from photo.ingest.v1 import ingest_service_pb2 as ingest_pb
from photo.ingest.v1 import ingest_service_pb2_grpc as ingest_grpc
from photo.status.v1 import status_service_pb2 as status_pb
from photo.status.v1 import status_service_pb2_grpc as status_grpc
from photo_domain.errors import ErrorCode, RequestError
from photo_domain.task_id import new_task_id
from photo_records import paused_lanes, task_actions
from photo_records.asyncpg_pool import open_pool
from photo_records.console_tables import OperatorRole
from photo_records.database_url import with_driver
from photo_records.registration import NewBatch, NewPhoto, insert_batches
from photo_records.task_queue import Lane
from photo_records.task_reads import UnknownTaskError
from service_kit.grpc_channel import open_channel
from service_kit.grpc_server import build_server

DEADLINE_SECONDS = 30.0
WEBP = b"RIFF\x04\0\0\0WEBP"


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    opened = await open_pool(database_url, 6)
    yield opened
    await opened.close()


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    opened = create_async_engine(with_driver(database_url, "asyncpg"))
    yield opened
    await opened.dispose()


class Photos:
    """Registers photos, and brings them into a state."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def add(
        self,
        count: int = 1,
        *,
        owner: str = "alice",
        failed: str | None = None,
        lane: Lane = Lane.INTERACTIVE,
        name: str = "photo",
    ) -> list[UUID]:
        """Photos of one batch; with `failed` they ended with that code."""
        photos = tuple(
            NewPhoto(
                task_id=(task_id := new_task_id()),
                file_name=f"{name} {position}.jpg",
                content_type="image/jpeg",
                size=1000 + position,
                sha256=bytes([position % 256]) * 32,
                object_key=f"originals/20261123/{task_id}-{'0' * 32}",
                position=position,
            )
            for position in range(count)
        )
        batch_id = new_task_id()
        batch = NewBatch(
            batch_id=batch_id,
            owner=owner,
            idempotency_key=str(batch_id),
            fingerprint=b"f" * 32,
            rejected=[],
            lane=lane,
            photos=photos,
        )
        async with self._pool.acquire() as connection:
            await insert_batches(connection, [batch])
        if failed:
            await self.set(
                [photo.task_id for photo in photos],
                "status = 'FAILURE', started_at = now(), finished_at = now(), attempts = 1,"
                f" error_code = '{failed}', error_message = 'It failed.'",
            )
            await self._pool.execute("UPDATE batches SET pending = 0 WHERE id = $1", batch_id)
        return [photo.task_id for photo in photos]

    async def set(self, task_ids: Sequence[UUID], columns: str) -> None:
        await self._pool.execute(
            f"UPDATE photos SET {columns} WHERE task_id = ANY($1::uuid[])", list(task_ids)
        )

    async def succeed(self, task_id: UUID) -> None:
        """It ended in SUCCESS, with a thumbnail."""
        await self.set(
            [task_id],
            "status = 'SUCCESS', started_at = now(), finished_at = now(), attempts = 1,"
            " format = 'jpeg', width = 640, height = 480, random_number = 7, processing_time = 0.2",
        )
        await self._pool.execute(
            "INSERT INTO renditions (photo_id, name, width, height, content_type, size, object_key)"
            " SELECT id, 'thumbnail', 320, 240, 'image/webp', 12, 'renditions/x/' || task_id"
            " FROM photos WHERE task_id = $1",
            task_id,
        )

    async def statuses(self) -> dict[UUID, str]:
        rows = await self._pool.fetch("SELECT task_id, status FROM photos")
        return {row["task_id"]: row["status"] for row in rows}


@pytest.fixture
def photos(pool: asyncpg.Pool) -> Photos:
    return Photos(pool)


@dataclass
class Ingest(ingest_grpc.IngestServiceServicer):
    """Changes the rows as the ingest service does; `refusals` come first, each once."""

    pool: asyncpg.Pool
    operators: list[str] = field(default_factory=list)
    refusals: list[ErrorCode] = field(default_factory=list)
    # Holds up every call until it is set.
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    running: int = 0
    most_running: int = 0

    async def RetryTask(self, request: Any, context: Any) -> Any:
        await self._change(task_actions.retry_task, request)
        return ingest_pb.RetryTaskResponse()

    async def CancelTask(self, request: Any, context: Any) -> Any:
        await self._change(task_actions.cancel_task, request)
        return ingest_pb.CancelTaskResponse()

    async def DeletePhoto(self, request: Any, context: Any) -> Any:
        await self._change(task_actions.delete_photo, request)
        return ingest_pb.DeletePhotoResponse()

    async def PauseLane(self, request: Any, context: Any) -> Any:
        self._begin(request)
        async with self.pool.acquire() as connection:
            await paused_lanes.pause_lane(connection, request.lane, request.viewer.operator)
        return ingest_pb.PauseLaneResponse()

    async def ResumeLane(self, request: Any, context: Any) -> Any:
        self._begin(request)
        async with self.pool.acquire() as connection:
            await paused_lanes.resume_lane(connection, request.lane)
        return ingest_pb.ResumeLaneResponse()

    async def _change(self, statement: Callable[..., Awaitable[Any]], request: Any) -> None:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self.gate.wait()
            self._begin(request)
            async with self.pool.acquire() as connection:
                await statement(connection, UUID(request.task_id), None)
        except UnknownTaskError:
            raise RequestError(ErrorCode.UNKNOWN_TASK, "There is no such task.") from None
        except task_actions.WrongStatusError as error:
            code = (
                ErrorCode.TASK_NOT_FAILED
                if statement is task_actions.retry_task
                else ErrorCode.TASK_ENDED
            )
            raise RequestError(code, "It has another status.") from error
        finally:
            self.running -= 1

    def _begin(self, request: Any) -> None:
        self.operators.append(request.viewer.operator)
        if self.refusals:
            raise RequestError(self.refusals.pop(0), "As the test wants it.")


class Status(status_grpc.StatusServiceServicer):
    """Has a picture of every photo, and says whom it showed it to."""

    def __init__(self) -> None:
        self.viewers: list[Any] = []
        self.content_type = "image/webp"
        self.refusal: ErrorCode | None = None
        self.breaks = False

    async def GetObject(self, request: Any, context: Any) -> Any:
        self.viewers.append(request.viewer)
        assert request.WhichOneof("object") == "rendition"
        if self.refusal:
            raise RequestError(self.refusal, "As the test wants it.")
        yield status_pb.GetObjectResponse(
            info=status_pb.ObjectInfo(
                content_type=self.content_type, size=len(WEBP), file_name="a.jpg"
            )
        )
        yield status_pb.GetObjectResponse(chunk=WEBP[:4])
        if self.breaks:
            raise OSError("the line broke")
        yield status_pb.GetObjectResponse(chunk=WEBP[4:])


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[str]]]:
    """Serves a servicer; its target."""
    async with AsyncExitStack() as stack:

        async def start(service: str, register: Callable[..., None], servicer: Any) -> str:
            server = build_server(service)
            register(servicer, server)
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            stack.push_async_callback(server.stop, None)
            return f"dns:///127.0.0.1:{port}"

        yield start


@pytest.fixture
def ingest(pool: asyncpg.Pool) -> Ingest:
    servicer = Ingest(pool)
    servicer.gate.set()
    return servicer


@pytest.fixture
def status() -> Status:
    return Status()


@pytest.fixture
async def ingest_target(serve: Any, ingest: Ingest) -> str:
    return await serve(
        "photo.ingest.v1.IngestService", ingest_grpc.add_IngestServiceServicer_to_server, ingest
    )


@pytest.fixture
async def status_target(serve: Any, status: Status) -> str:
    return await serve(
        "photo.status.v1.StatusService", status_grpc.add_StatusServiceServicer_to_server, status
    )


@pytest.fixture
async def ingest_client(ingest_target: str) -> AsyncIterator[IngestClient]:
    channel = open_channel(ingest_target)
    yield IngestClient(channel)
    await channel.close()


@pytest.fixture
async def status_client(status_target: str) -> AsyncIterator[StatusClient]:
    channel = open_channel(status_target)
    yield StatusClient(channel)
    await channel.close()


@pytest.fixture
def actions(pool: asyncpg.Pool, ingest_client: IngestClient) -> PhotoActions:
    return PhotoActions(pool, ingest_client)


@pytest.fixture
def asker() -> Asker:
    return Asker("ada", "192.0.2.7", "request-1")


@dataclass
class Visitor:
    """An operator's browser: it keeps the session and sends the token of its forms."""

    http: httpx.AsyncClient
    csrf_token: str

    async def get(self, address: str) -> httpx.Response:
        return await self.http.get(address)

    async def post(self, address: str, fields: Any = None) -> httpx.Response:
        return await self.http.post(address, data={"csrf_token": self.csrf_token, **(fields or {})})

    async def follow(self, address: str, fields: Any = None) -> httpx.Response:
        """Post, and load the page that it leads to."""
        answer = await self.post(address, fields)
        assert answer.status_code == 303, answer.text
        return await self.get(answer.headers["location"])


@pytest.fixture
async def open_console(
    database_url: str, redis_server: Any, ingest_target: str, status_target: str
) -> AsyncIterator[Callable[..., Awaitable[Visitor]]]:
    """Signs somebody in to the console."""
    settings = ConsoleSettings(
        database_url=database_url,
        redis_url=redis_server.redis_url,
        ingest_target=ingest_target,
        status_target=status_target,
    )
    app = build_app(ConsoleBootstrap(settings).open_console)
    starlette: Any = app._app
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(starlette.router.lifespan_context(starlette))
        console = starlette.state.console

        async def sign_in(
            name: str = "ada", role: OperatorRole = OperatorRole.SUPERUSER
        ) -> Visitor:
            async with console.pool.acquire() as connection:
                await create_account(connection, name, "no hash", role)
                account = await find_account(connection, name)
                token = await start_session(connection, account.id, "192.0.2.7", "a test")
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(app, client=("192.0.2.7", 4711)),
                base_url="http://console",
                cookies={"admin_session": token},
            )
            return Visitor(await stack.enter_async_context(client), csrf_token_of(token))

        yield sign_in


def csrf_token_of(token: str) -> str:
    # Of whom does not matter.
    return Session(token, None).csrf_token  # type: ignore[arg-type]


@pytest.fixture
async def visitor(open_console: Callable[..., Awaitable[Visitor]]) -> Visitor:
    return await open_console()


@pytest.fixture
def audit_lines(pool: asyncpg.Pool) -> Callable[[], Awaitable[list[tuple[Any, ...]]]]:
    """The audit log in its order: (operator, action, target, details)."""

    async def read() -> list[tuple[Any, ...]]:
        rows = await pool.fetch(
            "SELECT operator, action, target, details::text FROM audit_log ORDER BY id"
        )
        return [tuple(row) for row in rows]

    return read


@pytest.fixture
def eventually() -> Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]:
    """Waits until a condition holds, and gives what it gave."""

    async def wait(condition: Callable[[], Awaitable[Any]]) -> Any:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not (found := await condition()):
            assert time.monotonic() < deadline, f"not within {DEADLINE_SECONDS} s"
            await asyncio.sleep(0.02)
        return found

    return wait
