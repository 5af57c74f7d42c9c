"""Prometheus metrics on a port of their own, as OpenMetrics for whoever accepts that."""

from collections.abc import Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer

from prometheus_client import (
    CollectorRegistry,
    Metric,
    disable_created_metrics,
    start_http_server,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector


def serve_metrics(host: str, port: int) -> ThreadingMixIn | WSGIServer:
    """Answer `/metrics` from a daemon thread with the metrics of this process."""
    # A series of its own for each counter and histogram, which nobody reads.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    server, _thread = start_http_server(port, addr=host)
    return server


def serve_metrics_of_children(host: str, port: int, folder: Path) -> WSGIServer:
    """Answer `/metrics` from a daemon thread with the metrics of every process using `folder`."""
    registry = CollectorRegistry()
    registry.register(_ChildrenCollector(folder))
    server, _thread = start_http_server(port, addr=host, registry=registry)
    return server


class _ChildrenCollector(Collector):
    """Merges the files of a folder, but for empty ones: a child that has just made its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Every metric once, over all processes."""
        written = [str(file) for file in self._folder.glob("*.db") if file.stat().st_size > 0]
        merged: Iterable[Metric] = MultiProcessCollector.merge(  # type: ignore[no-untyped-call]
            written, accumulate=True
        )
        return merged
