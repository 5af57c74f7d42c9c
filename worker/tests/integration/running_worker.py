"""A worker that runs as a process of its own."""

import os
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psutil
from celery import Celery
from prometheus_client.parser import text_string_to_metric_families

from photo_records.service_roles import ServiceRole
from photo_records.task_queue import TASK_NAME, Lane, task_arguments

from .library import Library


@dataclass
class RunningWorker:
    """The real worker and what speaks to it."""

    process: "subprocess.Popen[bytes]"
    metrics_port: int
    log: Path
    app: Celery

    def publish(self, task_id: UUID, lane: Lane = Lane.INTERACTIVE, **headers: str) -> None:
        self.app.send_task(
            TASK_NAME,
            task_arguments(str(task_id)),
            task_id=str(task_id),
            queue=str(lane),
            headers=headers,
        )

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def metric(self, sample_name: str, **labels: str) -> float:
        """The sum of the samples with these labels, over all children."""
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=10
        ) as answer:
            families = text_string_to_metric_families(answer.read().decode())
            return sum(
                sample.value
                for family in families
                for sample in family.samples
                if sample.name == sample_name and labels.items() <= sample.labels.items()
            )

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            self.metric("any")
        except OSError:
            return False
        return True


def worker_environment(library: Library, redis_url: str, metrics_port: int) -> dict[str, str]:
    return {
        **os.environ,  # noqa: TID251 - a program that is started needs its PATH and HOME
        "DATABASE_URL": library.databases.url_for(ServiceRole.WORKER, library.database_url),
        "REDIS_URL": redis_url,
        "STORAGE_URL": library.storage_url,
        "WORKER_METRICS_PORT": str(metrics_port),
        "LOG_FORMAT": "json",
    }
