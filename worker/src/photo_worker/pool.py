"""The pool of processes: what happens when the worker and its children come and go."""

import functools
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path
from wsgiref.simple_server import WSGIServer

import billiard.util
import structlog
from celery import signals
from prometheus_client.multiprocess import mark_process_dead

from photo_records.task_queue import Lane
from photo_worker.bootstrap import (
    build_parent_change_publisher,
    build_parent_engine,
    image_handler_builder,
)
from photo_worker.celery_app import make_celery_app
from photo_worker.child_deaths import ChildDeaths
from photo_worker.claim_holder import ClaimHolder
from photo_worker.image_handler import ImageHandler
from photo_worker.memory_limit import limit_memory
from photo_worker.process_pool import ProcessPool
from photo_worker.schema_wait import wait_for_schema
from photo_worker.settings import WorkerSettings
from photo_worker.task_metrics import count_untold_change, tell_pool_size
from photo_worker.task_request import request_class
from photo_worker.tasks import register_image_handler
from service_kit.metrics_server import serve_metrics_of_children
from service_kit.parent_death import die_with_parent
from service_kit.service_info import announce_service
from service_kit.tracing import start_tracing, stop_tracing

_log = structlog.get_logger(__name__)


def run_pool(settings: WorkerSettings, metrics_folder: Path) -> int:
    """Work until a signal ends it; the exit code is Celery's."""
    logging.captureWarnings(capture=True)
    holder = ClaimHolder()
    # The first call in a child builds the adapters; the parent never calls it.
    handler_of_process = functools.cache(
        image_handler_builder(settings, holder, count_untold_change)
    )
    app = make_celery_app(settings)
    engine = build_parent_engine(settings)
    if not wait_for_schema(engine):
        return 0
    changes = build_parent_change_publisher(settings, count_untold_change)
    deaths = ChildDeaths(engine, holder, changes.tell)
    register_image_handler(app, handler_of_process, request_class(deaths))
    lifecycle = _Lifecycle(settings, metrics_folder, handler_of_process)
    lifecycle.connect()
    worker = app.Worker(
        # Stable over restarts, and of its own for each worker of a machine and each machine: by it
        # Celery tells apart who answers. Only its command line would expand %h.
        hostname=f"photo-worker-{settings.worker_metrics_port}@{socket.gethostname()}",
        queues=[str(lane) for lane in Lane],
        pool=ProcessPool,
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


class _Lifecycle:
    """Celery's signals: https://docs.celeryq.dev/en/stable/userguide/signals.html."""

    def __init__(
        self,
        settings: WorkerSettings,
        metrics_folder: Path,
        handler_of_process: Callable[[], ImageHandler],
    ) -> None:
        self._settings = settings
        self._metrics_folder = metrics_folder
        self._handler_of_process = handler_of_process
        # Known before any fork: a child that asks for it may have lost its parent already.
        self._parent_pid = os.getpid()
        self._metrics_server: WSGIServer | None = None

    def connect(self) -> None:
        """Listen to the signals; they hold weak references otherwise."""
        signals.setup_logging.connect(self._keep_our_logging, weak=False)
        signals.worker_process_init.connect(self._child_starts, weak=False)
        signals.worker_process_shutdown.connect(self._child_ends, weak=False)
        signals.worker_ready.connect(self._worker_is_ready, weak=False)
        signals.worker_shutdown.connect(self._worker_ends, weak=False)

    def _keep_our_logging(self, **_: object) -> None:
        # That anyone listens keeps Celery from configuring the root logger. Celery's and kombu's
        # lines about each message say less than ours.
        for name in ("celery", "kombu"):
            logging.getLogger(name).setLevel(logging.WARNING)
        # Billiard's is cut off from the root logger when it is made, and would write plain text.
        billiard_log = billiard.util.get_logger()
        billiard_log.setLevel(logging.WARNING)
        billiard_log.propagate = True

    def _child_starts(self, **_: object) -> None:
        die_with_parent(self._parent_pid)
        # Before the limit: what sends spans is no photo's memory.
        start_tracing(self._settings, "worker", "photo-worker")
        self._handler_of_process()
        limit_memory(self._settings.worker_process_memory_bytes)

    def _child_ends(self, pid: int, **_: object) -> None:
        stop_tracing()
        mark_process_dead(pid, path=str(self._metrics_folder))  # type: ignore[no-untyped-call]

    def _worker_is_ready(self, **_: object) -> None:
        host, port = self._settings.listen_host, self._settings.worker_metrics_port
        try:
            self._metrics_server = serve_metrics_of_children(host, port, self._metrics_folder)
        except OSError as error:
            _log.error("metrics_port_taken", port=port, setting="WORKER_METRICS_PORT")
            # Celery swallows every other exception of a signal's receiver.
            raise SystemExit(1) from error
        announce_service("worker", "photo-worker")
        tell_pool_size(self._settings.worker_concurrency)
        _log.info("worker_ready", metrics_port=port, concurrency=self._settings.worker_concurrency)

    def _worker_ends(self, **_: object) -> None:
        if self._metrics_server:
            self._metrics_server.shutdown()
            self._metrics_server.server_close()
        _log.info("worker_stopped")
