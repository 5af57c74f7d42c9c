"""Prometheus metrics on a port of their own."""

from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector


def serve_metrics(host: str, port: int) -> ThreadingMixIn | WSGIServer:
    """Answer `/metrics` from a daemon thread with the metrics of this process."""
    server, _thread = start_http_server(port, addr=host)
    return server


def serve_metrics_of_children(host: str, port: int, folder: Path) -> WSGIServer:
    """Answer `/metrics` from a daemon thread with the metrics of every process using `folder`."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    server, _thread = start_http_server(port, addr=host, registry=registry)
    return server
