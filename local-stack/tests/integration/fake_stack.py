"""A stack of real Postgres and Redis and one fake service, as a process that tests can kill.

Arguments: the folder, the ports of Postgres, Redis and the service, the service's manners;
light: without Postgres, for tests that can do without it.
"""

import asyncio
import sys
from pathlib import Path

from local_stack.backend_programs import postgres_process, redis_process
from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.embedded_redis import EmbeddedRedis
from local_stack.process_spec import ProcessSpec, Program
from local_stack.process_table import ProcessTable
from local_stack.readiness import http_answers
from local_stack.run_until_stopped import run_until_stopped
from local_stack.secrets_folder import SecretsFolder
from local_stack.settings import inherited_variables
from local_stack.stack_error import StackError
from local_stack.stack_folder import StackFolder
from local_stack.supervisor import Supervisor
from service_kit.settings import ServiceSettings, load_settings
from service_kit.structured_logging import configure_logging


async def run(folder: StackFolder, ports: list[int], manners: list[str]) -> None:
    postgres_port, redis_port, service_port = ports
    secrets = SecretsFolder(folder.secrets)
    postgres = EmbeddedPostgres(folder.postgres, postgres_port, secrets.secret("postgres"))
    redis = EmbeddedRedis(folder.redis, redis_port, secrets.secret("redis"))
    light = "light" in manners
    if not light:
        postgres.initialise()
    script = str(Path(__file__).with_name("fake_service.py"))
    service = ProcessSpec(
        Program(
            "fake-service",
            [sys.executable, script, str(service_port), *manners],
            inherited_variables(),
        ),
        http_answers(service_port, "/readyz"),
        service_port,
        None,
    )
    supervisor = Supervisor(
        ProcessTable(folder.processes),
        folder.logs,
        ready_within=4 if "speechless" in manners else 30,
        grace=3,
    )

    async def start() -> None:
        backends = [] if light else [postgres_process(postgres)]
        await supervisor.start(*backends, redis_process(redis))
        await supervisor.run_to_end(
            Program("once", [sys.executable, "-c", "print('done once')"], inherited_variables())
        )
        await supervisor.start(service)

    await run_until_stopped(supervisor, start, lambda: print("ready", flush=True))  # noqa: T201


def main() -> None:
    configure_logging(load_settings(ServiceSettings), "fake-stack")
    folder = StackFolder(Path(sys.argv[1]))
    folder.create()
    try:
        asyncio.run(run(folder, list(map(int, sys.argv[2:5])), sys.argv[5:]))
    except StackError as error:
        sys.exit(str(error))


main()
