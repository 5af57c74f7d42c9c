"""Celery's pool of processes, which hears soon of each that died."""

from collections.abc import Callable
from typing import Any

from celery.concurrency.asynpool import AsynPool
from celery.concurrency.prefork import TaskPool

# In seconds. Celery looks when a process's last pipe is closed, which the kernel does a moment
# before anybody can learn that the process ended; a look that came too early is made good by these,
# five seconds apart by default: long enough for a time limit to blame the photo.
_LOOKS = 0.5


class _WatchedProcesses(AsynPool):
    @property
    def timers(self) -> dict[Callable[[], Any], float]:
        return dict.fromkeys(super().timers, _LOOKS)


class ProcessPool(TaskPool):
    """The `pool` of a worker: https://docs.celeryq.dev/en/stable/userguide/concurrency."""

    Pool = _WatchedProcesses
