"""The settings of the worker."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator

from photo_records.database_url import with_driver
from photo_worker.processing.processing_settings import ProcessingSettings
from photo_worker.processing.rendition_spec import parse_renditions
from service_kit.settings import Port, TracedSettings


class WorkerSettings(TracedSettings):
    """What `python -m photo_worker` reads."""

    database_url: SecretStr = Field(
        description="postgresql://user:password@host:port/name, as the worker's role"
    )
    redis_url: SecretStr = Field(
        description="redis://:password@host:port/db, Celery's broker and result backend"
    )
    storage_url: str = Field(
        description="Where originals and renditions lie: file://, s3://, gs://, az:// or memory://"
    )
    worker_metrics_port: Port = Field(9103, description="The port of /metrics")
    worker_metrics_folder: Path | None = Field(
        None,
        description="Where the pool's processes share their metrics, emptied at start;"
        " a temporary folder if not set",
    )
    worker_concurrency: int = Field(2, ge=1, le=256, description="How many photos at a time")
    task_time_limit_seconds: int = Field(
        120, ge=1, le=3600, description="How long one photo may take before its process is killed"
    )
    worker_process_memory_bytes: int = Field(
        512 * 1024**2,
        ge=256 * 1024**2,
        description="How much memory one photo may take; a process that needs more dies, which"
        " counts as a crash of its photo, and one that ever took half of it is replaced",
    )
    visibility_timeout_seconds: Annotated[
        int | None, BeforeValidator(lambda value: value or None)
    ] = Field(
        None,
        validate_default=True,
        description="When Redis hands an unacknowledged task to another worker;"
        " above the lease, by default twice the time limit and a minute",
    )
    max_pixels: int = Field(
        100_000_000, ge=1, description="How many pixels an image may have, from its header"
    )
    max_pages: int = Field(
        1000, ge=1, description="How many pages a document, or frames an animation, may have"
    )
    accept_truncated: bool = Field(
        False,  # noqa: FBT003 - pydantic's own order
        description="Whether what can be seen of a truncated or damaged JPEG or PNG is enough",
    )
    renditions: str = Field(
        "preview:1280,thumbnail:320",
        description="What is made of each photo: name:long_edge[:format[:quality]], separated by"
        " commas; webp (the default), avif or jpeg",
    )
    webp_effort: int = Field(
        2, ge=0, le=6, description="How much time the WebP encoder takes to save bytes"
    )

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, value: SecretStr) -> SecretStr:
        with_driver(value.get_secret_value(), "psycopg2")
        return value

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must start with redis://, rediss:// or unix://")
        return value

    @field_validator("renditions")
    @classmethod
    def _are_renditions(cls, value: str) -> str:
        parse_renditions(value)
        return value

    @field_validator("visibility_timeout_seconds")
    @classmethod
    def _outlives_the_lease(cls, value: int | None, info: ValidationInfo) -> int | None:
        limit = info.data.get("task_time_limit_seconds")
        if limit is None:
            return value  # the limit itself is wrong and reported
        # A shorter one would hand out tasks that are still being worked on.
        if value is not None and value <= limit + _LEASE_MARGIN_SECONDS:
            raise ValueError(
                f"must be above TASK_TIME_LIMIT_SECONDS + {_LEASE_MARGIN_SECONDS}"
                f" = {limit + _LEASE_MARGIN_SECONDS}"
            )
        return value or 2 * limit + 60

    @property
    def lease(self) -> timedelta:
        """How long a claim holds: a little longer than its process can live."""
        return timedelta(seconds=self.task_time_limit_seconds + _LEASE_MARGIN_SECONDS)

    @property
    def processing(self) -> ProcessingSettings:
        """What processing needs to know."""
        return ProcessingSettings(
            renditions=parse_renditions(self.renditions),
            max_pixels=self.max_pixels,
            max_held_bytes=int(self.worker_process_memory_bytes * _HELD_SHARE),
            max_pages=self.max_pages,
            accept_truncated=self.accept_truncated,
            webp_effort=self.webp_effort,
        )


_LEASE_MARGIN_SECONDS = 15
# The rest is for what a decoder needs besides, and for the renditions: measured, at most a sixth of
# what it keeps, and 60 MB.
_HELD_SHARE = 0.75


@contextmanager
def prepare_metrics_folder(folder: Path | None) -> Iterator[Path]:
    """An empty folder for prometheus_client's multiprocess mode; a temporary one is removed again.

    To be entered before prometheus_client is imported: it reads the variable then.
    Source: https://prometheus.github.io/client_python/multiprocess/.
    """
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="photo-worker-metrics-") as temporary:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = temporary
            yield Path(temporary)
        return
    folder.mkdir(parents=True, exist_ok=True)
    for left_over in folder.glob("*.db"):
        left_over.unlink()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    yield folder
