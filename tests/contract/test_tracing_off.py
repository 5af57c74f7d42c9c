"""Without a collector no service loads what makes and sends spans."""

import subprocess
import sys

import pytest

# The whole of each service, as its program imports it.
SERVICES = [
    "admin_console.serve",
    "ingest_service.bootstrap",
    "photo_worker.pool",
    "status_service.bootstrap",
    "upload_gateway.__main__",
]
# FastAPI imports the API of OpenTelemetry itself, redis-py what the SDK has for metrics.
LOADED = """
import sys, {module}
ours = ("opentelemetry.sdk.trace", "opentelemetry.exporter", "requests", "service_kit.otlp_spans")
print([name for name in sys.modules if name.startswith(ours)])
"""


@pytest.mark.parametrize("module", SERVICES)
def test_nothing_that_makes_spans_is_loaded(module: str) -> None:
    program = [sys.executable, "-c", LOADED.format(module=module)]
    told = subprocess.run(program, capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout.strip() == "[]"


def test_the_migrations_run_where_there_is_no_opentelemetry_at_all() -> None:
    """Their image has none: of `service-kit` they do not take the extra `tracing`."""
    program = "import sys; sys.modules['opentelemetry'] = None; import photo_records.__main__"
    subprocess.run([sys.executable, "-c", program], timeout=60, check=True)
