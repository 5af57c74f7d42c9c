"""Builds the ingest service and runs it."""

import asyncio

from ingest_service.celery_broker import CeleryBroker
from ingest_service.discard_objects import ObjectDiscarder
from ingest_service.outbox_relay import OutboxRelay
from ingest_service.register_batch import BatchRegistrar
from ingest_service.servicer import SERVICE, IngestServicer
from ingest_service.settings import IngestSettings
from ingest_service.task_publisher import TaskPublisher
from photo_objects.original_deleter import OriginalDeleter
from photo_objects.store_url import StorageUrlError, open_store
from photo_records.asyncpg_pool import open_pool
from photo_records.schema_version import check_schema
from service_kit.grpc_server import build_server, serve
from service_kit.health import HealthReporter
from service_kit.metrics_server import serve_metrics
from service_kit.start_check import blamed_on

# One writes groups, one relays, the others settle, discard and check.
_MAX_CONNECTIONS = 5


async def run(settings: IngestSettings) -> None:
    """Serve until told to stop."""
    with blamed_on("STORAGE_URL", StorageUrlError):
        store = open_store(settings.storage_url)
    pool = await open_pool(settings.database_url.get_secret_value(), _MAX_CONNECTIONS)
    broker = CeleryBroker(settings.redis_url.get_secret_value())
    registrar = BatchRegistrar(pool, TaskPublisher(broker, pool), settings.bulk_batch_files)
    # A broker connection of its own: each belongs to one thread.
    relay_broker = CeleryBroker(settings.redis_url.get_secret_value())
    relay = OutboxRelay(pool, relay_broker)
    servicer = IngestServicer(registrar, ObjectDiscarder(pool, OriginalDeleter(store)))

    async def database_answers() -> None:
        await check_schema(pool)

    async def stop() -> None:
        relaying.cancel()
        await asyncio.wait([relaying])
        await registrar.drain()
        await pool.close()
        for each in (broker, relay_broker):
            each.close()

    serve_metrics(settings.listen_host, settings.ingest_metrics_port)
    server = build_server(SERVICE)
    servicer.add_to(server)
    relaying = asyncio.create_task(relay.run())
    await serve(
        server,
        address=f"{settings.listen_host}:{settings.ingest_port}",
        health=HealthReporter(SERVICE, {"database": database_answers}),
        reflected_services=[SERVICE] if settings.grpc_reflection else [],
        grace_seconds=settings.shutdown_grace_seconds,
        on_stop=stop,
    )
