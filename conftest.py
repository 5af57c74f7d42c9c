"""What the tests of every member share: a real Postgres and a real Redis, started once a run."""

import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
from alembic import command

from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.embedded_redis import EmbeddedRedis
from local_stack.ports import free_ports
from local_stack.temporary_folder import temporary_folder
from photo_records.migrations import alembic_config
from photo_records.role_logins import set_logins
from photo_records.service_roles import ServiceRole

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_TEMPLATE = "migrated"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_KINDS = ("unit", "integration", "e2e", "contract", "browser", "deploy", "upgrade")


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder for servers, which other system users may enter."""
    with temporary_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres(scratch: Path) -> Iterator[EmbeddedPostgres]:
    """A cluster with the migrated, empty database that `database_url` copies."""
    port = free_ports(1)[0]
    server = EmbeddedPostgres(scratch / "postgres", port, secrets.token_hex(16))
    with server.running():
        _execute(server.database_url, f"CREATE DATABASE {_TEMPLATE}")
        command.upgrade(alembic_config(_named(server.database_url, _TEMPLATE)), "head")
        yield server


class Databases:
    """Migrated databases in the cluster of the run."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self._server_url = server.database_url
        self._passwords = {role: secrets.token_hex(16) for role in ServiceRole}
        self.let_services_in()

    def create(self) -> str:
        """Its URL; it is empty but for the schema."""
        name = f"test_{secrets.token_hex(8)}"
        _execute(self._server_url, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return _named(self._server_url, name)

    def let_services_in(self) -> None:
        """Give the services their logins; the owner may end their connections."""
        set_logins(self._server_url, self._passwords)
        for role in ServiceRole:
            _execute(self._server_url, f"GRANT {role} TO CURRENT_USER")

    def url_for(self, role: ServiceRole, database_url: str) -> str:
        """The URL of the same database for a service, which has the rights of its role only."""
        return _named(self._server.url_of(role, self._passwords[role]), _name(database_url))

    def end_clients(self, database_url: str) -> None:
        """Break every connection to it, but leave autovacuum, which only a superuser may end."""
        _execute(
            self._server_url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND backend_type = 'client backend'",
            _name(database_url),
        )

    @contextmanager
    def unreachable(self, database_url: str) -> Iterator[None]:
        """It refuses every connection and breaks those that are open."""
        name = _name(database_url)
        _execute(self._server_url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        try:
            self.end_clients(database_url)
            yield
        finally:
            _execute(self._server_url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    def drop(self, database_url: str) -> None:
        """Not WITH (FORCE), which Postgres refuses while autovacuum looks at the database.

        A plain DROP sends autovacuum away and waits for those who are leaving.
        """
        self.end_clients(database_url)
        _execute(self._server_url, f"DROP DATABASE {_name(database_url)}")


@pytest.fixture(scope="session")
def databases(postgres: EmbeddedPostgres) -> Databases:
    """Makes and drops the databases of tests, and takes them away for a while."""
    return Databases(postgres)


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """An empty, migrated database for one test."""
    url = databases.create()
    yield url
    databases.drop(url)


@pytest.fixture(scope="session")
def redis_server(scratch: Path) -> Iterator[EmbeddedRedis]:
    """A Redis with nothing in it."""
    port = free_ports(1)[0]
    server = EmbeddedRedis(scratch / "redis", port, secrets.token_hex(16))
    with server.running():
        yield server


# Not longer than a module: Playwright's event loop would be in the way of tests that are async.
@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator["Browser"]:
    """Debian's Chromium, another on PATH, or that of --chromium; it reaches this machine only."""
    named = request.config.getoption("--chromium")
    program = named or next(filter(None, map(shutil.which, _BROWSERS)), None)
    if program is None:
        pytest.skip("no Chromium is on PATH (apt install chromium): THE PAGE IS NOT TESTED")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - few tests need it

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=program,
            args=[
                "--no-sandbox",
                "--disable-background-networking",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
            ],
        )
        yield running
        running.close()


@dataclass(frozen=True)
class CollectedSpan:
    """A span as a collector sees it; ids are hexadecimal."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any]
    # The trace and the span of each link.
    links: list[tuple[str, str]]
    is_error: bool


class TraceCollector:
    """Receives OTLP over HTTP, as protobuf messages of OpenTelemetry's own package."""

    def __init__(self) -> None:
        self.spans: list[CollectedSpan] = []
        collector = self

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.path == "/v1/traces"
                assert self.headers["Content-Type"] == "application/x-protobuf"
                collector.spans.extend(_spans_of(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait for spans: they come in batches, and those of a process before those of another."""
        deadline = time.monotonic() + 30
        while not condition():
            told = sorted((span.service, span.name) for span in self.spans)
            assert time.monotonic() < deadline, f"spans are missing among {told}"
            threading.Event().wait(0.02)


def _spans_of(body: bytes) -> Iterator[CollectedSpan]:
    # Few tests need them.
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: PLC0415
        ExportTraceServiceRequest,
    )
    from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status  # noqa: PLC0415

    def values(pairs: Any) -> dict[str, Any]:
        return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in pairs}

    for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = values(of_resource.resource.attributes)["service.name"]
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield CollectedSpan(
                    service,
                    span.name,
                    Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    values(span.attributes),
                    [(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
                    span.status.code == Status.StatusCode.STATUS_CODE_ERROR,
                )


@pytest.fixture(scope="module")
def trace_collector() -> Iterator[TraceCollector]:
    """A collector of traces at a free port of this machine."""
    collector = TraceCollector()
    serving = threading.Thread(target=collector.server.serve_forever, args=(0.05,))
    serving.start()
    yield collector
    collector.server.shutdown()
    collector.server.server_close()
    serving.join()


def _name(database_url: str) -> str:
    return database_url.rpartition("/")[2]


def _named(database_url: str, name: str) -> str:
    return f"{database_url.rpartition('/')[0]}/{name}"


def _execute(database_url: str, statement: str, *values: str) -> None:
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
    finally:
        connection.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let programs be named that are not on PATH, and say what must not be skipped."""
    parser.addoption("--chromium", help="the Chromium that uses the pages")
    parser.addoption("--helm", help="the helm that renders the chart")
    without = "fail, instead of skipping, where no container engine comes up"
    parser.addoption("--require-engine", action="store_true", help=without)
    release = "what is upgraded from: a commit of git, or `newest` before this code; never skipped"
    parser.addoption("--release", help=release)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end how many tests of each kind ran."""
    passed = [report.nodeid for report in terminalreporter.stats.get("passed", [])]
    counts = {kind: sum(f"/{kind}/" in node for node in passed) for kind in _KINDS}
    skipped = len(terminalreporter.stats.get("skipped", []))
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    terminalreporter.write_line(f"Passed: {told or 'nothing'}; skipped: {skipped}.")
