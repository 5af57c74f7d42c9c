"""Builds the ingest service and runs it."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import asyncpg
import redis
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ingest_service.background_work import BackgroundWork
from ingest_service.backlog_gauges import BacklogGauges
from ingest_service.cancel_task import TaskCanceller
from ingest_service.celery_broker import CeleryBroker
from ingest_service.change_publisher import ChangePublisher
from ingest_service.delete_photo import PhotoDeleter
from ingest_service.discard_objects import ObjectDiscarder
from ingest_service.outbox_relay import OutboxRelay
from ingest_service.owner_quota import OwnerQuota
from ingest_service.pause_lane import LanePauser
from ingest_service.paused_lanes import PausedLanes
from ingest_service.register_batch import BatchRegistrar
from ingest_service.retry_task import TaskRetrier
from ingest_service.servicer import SERVICE, IngestServicer, IngestUseCases
from ingest_service.settings import IngestSettings
from ingest_service.storage_space import watch_space
from ingest_service.sweep_command import sweep_by_hand
from ingest_service.sweeper import Sweeper
from ingest_service.task_publisher import TaskPublisher
from ingest_service.upload_batch import BatchUploads
from photo_domain.limits import UPLOAD_LIMITS
from photo_objects.abandoned_writes import AbandonedWrites
from photo_objects.object_lister import ObjectLister
from photo_objects.original_deleter import OriginalDeleter
from photo_objects.original_writer import OriginalWriter
from photo_objects.store_url import StorageUrlError, local_folder, open_store
from photo_records.asyncpg_pool import open_pool
from photo_records.schema_check import check_schema
from photo_uploads.upload_capacity import UploadCapacity
from service_kit.database_pool_gauges import watch_pool
from service_kit.grpc_server import build_server, serve
from service_kit.grpc_tls import server_credentials
from service_kit.health import HealthReporter
from service_kit.metrics_server import serve_metrics
from service_kit.service_info import announce_service
from service_kit.start_check import blamed_on
from service_kit.tracing import start_tracing, stop_tracing

if TYPE_CHECKING:
    from obstore.store import ObjectStore

# One writes groups, one relays, one sweeps, one counts, the others settle, discard, retry, delete
# and check.
_MAX_CONNECTIONS = 8
_CLOSE_SECONDS = 5.0
_REDIS_SECONDS = 1.0


async def sweep(settings: IngestSettings, *, dry_run: bool) -> tuple[str, int]:
    """Sweep once; the text for the person who asked, and the exit code."""
    store = _open_store(settings)
    pool = await open_pool(settings.database_url.get_secret_value(), 1)
    try:
        return await sweep_by_hand(_sweeper(settings, pool, store), dry_run=dry_run)
    finally:
        # A pool that is not closed in time ends its connections itself.
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await pool.close()


async def run(settings: IngestSettings) -> int:
    """Serve until told to stop; the exit code, 1 where something had to go on and did not."""
    credentials = server_credentials(settings)
    start_tracing(settings, "ingest-service", "ingest-service")
    store = _open_store(settings)
    pool = await open_pool(settings.database_url.get_secret_value(), _MAX_CONNECTIONS)
    broker = CeleryBroker(settings.redis_url.get_secret_value())
    paused = PausedLanes(pool)
    publisher = TaskPublisher(broker, pool, paused)
    changes = ChangePublisher(
        Redis.from_url(
            settings.redis_url.get_secret_value(),
            socket_timeout=_REDIS_SECONDS,
            socket_connect_timeout=_REDIS_SECONDS,
            # What is lost is found by who looks; a connection that was idle too long is renewed.
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        )
    )
    registrar = BatchRegistrar(
        pool,
        publisher,
        changes.tell,
        settings.bulk_batch_files,
        OwnerQuota(settings.owner_quota),
    )
    # A broker connection of its own: each belongs to one thread.
    relay_broker = CeleryBroker(settings.redis_url.get_secret_value())
    relay = OutboxRelay(pool, relay_broker, paused, changes.tell)
    deleter = OriginalDeleter(store)
    discarder = ObjectDiscarder(pool, deleter)
    capacity = UploadCapacity(settings.upload_buffer_bytes, UPLOAD_LIMITS)
    uploads = BatchUploads(
        OriginalWriter(store, capacity.budget), capacity.places, registrar, discarder
    )
    servicer = IngestServicer(
        IngestUseCases(
            registrar=registrar,
            uploads=uploads,
            discarder=discarder,
            retrier=TaskRetrier(pool, publisher, changes.tell),
            canceller=TaskCanceller(pool, changes.tell),
            deleter=PhotoDeleter(pool, deleter, changes.tell),
            pauser=LanePauser(pool),
        )
    )

    async def database_answers() -> None:
        await check_schema(pool)

    async def stop() -> None:
        await background.stop()
        await uploads.drain()
        await registrar.drain()
        await changes.close()
        await pool.close()
        for each in (broker, relay_broker):
            each.close()
        await asyncio.to_thread(stop_tracing)

    announce_service("ingest-service", "ingest-service")
    watch_pool(pool)
    watch_space(local_folder(settings.storage_url))
    serve_metrics(settings.listen_host, settings.ingest_metrics_port)
    server = build_server(SERVICE)
    servicer.add_to(server)
    background = BackgroundWork()
    background.start("relay", relay.run())
    background.start("backlog", BacklogGauges(pool).run())
    background.start("sweeper", _sweeper(settings, pool, store).run())
    await serve(
        server,
        address=f"{settings.listen_host}:{settings.ingest_port}",
        health=HealthReporter(SERVICE, {"database": database_answers}),
        reflected_services=[SERVICE] if settings.grpc_reflection else [],
        grace_seconds=settings.shutdown_grace_seconds,
        # Others relay and sweep. Whoever stops the service to restore a database counts on it.
        on_drain=background.cancel,
        on_stop=stop,
        credentials=credentials,
    )
    return 1 if background.has_failed else 0


def _open_store(settings: IngestSettings) -> "ObjectStore":
    with blamed_on("STORAGE_URL", StorageUrlError):
        return open_store(settings.storage_url)


def _sweeper(settings: IngestSettings, pool: asyncpg.Pool, store: "ObjectStore") -> Sweeper:
    return Sweeper(
        pool,
        ObjectLister(store),
        OriginalDeleter(store),
        AbandonedWrites(store),
        settings.retention,
    )
