"""The worker's parent hands out no work while it writes: that has to end."""

import socket
from datetime import timedelta
from typing import Any

import psycopg2.extensions
import pytest
from sqlalchemy import NullPool, create_engine

from photo_domain.task_id import new_task_id
from photo_records.database_url import with_driver
from photo_records.task_claims import claim_task
from photo_worker.child_deaths import ChildDeaths
from photo_worker.claim_holder import ClaimHolder
from photo_worker.outcome import OutcomeKind

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
        assert ChildDeaths(engine, HOLDER).crashed(new_task_id(), 1) is None
    assert psycopg2.extensions.get_wait_callback() is None


def test_no_connection_stays_open_after_a_write(library: Any, jpeg: bytes) -> None:
    task_id = library.add(jpeg)
    with library.engine.begin() as connection:
        assert claim_task(connection, task_id, timedelta(minutes=2), HOLDER.name_of(7))
    engine = create_engine(
        with_driver(library.database_url, "psycopg2"),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"application_name": "parent"},
    )
    outcome = ChildDeaths(engine, HOLDER).crashed(task_id, 7)
    assert outcome is not None
    assert outcome.kind is OutcomeKind.GIVEN_BACK
    assert library.connections("parent") == 0
