"""Builds the status service and runs it."""

from photo_objects.object_reader import ObjectReader
from photo_objects.store_url import StorageUrlError, open_store
from photo_records.asyncpg_pool import open_pool
from photo_records.schema_version import check_schema
from service_kit.grpc_server import build_server, serve
from service_kit.health import HealthReporter
from service_kit.metrics_server import serve_metrics
from service_kit.start_check import blamed_on
from status_service.object_queries import ObjectQueries
from status_service.servicer import SERVICE, StatusServicer
from status_service.settings import StatusSettings
from status_service.task_queries import TaskQueries

_MAX_CONNECTIONS = 10


async def run(settings: StatusSettings) -> None:
    """Serve until told to stop."""
    with blamed_on("STORAGE_URL", StorageUrlError):
        store = open_store(settings.storage_url)
    pool = await open_pool(settings.database_url.get_secret_value(), _MAX_CONNECTIONS)
    servicer = StatusServicer(TaskQueries(pool), ObjectQueries(pool, ObjectReader(store)))

    async def database_answers() -> None:
        await check_schema(pool)

    serve_metrics(settings.listen_host, settings.status_metrics_port)
    server = build_server(SERVICE)
    servicer.add_to(server)
    await serve(
        server,
        address=f"{settings.listen_host}:{settings.status_port}",
        health=HealthReporter(SERVICE, {"database": database_answers}),
        reflected_services=[SERVICE] if settings.grpc_reflection else [],
        grace_seconds=settings.shutdown_grace_seconds,
        on_stop=pool.close,
    )
