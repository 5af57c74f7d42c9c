"""The status service as the gateway uses it."""

from upload_gateway.status_client.client import ReadObject, StatusClient
from upload_gateway.status_client.task_watch import TaskWatch, WatchEndedError, Watcher

__all__ = ["ReadObject", "StatusClient", "TaskWatch", "WatchEndedError", "Watcher"]
