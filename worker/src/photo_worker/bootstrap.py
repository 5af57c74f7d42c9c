"""The wiring: which adapters the use case gets."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Engine, NullPool, create_engine

from photo_objects.object_reader import ObjectReader
from photo_objects.rendition_writer import RenditionWriter
from photo_objects.store_url import StorageUrlError, StoreLimits, open_store
from photo_records.database_url import with_driver
from photo_worker.change_publisher import ChangePublisher
from photo_worker.claim_holder import ClaimHolder
from photo_worker.image_handler import ImageHandler
from photo_worker.processing.photo_processor import PhotoProcessor
from photo_worker.rendition_storage import RenditionStorage
from photo_worker.settings import WorkerSettings
from service_kit.start_check import blamed_on

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_log = structlog.get_logger(__name__)

# How long one photo waits for a frozen Redis.
_REDIS_SECONDS = 0.5

# A photo is a few megabytes: storage that needs longer is in trouble, and the task has to be
# postponed before its time limit ends it.
_STORE_LIMITS = StoreLimits(idle=10, request=20, retries=2, retry=10)


def build_parent_engine(settings: WorkerSettings) -> Engine:
    """The database for the pool's parent: no connection outlives its use, so none is forked."""
    return _build_engine(settings.database_url.get_secret_value(), poolclass=NullPool)


def build_parent_change_publisher(
    settings: WorkerSettings, count_untold: Callable[[], None]
) -> ChangePublisher:
    """What the pool's parent tells watchers with; it forks no connection either."""
    return _build_change_publisher(settings, count_untold, keep_connection=False)


def image_handler_builder(
    settings: WorkerSettings, holder: ClaimHolder, count_untold: Callable[[], None]
) -> Callable[[], ImageHandler]:
    """A callable that builds the use case; the pool's parent makes it, each child calls it.

    `count_untold` is called for each change that watchers could not be told of.

    Exits with code 2 where STORAGE_URL cannot be used. Neither connections nor threads survive a
    fork: what the callable builds belongs to the process that called it.
    """
    if settings.task_time_limit_seconds <= _STORE_LIMITS.request + _STORE_LIMITS.retry:
        # Storage that hangs would end photos as `timeout` before it can be told from a slow one.
        _log.warning("task_time_limit_short", setting="TASK_TIME_LIMIT_SECONDS")
    with blamed_on("STORAGE_URL", StorageUrlError):
        store = open_store(settings.storage_url, limits=_STORE_LIMITS)
    return lambda: _build_image_handler(settings, store, holder.name_of(os.getpid()), count_untold)


def _build_image_handler(
    settings: WorkerSettings,
    store: "ObjectStore",
    claimed_by: str,
    count_untold: Callable[[], None],
) -> ImageHandler:
    return ImageHandler(
        engine=_build_engine(
            settings.database_url.get_secret_value(),
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
        ),
        originals=ObjectReader(store),
        renditions=RenditionStorage(RenditionWriter(store)),
        processor=PhotoProcessor(settings.processing),
        lease=settings.lease,
        claimed_by=claimed_by,
        tell=_build_change_publisher(settings, count_untold, keep_connection=True).tell,
    )


def _build_change_publisher(
    settings: WorkerSettings, count_untold: Callable[[], None], *, keep_connection: bool
) -> ChangePublisher:
    client = redis.Redis.from_url(
        settings.redis_url.get_secret_value(),
        socket_timeout=_REDIS_SECONDS,
        socket_connect_timeout=_REDIS_SECONDS,
        # Once more over a connection of its own, where the old one was idle for too long; a Redis
        # that is frozen makes nobody wait twice.
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )
    return ChangePublisher(client, count_untold, keep_connection=keep_connection)


def _build_engine(database_url: str, **pool: Any) -> Engine:
    # Libpq's parameters: https://www.postgresql.org/docs/current/libpq-connect.html.
    return create_engine(
        with_driver(database_url, "psycopg2"),
        # Every write is one statement: it needs no BEGIN and COMMIT around it.
        isolation_level="AUTOCOMMIT",
        **pool,
        hide_parameters=True,
        connect_args={
            "application_name": "photo-worker",
            "connect_timeout": 5,
            # A database that vanished is noticed within this time, in milliseconds.
            "tcp_user_timeout": 15_000,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 2,
            "options": "-c statement_timeout=10000 -c lock_timeout=5000",
        },
    )
