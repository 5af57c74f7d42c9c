"""The services of the system as processes of this machine."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from admin_console.settings import ConsoleSettings
from ingest_service.settings import IngestSettings
from local_stack.backend_programs import POSTGRES, REDIS
from local_stack.ports import HOST, PortClaim
from local_stack.process_spec import ProcessSpec, Program
from local_stack.readiness import Probe, grpc_serves, http_answers
from local_stack.service_environment import service_environment
from local_stack.settings import StackSettings, chosen_variables, inherited_variables
from photo_records.service_roles import ServiceRole
from photo_records.settings import LoginSettings, MigrationSettings
from photo_worker.settings import WorkerSettings
from service_kit.grpc_tls import channel_credentials, client_files
from service_kit.settings import ServiceSettings
from status_service.settings import StatusSettings
from upload_gateway.settings import GatewaySettings

INGEST, STATUS, WORKER, GATEWAY = "ingest-service", "status-service", "worker", "upload-gateway"
CONSOLE = "admin-console"

# What the person sets here is used, if not always as it is written.
_OWN_SETTINGS = {name.upper() for name in StackSettings.model_fields} - {"LISTEN_HOST"}


@dataclass(frozen=True, slots=True)
class Backends:
    """Where the services find what they share; the addresses hold passwords."""

    owner_database_url: str
    database_urls: Mapping[ServiceRole, str]
    login_passwords: Path
    redis_url: str
    session_secret: str
    objects: Path
    worker_metrics: Path
    api_keys_file: Path


class ServicePrograms:
    """Builds what the supervisor needs to run each service."""

    def __init__(self, settings: StackSettings, backends: Backends, *, on_terminal: bool) -> None:
        self._settings = settings
        self._inherited = inherited_variables()
        self._chosen = chosen_variables()
        self._backends = backends
        self._given = _given_variables(settings, backends, on_terminal=on_terminal)

    def overruled_settings(self) -> list[str]:
        """The settings that the person set, and that the stack decides otherwise."""
        return sorted(
            name
            for name, value in self._chosen.items()
            if name in self._given and self._given[name] != value and name not in _OWN_SETTINGS
        )

    def migrations(self) -> Program:
        """Brings the schema of the database up to date, and ends."""
        return self._program("migrations", "photo_records", MigrationSettings, None, "migrate")

    def logins(self) -> Program:
        """Lets each service log in to the database as its own role, and ends."""
        return self._program("logins", "photo_records", LoginSettings, None, "logins")

    def behind_the_gateway(self) -> list[ProcessSpec]:
        """The services that need only Postgres, Redis and the objects."""
        own = self._settings
        files = client_files(own)
        credentials = channel_credentials(files.current()) if files else None
        return [
            self._service(
                INGEST,
                "ingest_service",
                IngestSettings,
                ServiceRole.INGEST,
                grpc_serves(own.ingest_port, credentials),
                own.ingest_port,
                own.ingest_metrics_port,
            ),
            self._service(
                STATUS,
                "status_service",
                StatusSettings,
                ServiceRole.STATUS,
                grpc_serves(own.status_port, credentials),
                own.status_port,
                own.status_metrics_port,
            ),
            self._service(
                WORKER,
                "photo_worker",
                WorkerSettings,
                ServiceRole.WORKER,
                http_answers(own.worker_metrics_port, "/metrics"),
                None,
                own.worker_metrics_port,
            ),
        ]

    def gateway(self) -> ProcessSpec:
        """The one that people and programs talk to."""
        own = self._settings
        return self._service(
            GATEWAY,
            "upload_gateway",
            GatewaySettings,
            None,
            http_answers(own.gateway_port, "/readyz"),
            own.gateway_port,
            own.gateway_metrics_port,
        )

    def console(self) -> ProcessSpec:
        """The one for the people who run the system."""
        own = self._settings
        return self._service(
            CONSOLE,
            "admin_console",
            ConsoleSettings,
            ServiceRole.CONSOLE,
            http_answers(own.admin_port, "/readyz"),
            own.admin_port,
            own.admin_metrics_port,
        )

    def _service(
        self,
        name: str,
        package: str,
        settings_class: type[ServiceSettings],
        role: ServiceRole | None,
        is_ready: Probe,
        port: int | None,
        metrics_port: int,
    ) -> ProcessSpec:
        program = self._program(name, package, settings_class, role)
        return ProcessSpec(program, is_ready, port, metrics_port)

    def _program(
        self,
        name: str,
        package: str,
        settings_class: type[ServiceSettings],
        role: ServiceRole | None,
        *arguments: str,
    ) -> Program:
        database = {"DATABASE_URL": self._backends.database_urls[role]} if role else {}
        return Program(
            name,
            [sys.executable, "-m", package, *arguments],
            service_environment(
                settings_class,
                inherited=self._inherited,
                chosen=self._chosen,
                given={**self._given, **database},
            ),
        )


def port_claims(settings: StackSettings) -> list[PortClaim]:
    """Every port that the stack listens on, the one that people see first."""
    return [
        PortClaim(settings.gateway_port, GATEWAY, "GATEWAY_PORT"),
        PortClaim(settings.gateway_metrics_port, GATEWAY, "GATEWAY_METRICS_PORT"),
        PortClaim(settings.ingest_port, INGEST, "INGEST_PORT"),
        PortClaim(settings.ingest_metrics_port, INGEST, "INGEST_METRICS_PORT"),
        PortClaim(settings.status_port, STATUS, "STATUS_PORT"),
        PortClaim(settings.status_metrics_port, STATUS, "STATUS_METRICS_PORT"),
        PortClaim(settings.worker_metrics_port, WORKER, "WORKER_METRICS_PORT"),
        PortClaim(settings.admin_port, CONSOLE, "ADMIN_PORT"),
        PortClaim(settings.admin_metrics_port, CONSOLE, "ADMIN_METRICS_PORT"),
        PortClaim(settings.postgres_port, POSTGRES, "POSTGRES_PORT"),
        PortClaim(settings.redis_port, REDIS, "REDIS_PORT"),
    ]


def _given_variables(
    settings: StackSettings, backends: Backends, *, on_terminal: bool
) -> Mapping[str, str]:
    """What the stack decides for the services; each gets what its settings name."""
    own = settings
    as_console = own.log_format == "auto" and on_terminal
    return {
        "LOG_LEVEL": own.log_level,
        # A service writes into a pipe: only the stack knows that a person reads at its end.
        "LOG_FORMAT": "console" if as_console else own.log_format,
        "LISTEN_HOST": HOST,
        "SHUTDOWN_GRACE_SECONDS": str(own.shutdown_grace_seconds),
        # Of the owner of the tables; a service logs in as itself.
        "DATABASE_URL": backends.owner_database_url,
        "LOGIN_PASSWORDS_FOLDER": str(backends.login_passwords),
        "REDIS_URL": backends.redis_url,
        "STORAGE_URL": backends.objects.as_uri(),
        "SESSION_SECRET": backends.session_secret,
        "API_KEYS_FILE": str(backends.api_keys_file),
        "GATEWAY_PORT": str(own.gateway_port),
        "GATEWAY_METRICS_PORT": str(own.gateway_metrics_port),
        "INGEST_PORT": str(own.ingest_port),
        "INGEST_METRICS_PORT": str(own.ingest_metrics_port),
        "STATUS_PORT": str(own.status_port),
        "STATUS_METRICS_PORT": str(own.status_metrics_port),
        "WORKER_METRICS_PORT": str(own.worker_metrics_port),
        "ADMIN_PORT": str(own.admin_port),
        "ADMIN_METRICS_PORT": str(own.admin_metrics_port),
        "ADMIN_URL": f"http://{HOST}:{own.admin_port}",
        "INGEST_TARGET": f"dns:///{HOST}:{own.ingest_port}",
        "STATUS_TARGET": f"dns:///{HOST}:{own.status_port}",
        "WORKER_METRICS_FOLDER": str(backends.worker_metrics),
        "WORKER_CONCURRENCY": str(own.worker_concurrency),
    }
