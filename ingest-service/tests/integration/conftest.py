"""The service in parts, and a look into its database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from ingest_service.batch_claims import BatchClaim
from ingest_service.cancel_task import TaskCanceller
from ingest_service.celery_broker import CeleryBroker
from ingest_service.change_publisher import ChangePublisher
from ingest_service.delete_photo import PhotoDeleter
from ingest_service.discard_objects import ObjectDiscarder
from ingest_service.pause_lane import LanePauser
from ingest_service.paused_lanes import PausedLanes
from ingest_service.register_batch import BatchRegistrar
from ingest_service.retry_task import TaskRetrier
from ingest_service.servicer import SERVICE, IngestServicer, IngestUseCases
from ingest_service.task_publisher import TaskMessage, TaskPublisher
from ingest_service.upload_batch import BatchUploads
from photo.ingest.v1 import ingest_service_pb2 as pb
from photo.ingest.v1 import ingest_service_pb2_grpc as pb_grpc
from photo_domain.limits import UPLOAD_LIMITS
from photo_objects.original_deleter import OriginalDeleter
from photo_objects.original_writer import OriginalWriter
from photo_objects.store_url import open_store
from photo_records.registration import RegisteredBatch
from photo_uploads.upload_capacity import UploadCapacity
from photo_uploads.upload_pace import PACE_RULE, PaceRule
from service_kit.grpc_channel import open_channel
from service_kit.grpc_server import build_server

Register = Callable[[BatchClaim], Awaitable[RegisteredBatch]]
Serve = Callable[..., Any]


class Accepting:
    """A broker that takes everything; the broker's own tests use a real one."""

    def publish(self, messages: Sequence[TaskMessage]) -> None:
        return None


class Database:
    """What the tests ask of the database, and how they hold it up."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Holds up every insert until the end of the block."""
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE batches IN ACCESS EXCLUSIVE MODE")
            yield

    async def waiting_backends(self) -> list[int]:
        """The process ids of the connections that wait for a lock."""
        rows = await self.pool.fetch(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return [row["pid"] for row in rows]

    async def registered(self) -> list[str]:
        """The owners of the batches, each with as many photos as it should have."""
        rows = await self.pool.fetch(
            "SELECT owner,"
            " pending = (SELECT count(*) FROM photos WHERE batch_id = batches.id) AS whole"
            " FROM batches ORDER BY owner"
        )
        assert all(row["whole"] for row in rows)
        return [row["owner"] for row in rows]

    async def transactions(self) -> int:
        """How many transactions wrote the batches."""
        return await self.pool.fetchval("SELECT count(DISTINCT xmin::text) FROM batches")

    async def unqueued(self) -> int:
        """How many photos are in the outbox."""
        return await self.pool.fetchval("SELECT count(*) FROM photos WHERE enqueued_at IS NULL")

    async def all_queued(self) -> bool:
        return await self.unqueued() == 0

    async def queued_of(self, owner: str) -> bool:
        """Whether all photos of `owner` are with the broker."""
        return await self.pool.fetchval(
            "SELECT bool_and(enqueued_at IS NOT NULL) FROM photos WHERE owner = $1", owner
        )


class Group:
    """Batches that are sure to share a transaction: they arrive while another one waits."""

    def __init__(
        self, register: Register, database: Database, eventually: Any, claims: Any
    ) -> None:
        self._register, self._database = register, database
        self._eventually, self._claims = eventually, claims

    async def run(
        self,
        batches: Sequence[BatchClaim],
        in_the_middle: Callable[[list["asyncio.Task[RegisteredBatch]"]], None] = lambda _: None,
    ) -> list[Any]:
        """The outcomes of `batches`; `in_the_middle` gets their calls before they are written."""
        async with self._database.locked():
            ahead = asyncio.create_task(self._register(self._claims.batch(owner="0 ahead")))
            await self._eventually(self._database.waiting_backends)
            calls = [asyncio.create_task(self._register(batch)) for batch in batches]
            await asyncio.sleep(0)
            in_the_middle(calls)
        await ahead
        return await asyncio.gather(*calls, return_exceptions=True)


@pytest.fixture
def database(pool: asyncpg.Pool) -> Database:
    return Database(pool)


@pytest.fixture
async def open_registrar(pool: asyncpg.Pool) -> AsyncIterator[Callable[..., BatchRegistrar]]:
    """Builds registrars with a broker and a pool; both are the good ones if not named."""
    registrars: list[BatchRegistrar] = []

    def build(
        broker: Any = None, used: asyncpg.Pool | None = None, **options: Any
    ) -> BatchRegistrar:
        publisher = TaskPublisher(broker or Accepting(), pool, PausedLanes(pool))
        registrars.append(
            BatchRegistrar(used or pool, publisher, lambda _change: None, 20, **options)
        )
        return registrars[-1]

    yield build
    for registrar in registrars:
        await registrar.drain()


@pytest.fixture
def open_register(
    open_registrar: Callable[..., BatchRegistrar],
) -> Callable[[asyncpg.Pool], Register]:
    """Registers by way of a pool."""

    def build(used: asyncpg.Pool) -> Register:
        registrar = open_registrar(used=used)
        return lambda claim: registrar.register(claim, "request")

    return build


@pytest.fixture
def register(open_register: Callable[[asyncpg.Pool], Register], pool: asyncpg.Pool) -> Register:
    return open_register(pool)


@pytest.fixture
def open_group(database: Database, eventually: Any, claims: Any) -> Callable[[Register], Group]:
    return lambda register: Group(register, database, eventually, claims)


@pytest.fixture
def group(register: Register, open_group: Callable[[Register], Group]) -> Group:
    return open_group(register)


@pytest.fixture
def open_broker() -> Iterator[Callable[[str], CeleryBroker]]:
    brokers: list[CeleryBroker] = []

    def build(redis_url: str) -> CeleryBroker:
        brokers.append(CeleryBroker(redis_url))
        return brokers[-1]

    yield build
    for broker in brokers:
        broker.close()


@pytest.fixture
def store_folder(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def store(store_folder: Path) -> Any:
    return open_store(store_folder.as_uri())


@pytest.fixture
async def serve(redis_url: str, store: Any, pool: asyncpg.Pool) -> AsyncIterator[Serve]:
    """Starts the service on a pool, and gives its client."""
    undo: list[Callable[[], Any]] = []

    async def start(
        used: asyncpg.Pool,
        capacity: UploadCapacity | None = None,
        pace_rule: PaceRule = PACE_RULE,
    ) -> Any:
        capacity = capacity or UploadCapacity(16 * UPLOAD_LIMITS.max_file_size, UPLOAD_LIMITS)
        broker = CeleryBroker(redis_url)
        publisher = TaskPublisher(broker, pool, PausedLanes(pool))
        changes = ChangePublisher(Redis.from_url(redis_url))
        registrar = BatchRegistrar(used, publisher, changes.tell, 20)
        deleter = OriginalDeleter(store)
        discarder = ObjectDiscarder(used, deleter)
        originals = OriginalWriter(store, capacity.budget)
        uploads = BatchUploads(originals, capacity.places, registrar, discarder, pace_rule)
        use_cases = IngestUseCases(
            registrar=registrar,
            uploads=uploads,
            discarder=discarder,
            retrier=TaskRetrier(used, publisher, changes.tell),
            canceller=TaskCanceller(used, changes.tell),
            deleter=PhotoDeleter(used, deleter, changes.tell),
            pauser=LanePauser(used),
        )
        server = build_server(SERVICE)
        IngestServicer(use_cases).add_to(server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        channel = open_channel(f"dns:///127.0.0.1:{port}")
        undo.extend([channel.close, lambda: server.stop(None), uploads.drain])
        undo.extend([registrar.drain, changes.close])
        undo.append(lambda: asyncio.to_thread(broker.close))
        return pb_grpc.IngestServiceStub(channel)

    yield start
    for step in undo:
        await step()


@pytest.fixture
async def stub(serve: Serve, pool: asyncpg.Pool) -> Any:
    return await serve(pool)


@pytest.fixture
def register_request() -> Callable[[BatchClaim], pb.RegisterBatchRequest]:
    """The message that states a claim."""
    return request_of


def request_of(claim: BatchClaim) -> pb.RegisterBatchRequest:
    return pb.RegisterBatchRequest(
        owner=claim.owner,
        idempotency_key=claim.idempotency_key,
        files=[
            pb.StoredFile(
                task_id=file.task_id,
                nonce=file.nonce,
                file_name=file.file_name,
                content_type=file.content_type,
                size=file.size,
                sha256=file.sha256,
                position=file.position,
            )
            for file in claim.files
        ],
        rejected=[
            pb.RejectedFile(
                file_name=rejected.file_name,
                errors=[pb.RejectionReason(code=code, detail=d) for code, d in rejected.errors],
                position=rejected.position,
            )
            for rejected in claim.rejected
        ],
    )
