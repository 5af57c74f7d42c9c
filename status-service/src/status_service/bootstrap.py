"""Builds the status service and runs it."""

import asyncio

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from photo_objects.object_reader import ObjectReader
from photo_objects.store_url import StorageUrlError, open_store
from photo_records.asyncpg_pool import open_pool
from photo_records.schema_check import check_schema
from service_kit.database_pool_gauges import watch_pool
from service_kit.grpc_server import build_server, serve
from service_kit.grpc_tls import server_credentials
from service_kit.health import HealthReporter
from service_kit.metrics_server import serve_metrics
from service_kit.service_info import announce_service
from service_kit.start_check import blamed_on
from service_kit.task_end import end_tasks
from service_kit.tracing import start_tracing, stop_tracing
from status_service.change_feed import ChangeFeed
from status_service.object_queries import ObjectQueries
from status_service.servicer import SERVICE, StatusServicer
from status_service.settings import StatusSettings
from status_service.task_queries import TaskQueries
from status_service.task_watching import TaskWatching
from status_service.viewer_rule import ViewerRule
from status_service.watch_hub import WatchHub

_MAX_CONNECTIONS = 10
_REDIS_SECONDS = 2.0


async def run(settings: StatusSettings) -> None:
    """Serve until told to stop."""
    credentials = server_credentials(settings)
    start_tracing(settings, "status-service", "status-service")
    with blamed_on("STORAGE_URL", StorageUrlError):
        store = open_store(settings.storage_url)
    pool = await open_pool(settings.database_url.get_secret_value(), _MAX_CONNECTIONS)
    rule = ViewerRule(settings.auth)
    tasks = TaskQueries(pool, rule)
    objects = ObjectQueries(pool, ObjectReader(store), rule)
    hub = WatchHub(pool)
    servicer = StatusServicer(tasks, TaskWatching(pool, tasks, hub, rule), objects)
    client = Redis.from_url(
        settings.redis_url.get_secret_value(),
        socket_timeout=_REDIS_SECONDS,
        socket_connect_timeout=_REDIS_SECONDS,
        # The feed tries again itself.
        retry=Retry(NoBackoff(), 0),
    )

    async def database_answers() -> None:
        await check_schema(pool)

    async def stop() -> None:
        await end_tasks(background)
        await client.aclose()
        await pool.close()
        await asyncio.to_thread(stop_tracing)

    background = [
        asyncio.create_task(hub.run(), name="hub"),
        asyncio.create_task(ChangeFeed(client, hub).run(), name="feed"),
    ]
    announce_service("status-service", "status-service")
    watch_pool(pool)
    serve_metrics(settings.listen_host, settings.status_metrics_port)
    server = build_server(SERVICE)
    servicer.add_to(server)
    await serve(
        server,
        address=f"{settings.listen_host}:{settings.status_port}",
        health=HealthReporter(SERVICE, {"database": database_answers}),
        reflected_services=[SERVICE] if settings.grpc_reflection else [],
        grace_seconds=settings.shutdown_grace_seconds,
        on_drain=hub.close,
        on_stop=stop,
        credentials=credentials,
    )
