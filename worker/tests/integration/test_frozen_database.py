"""The worker's parent hands out no work while it writes: that has to end."""

import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg2.extensions
import pytest
from sqlalchemy import Engine, NullPool, create_engine

from photo_domain.task_id import new_task_id
from photo_records.database_url import with_driver
from photo_records.task_claims import claim_task
from photo_worker.child_deaths import ChildDeaths
from photo_worker.claim_holder import ClaimHolder
from photo_worker.outcome import OutcomeKind

Wait = Callable[[Callable[[], Any], str], Any]

HOLDER = ClaimHolder()


def test_a_database_that_accepts_and_never_answers_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("photo_worker.child_deaths._PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        port = frozen.getsockname()[1]
        engine = create_engine(
            f"postgresql+psycopg2://photo@127.0.0.1:{port}/photo", poolclass=NullPool
        )
        assert ChildDeaths(engine, HOLDER, lambda _change: None).crashed(new_task_id(), 1) is None
    assert psycopg2.extensions.get_wait_callback() is None


@pytest.fixture
def engine(library: Any) -> Engine:
    return create_engine(
        with_driver(library.database_url, "psycopg2"),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"application_name": "parent"},
    )


@pytest.fixture
def task_id(library: Any, jpeg: bytes) -> UUID:
    """A task that the process 7 has claimed."""
    task_id: UUID = library.add(jpeg)
    with library.engine.begin() as connection:
        assert claim_task(connection, task_id, timedelta(minutes=2), HOLDER.name_of(7))
    return task_id


@pytest.mark.parametrize(
    ("prompt", "kind", "status"),
    [(60.0, OutcomeKind.FAILURE, "FAILURE"), (0.0, OutcomeKind.GIVEN_BACK, "PENDING")],
    ids=["a prompt database", "a slow database"],
)
def test_a_time_limit_is_held_against_a_photo_unless_the_database_is_slow(
    library: Any,
    engine: Engine,
    task_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
    prompt: float,
    kind: OutcomeKind,
    status: str,
) -> None:
    monkeypatch.setattr("photo_worker.child_deaths._PROMPT", prompt)
    outcome = ChildDeaths(engine, HOLDER, lambda _change: None).timed_out(task_id, 7)
    assert outcome is not None
    assert outcome.kind is kind
    photo = library.photo(task_id)
    assert (photo.status, photo.crashes, photo.lease_expires_at) == (status, 0, None)


def test_no_connection_stays_open_after_a_write(
    library: Any, engine: Engine, task_id: UUID, wait: Wait
) -> None:
    outcome = ChildDeaths(engine, HOLDER, lambda _change: None).crashed(task_id, 7)
    assert outcome is not None
    assert outcome.kind is OutcomeKind.GIVEN_BACK
    # The server needs a moment to notice.
    wait(lambda: library.connections("parent") == 0, "the connection is closed")
