"""Prometheus metrics on a port of their own, as OpenMetrics for whoever accepts that."""

from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, disable_created_metrics, start_http_server

from service_kit.children_metrics import ChildrenCollector


def serve_metrics(host: str, port: int) -> ThreadingMixIn | WSGIServer:
    """Answer `/metrics` from a daemon thread with the metrics of this process."""
    # A series of its own for each counter and histogram, which nobody reads.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    server, _thread = start_http_server(port, addr=host)
    return server


def serve_metrics_of_children(host: str, port: int, folder: Path) -> WSGIServer:
    """Answer `/metrics` from a daemon thread with the metrics of every process using `folder`."""
    registry = CollectorRegistry()
    registry.register(ChildrenCollector(folder))
    server, _thread = start_http_server(port, addr=host, registry=registry)
    return server
