"""The worker's settings: its defaults, or what the environment says instead."""

from photo_worker.settings import WorkerSettings
from service_kit.settings import load_settings


def worker_settings() -> WorkerSettings:
    """As the worker reads them; nothing that they lead to is ever connected to."""
    return load_settings(
        WorkerSettings,
        {
            "database_url": "postgresql://unused",
            "redis_url": "redis://unused",
            "storage_url": "memory://",
        },
    )
