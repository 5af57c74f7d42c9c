"""Prints every metric that the services define, as JSON; a process of its own, since some are
defined when a module is imported and the worker's mode is chosen then."""

import json
import pkgutil
import sys
from importlib import import_module

from prometheus_client import REGISTRY, generate_latest

_PACKAGES = (
    "service_kit",
    "photo_uploads",
    "upload_gateway",
    "ingest_service",
    "status_service",
    "photo_worker",
    "admin_console",
)


def main() -> None:
    for name in _PACKAGES:
        package = import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not module.name.endswith("__main__"):
                import_module(module.name)
    metrics = []
    for collector in set(REGISTRY._collector_to_names):
        labels = getattr(collector, "_labelnames", None)
        # Others are prometheus_client's own: of the process, the platform, the garbage collector.
        if labels is not None:
            (family,) = collector.describe()
            suffix = "_total" if family.type == "counter" else ""
            metrics.append(
                {"name": family.name + suffix, "type": family.type, "labels": list(labels)}
            )
    told = {"metrics": metrics, "exposition": generate_latest().decode()}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
