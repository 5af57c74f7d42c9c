"""Which service answers a scrape, however it was found and named by whoever scrapes it."""

from importlib.metadata import version

from prometheus_client import Gauge

# The largest over the processes of a pool: all of them are one service.
_INFO = Gauge(
    "photo_service_info",
    "1 while the service is scraped; its labels tell which it is",
    ["service", "version"],
    multiprocess_mode="max",
)


def announce_service(service: str, distribution: str) -> None:
    """Tell in the metrics that this process is `service`, of the version of its distribution."""
    _INFO.labels(service, version(distribution)).set(1)
