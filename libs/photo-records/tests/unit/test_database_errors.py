import asyncpg
import pytest

from photo_records.database_errors import DATABASE_DOWN


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError,
        asyncpg.ConnectionDoesNotExistError,
        asyncpg.CannotConnectNowError,
        asyncpg.AdminShutdownError,
        asyncpg.CrashShutdownError,
        asyncpg.QueryCanceledError,
        asyncpg.ObjectNotInPrerequisiteStateError,
        asyncpg.LockNotAvailableError,
        asyncpg.TooManyConnectionsError,
        asyncpg.DiskFullError,
        asyncpg.PostgresIOError,
        asyncpg.ReadOnlySQLTransactionError,
    ],
)
def test_trouble_of_the_server_may_pass(error: type[Exception]) -> None:
    assert issubclass(error, DATABASE_DOWN)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UniqueViolationError,
        asyncpg.CheckViolationError,
        asyncpg.UndefinedTableError,
        asyncpg.PostgresSyntaxError,
        asyncpg.DeadlockDetectedError,
        asyncpg.InvalidPasswordError,
    ],
)
def test_what_a_second_try_would_meet_again_is_no_trouble_that_passes(
    error: type[Exception],
) -> None:
    assert not issubclass(error, DATABASE_DOWN)
