"""A search for an interleaving that loses or doubles a result, over the real statements."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from photo_records import task_claims

from .database import Database
from .faulty_statements import (
    ClaimOfLeasedTask,
    CrashOfAnotherHolder,
    DueAttemptsNotRelayed,
    HealthyBacklogRelayed,
    LeasesNotRelayed,
    LostMessagesNotRelayed,
    LostMessagesOfBusyLanesNotRelayed,
    NeverQueuedNotRelayed,
    RevisionReset,
    UncountedEnd,
    UnfencedFinish,
)
from .machine import Protocol
from .statements import Statements

# The same walks every time: what `make test` finds, it finds again.
_SEARCH = settings(
    max_examples=60,
    stateful_step_count=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
# Other walks every time.
_LONG_SEARCH = settings(
    _SEARCH, max_examples=500, stateful_step_count=100, derandomize=False, print_blob=True
)
# One finding is enough, and nobody reads it. Most come within a few walks; the bound is for those
# that a change of the statements moves far back.
_PROOF = settings(_SEARCH, max_examples=3_000, phases=[Phase.generate], report_multiple_bugs=False)


@pytest.fixture
def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    # Few enough for a walk to use them all up.
    monkeypatch.setattr(task_claims, "MAX_RUNS", 4)
    database = Database(database_url)
    yield database
    database.close()


def _search(database: Database, statements: type[Statements], budget: settings) -> None:
    run_state_machine_as_test(lambda: Protocol(database, statements), settings=budget)


# A finding is made small before it is shown, which takes minutes.
@pytest.mark.timeout(600)
def test_no_interleaving_loses_or_doubles_a_result(database: Database) -> None:
    _search(database, Statements, _SEARCH)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_no_interleaving_of_many_more_does(database: Database) -> None:
    _search(database, Statements, _LONG_SEARCH)


# Found in the last of many walks.
_SLOW = [DueAttemptsNotRelayed, CrashOfAnotherHolder, LostMessagesOfBusyLanesNotRelayed]


# On a busy machine some take minutes.
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "faulty",
    [
        UnfencedFinish,
        ClaimOfLeasedTask,
        RevisionReset,
        UncountedEnd,
        NeverQueuedNotRelayed,
        LeasesNotRelayed,
        LostMessagesNotRelayed,
        HealthyBacklogRelayed,
        *(pytest.param(faulty, marks=pytest.mark.slow) for faulty in _SLOW),
    ],
)
def test_the_search_finds_a_known_fault(database: Database, faulty: type[Statements]) -> None:
    with pytest.raises(AssertionError):
        _search(database, faulty, _PROOF)
