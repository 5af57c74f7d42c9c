"""Puts the stack together from its settings."""

from dataclasses import dataclass

from local_stack.api_key import make_api_key
from local_stack.backend_programs import postgres_process, redis_process
from local_stack.database_logins import service_database_urls
from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.embedded_redis import EmbeddedRedis
from local_stack.process_output import Echo
from local_stack.process_table import ProcessTable
from local_stack.secrets_folder import SecretsFolder
from local_stack.service_programs import Backends, ServicePrograms
from local_stack.settings import StackSettings
from local_stack.stack_folder import StackFolder
from local_stack.supervisor import Supervisor

_READY_WITHIN_SECONDS = 60
# On top of the grace that a service gives its requests: it has to be able to use all of it.
_EXTRA_GRACE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Stack:
    """All that runs, in the order in which it starts."""

    supervisor: Supervisor
    postgres: EmbeddedPostgres
    redis: EmbeddedRedis
    services: ServicePrograms

    async def start(self) -> None:
        """Start everything; raise `StackError` where something does not get ready."""
        await self.supervisor.start(postgres_process(self.postgres), redis_process(self.redis))
        await self.supervisor.run_to_end(self.services.migrations())
        await self.supervisor.run_to_end(self.services.logins())
        await self.supervisor.start(*self.services.behind_the_gateway())
        await self.supervisor.start(self.services.gateway(), self.services.console())


def build_stack(settings: StackSettings, folder: StackFolder, echo: Echo | None) -> Stack:
    """The stack in `folder`, not started yet; the first time, this makes its secrets and data."""
    secrets = SecretsFolder(folder.secrets)
    postgres = EmbeddedPostgres(
        folder.postgres, settings.postgres_port, secrets.secret("postgres_password")
    )
    redis = EmbeddedRedis(folder.redis, settings.redis_port, secrets.secret("redis_password"))
    make_api_key(folder)
    postgres.initialise()
    redis.initialise()
    backends = Backends(
        owner_database_url=postgres.database_url,
        database_urls=service_database_urls(postgres, folder),
        login_passwords=folder.login_passwords,
        redis_url=redis.redis_url,
        session_secret=secrets.secret("session_secret"),
        objects=folder.objects,
        worker_metrics=folder.worker_metrics,
        api_keys_file=folder.api_keys_file,
    )
    return Stack(
        Supervisor(
            ProcessTable(folder.processes),
            folder.logs,
            ready_within=_READY_WITHIN_SECONDS,
            grace=settings.shutdown_grace_seconds + _EXTRA_GRACE_SECONDS,
            echo=echo,
        ),
        postgres,
        redis,
        ServicePrograms(settings, backends, on_terminal=echo is not None),
    )
