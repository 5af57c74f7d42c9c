"""One database, broker and store of objects, and the services of two versions on them."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from local_stack.api_key import make_api_key
from local_stack.database_logins import service_database_urls
from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.embedded_redis import EmbeddedRedis
from local_stack.ports import HOST, free_ports
from local_stack.process_spec import ProcessSpec, Program
from local_stack.process_table import ProcessTable
from local_stack.service_programs import GATEWAY, INGEST, STATUS, WORKER, Backends, ServicePrograms
from local_stack.settings import StackSettings
from local_stack.stack_folder import StackFolder
from local_stack.supervisor import Supervisor
from local_stack.temporary_folder import temporary_folder
from photo_records.service_roles import ServiceRole

SERVICES = (INGEST, STATUS, WORKER, GATEWAY)
_READY_SECONDS = 60.0
_GRACE_SECONDS = 60.0
_PORTS = (
    *("gateway_port", "gateway_metrics_port", "ingest_port", "ingest_metrics_port"),
    *("status_port", "status_metrics_port", "worker_metrics_port", "admin_port"),
    "admin_metrics_port",
)


class Generation:
    """The services of one version; each is started and stopped by itself."""

    def __init__(
        self,
        name: str,
        python: Path,
        programs: ServicePrograms,
        ports: Mapping[str, int],
        targets: Mapping[str, str],
        folder: StackFolder,
    ) -> None:
        self.base_url = f"http://{HOST}:{ports['gateway_port']}"
        self.metrics_ports = {
            service: ports[f"{setting}_metrics_port"]
            for service, setting in zip(
                SERVICES, ("ingest", "status", "worker", "gateway"), strict=True
            )
        }
        self._name = name
        self._python = python
        self._programs = programs
        self._targets = targets
        self._folder = folder
        self._running: dict[str, Supervisor] = {}

    async def migrate(self) -> None:
        """Bring the schema to the newest migration of this version."""
        await self._supervisor("migrations").run_to_end(self._of(self._programs.migrations()))

    async def let_services_in(self) -> None:
        """Give the roles of the services their passwords."""
        await self._supervisor("logins").run_to_end(self._of(self._programs.logins()))

    async def start(self) -> None:
        """Start all services and wait until they are ready."""
        for spec in (*self._programs.behind_the_gateway(), self._programs.gateway()):
            supervisor = self._running[spec.name] = self._supervisor(spec.name)
            await supervisor.start(self._spec(spec))

    async def stop(self, service: str) -> None:
        """Stop a service in order."""
        await self._running.pop(service).stop()

    async def stop_all(self) -> None:
        """Stop what runs, the gateway first."""
        for service in reversed(list(self._running)):
            await self.stop(service)

    def _spec(self, spec: ProcessSpec) -> ProcessSpec:
        return replace(spec, program=self._of(spec.program))

    def _of(self, program: Program) -> Program:
        changed = {name: self._targets[name] for name in self._targets & program.environment.keys()}
        return replace(
            program,
            name=f"{self._name}-{program.name}",
            command=[str(self._python), *program.command[1:]],
            environment={**program.environment, **changed},
            folder=self._folder.path,
        )

    def _supervisor(self, service: str) -> Supervisor:
        table = ProcessTable(self._folder.path / f"{self._name}-{service}.json")
        return Supervisor(
            table, self._folder.logs, ready_within=_READY_SECONDS, grace=_GRACE_SECONDS
        )


@dataclass(frozen=True)
class Installation:
    """What outlives the services of a version; it stands in for a stack of one version."""

    database_url: str
    local_dir: Path
    old: Generation
    new: Generation


@contextmanager
def installation(old_python: Path, new_python: Path) -> Iterator[Installation]:
    """Servers that run as long as the context lasts, and no service yet."""
    with ExitStack() as context:
        folder = StackFolder(context.enter_context(temporary_folder()))
        folder.create()
        make_api_key(folder)
        postgres_port, redis_port, *service_ports = free_ports(2 + 2 * len(_PORTS))
        postgres = context.enter_context(
            EmbeddedPostgres(folder.postgres, postgres_port, secrets.token_hex(16)).running()
        )
        redis = context.enter_context(
            EmbeddedRedis(folder.redis, redis_port, secrets.token_hex(16)).running()
        )
        backends = Backends(
            owner_database_url=postgres.database_url,
            database_urls=service_database_urls(postgres, folder),
            login_passwords=folder.login_passwords,
            redis_url=redis.redis_url,
            session_secret=secrets.token_hex(32),
            objects=folder.objects,
            worker_metrics=folder.worker_metrics,
            api_keys_file=folder.api_keys_file,
        )
        # The release before may know of no roles.
        as_owner = replace(
            backends, database_urls=dict.fromkeys(ServiceRole, postgres.database_url)
        )
        ports = [
            dict(zip(_PORTS, chosen, strict=True))
            for chosen in (service_ports[: len(_PORTS)], service_ports[len(_PORTS) :])
        ]
        targets = {
            "INGEST_TARGET": _all_of([each["ingest_port"] for each in ports]),
            "STATUS_TARGET": _all_of([each["status_port"] for each in ports]),
        }
        old, new = (
            Generation(
                name, python, _programs(chosen, known, folder, name), chosen, targets, folder
            )
            for name, python, chosen, known in (
                ("old", old_python, ports[0], as_owner),
                ("new", new_python, ports[1], backends),
            )
        )
        yield Installation(postgres.database_url, folder.path, old, new)


def _programs(
    ports: Mapping[str, int], backends: Backends, folder: StackFolder, name: str
) -> ServicePrograms:
    settings = StackSettings(**ports, worker_concurrency=1)  # type: ignore[arg-type]
    own = replace(backends, worker_metrics=folder.path / f"{name}-metrics")
    return ServicePrograms(settings, own, on_terminal=False)


def _all_of(ports: Sequence[int]) -> str:
    """A target with every replica, as the name of a headless Service has them."""
    return "ipv4:" + ",".join(f"{HOST}:{port}" for port in ports)
