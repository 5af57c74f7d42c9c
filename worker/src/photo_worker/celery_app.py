"""The Celery app: how tasks are fetched, acknowledged and limited."""

from celery import Celery
from kombu import Queue

from photo_records.task_queue import Lane
from photo_worker.settings import WorkerSettings

# In seconds: how long a frozen Redis may hold up a command.
_SOCKET_TIMEOUT = 10
_SOCKET_CONNECT_TIMEOUT = 5

# What a process has before its first photo; Celery compares the whole process.
_START_BYTES = 128 * 1024**2

# Each process takes its time to start and leaves its metrics to be gathered, so not too few.
_PHOTOS_PER_PROCESS = 5000


def make_celery_app(settings: WorkerSettings) -> Celery:
    """The app of a worker, connected to nothing yet.

    Option names: https://docs.celeryq.dev/en/stable/userguide/configuration.html and kombu's
    Redis transport.
    """
    redis_url = settings.redis_url.get_secret_value()
    app = Celery("photo_worker", broker=redis_url, backend=redis_url, set_as_current=False)
    app.conf.update(
        # A task is acknowledged when it ended, and comes back when its process dies.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_concurrency=settings.worker_concurrency,
        # What leaks is given back: a fresh process costs less than a photo.
        worker_max_tasks_per_child=_PHOTOS_PER_PROCESS,
        worker_max_memory_per_child=(_START_BYTES + settings.worker_process_memory_bytes // 2)
        // 1024,
        task_time_limit=settings.task_time_limit_seconds,
        # After a lost connection a running task goes on: the claim refuses its second delivery.
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": settings.visibility_timeout_seconds,
            # `sorted` and `priority` would starve the second lane.
            "queue_order_strategy": "round_robin",
            # What a killed worker held comes back seconds after the timeout, not minutes.
            "unacked_restore_interval": 2,
            "unacked_restore_throttle": 1,
            "socket_timeout": _SOCKET_TIMEOUT,
            "socket_connect_timeout": _SOCKET_CONNECT_TIMEOUT,
            "socket_keepalive": True,
        },
        redis_socket_timeout=_SOCKET_TIMEOUT,
        redis_socket_connect_timeout=_SOCKET_CONNECT_TIMEOUT,
        # Celery's copy of a result is a courtesy: a Redis that is down must not hold up photos.
        result_backend_transport_options={"retry_policy": {"max_retries": 2}},
        result_expires=3600,
        task_queues=[Queue(lane) for lane in Lane],
        task_default_queue=str(Lane.INTERACTIVE),
        task_create_missing_queues=False,
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],
        worker_send_task_events=False,
        worker_soft_shutdown_timeout=settings.shutdown_grace_seconds,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
    )
    return app
