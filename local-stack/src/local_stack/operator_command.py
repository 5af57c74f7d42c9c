"""The commands about operators of the console, on the database of this stack."""

import subprocess
import sys
from collections.abc import Sequence

from admin_console.settings import OperatorCommandSettings
from local_stack.database_logins import service_database_urls
from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.readiness import postgres_accepts
from local_stack.secrets_folder import SecretsFolder
from local_stack.service_environment import service_environment
from local_stack.settings import StackSettings, chosen_variables, inherited_variables
from local_stack.stack_error import StackError
from local_stack.stack_folder import StackFolder
from photo_records.service_roles import ServiceRole


def run_operator_command(settings: StackSettings, command: Sequence[str]) -> int:
    """Run `python -m admin_console` with `command`; raise `StackError` where no stack runs."""
    folder = StackFolder(settings.local_dir)
    if not folder.processes.exists():
        raise StackError(f"no stack runs in {folder.path}: start it with `make run`")
    password = SecretsFolder(folder.secrets).secret("postgres_password")
    postgres = EmbeddedPostgres(folder.postgres, settings.postgres_port, password)
    database_url = service_database_urls(postgres, folder)[ServiceRole.CONSOLE]
    if not postgres_accepts(database_url)():
        raise StackError(f"no stack runs on POSTGRES_PORT={settings.postgres_port}: `make run`")
    environment = service_environment(
        OperatorCommandSettings,
        inherited=inherited_variables(),
        chosen=chosen_variables(),
        given={"DATABASE_URL": database_url},
    )
    program = [sys.executable, "-m", "admin_console", *command]
    return subprocess.run(  # noqa: S603 - a program of ours
        program, env=environment, check=False
    ).returncode
