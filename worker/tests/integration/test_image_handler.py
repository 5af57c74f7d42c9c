"""The use case with a real Postgres and a real folder, and trouble at the worst moments."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, func, update

from photo_domain.file_format import FileFormat
from photo_objects.errors import StorageUnavailableError
from photo_objects.object_reader import ObjectReader
from photo_objects.rendition_writer import RenditionWriter
from photo_objects.store_url import open_store
from photo_records.database_url import with_driver
from photo_records.tables import PhotoRecord
from photo_records.task_queue import Lane
from photo_worker.image_handler import DatabaseUnavailableError, ImageHandler
from photo_worker.outcome import OutcomeKind
from photo_worker.processing.photo_in_process import PhotoInProcess
from photo_worker.processing.photo_processor import PhotoProcessor
from photo_worker.processing.processing_settings import ProcessingSettings
from photo_worker.processing.rendition_spec import parse_renditions
from photo_worker.rendition_storage import RenditionStorage

LEASE = timedelta(seconds=135)
SETTINGS = ProcessingSettings(
    renditions=parse_renditions("preview:1280,thumbnail:320"),
    max_pixels=100_000_000,
    max_held_bytes=400_000_000,
    max_pages=1000,
    accept_truncated=False,
    webp_effort=2,
)


class InterruptedProcessor(PhotoProcessor):
    """Does something in the middle of the work, once the photo is processed."""

    def __init__(self, interrupt: Callable[[], None]) -> None:
        super().__init__(SETTINGS)
        self._interrupt = interrupt

    def process(self, original: bytes, claimed: FileFormat) -> PhotoInProcess:
        photo = super().process(original, claimed)
        self._interrupt()
        return photo


@pytest.fixture(params=["away", "read-only"])
def unusable(library: Any, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A database that nobody can write to: nobody listens on port 1, or it became a standby."""
    url = {"away": "postgresql://photo@127.0.0.1:1/photo", "read-only": library.database_url}
    engine = create_engine(
        with_driver(url[request.param], "psycopg2"),
        connect_args={"options": "-c default_transaction_read_only=on"},
    )
    yield engine
    engine.dispose()


def handler_for(library: Any, interrupt: Callable[[], None] = lambda: None) -> ImageHandler:
    store = open_store(library.storage_url)
    return ImageHandler(
        engine=library.engine,
        originals=ObjectReader(store),
        renditions=RenditionStorage(RenditionWriter(store)),
        processor=InterruptedProcessor(interrupt),
        lease=LEASE,
        claimed_by="worker:1",
        tell=lambda _change: None,
    )


def test_the_loser_of_a_race_changes_nothing_and_removes_what_it_stored(
    library: Any, jpeg: bytes
) -> None:
    task_id = library.add(jpeg)

    def let_another_run_finish() -> None:
        with library.engine.begin() as connection:
            connection.execute(
                update(PhotoRecord)
                .where(PhotoRecord.task_id == task_id)
                .values(lease_expires_at=func.now() - timedelta(seconds=1))
            )
        assert handler_for(library).handle(task_id).kind is OutcomeKind.SUCCESS

    outcome = handler_for(library, let_another_run_finish).handle(task_id)
    assert outcome.kind is OutcomeKind.SUPERSEDED
    photo = library.photo(task_id)
    assert (photo.status, photo.attempts) == ("SUCCESS", 2)
    assert library.pending(task_id) == 0
    kept = {library.folder / row.object_key for row in library.renditions(task_id)}
    assert len(kept) == 2
    assert {file for file in library.rendition_files() if str(task_id) in str(file)} == kept


def test_a_bug_ends_in_failure_instead_of_a_task_without_result(
    library: Any, jpeg: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    task_id = library.add(jpeg)

    def break_down() -> None:
        raise RuntimeError("a bug")

    outcome = handler_for(library, break_down).handle(task_id)
    assert outcome.kind is OutcomeKind.FAILURE
    photo = library.photo(task_id)
    assert (photo.status, photo.error_code) == ("FAILURE", "internal")
    assert "a bug" not in photo.error_message
    assert not [file for file in library.rendition_files() if str(task_id) in str(file)]


@contextmanager
def storage_that_takes_no_renditions(library: Any, task_id: UUID) -> Iterator[None]:
    # The day's folder of the renditions is a file.
    day = library.photo(task_id).object_key.split("/")[1]
    in_the_way = library.folder / "renditions" / day
    aside = library.folder / "aside"
    in_the_way.parent.mkdir(exist_ok=True)
    if in_the_way.exists():
        in_the_way.rename(aside)
    in_the_way.write_text("in the way")
    try:
        yield
    finally:
        in_the_way.unlink()
        if aside.exists():
            aside.rename(in_the_way)


def change(library: Any, task_id: UUID, **columns: Any) -> None:
    with library.engine.begin() as connection:
        connection.execute(
            update(PhotoRecord).where(PhotoRecord.task_id == task_id).values(**columns)
        )


def test_renditions_that_cannot_be_stored_postpone_the_task(library: Any, jpeg: bytes) -> None:
    task_id = library.add(jpeg)
    with storage_that_takes_no_renditions(library, task_id):
        outcome = handler_for(library).handle(task_id)
    assert outcome.kind is OutcomeKind.POSTPONED
    photo = library.photo(task_id)
    assert (photo.status, photo.lease_expires_at) == ("PENDING", None)
    assert photo.next_attempt_at > photo.started_at
    # Not due yet: a delivery that comes too early does no harm.
    assert handler_for(library).handle(task_id).kind is OutcomeKind.NOT_CLAIMED


@pytest.mark.parametrize(
    ("hours", "status", "code"),
    [(23, "PENDING", None), (25, "FAILURE", "storage_unavailable")],
)
def test_trouble_postpones_a_task_for_a_day_and_then_ends_it(
    library: Any, jpeg: bytes, hours: int, status: str, code: str | None
) -> None:
    task_id = library.add(jpeg)
    with storage_that_takes_no_renditions(library, task_id):
        assert handler_for(library).handle(task_id).kind is OutcomeKind.POSTPONED
        change(
            library,
            task_id,
            next_attempt_at=func.now(),
            postponed_since=func.now() - timedelta(hours=hours),
        )
        handler_for(library).handle(task_id)
    photo = library.photo(task_id)
    assert (photo.status, photo.error_code) == (status, code)


def test_an_old_task_that_meets_its_first_trouble_is_postponed(library: Any, jpeg: bytes) -> None:
    task_id = library.add(jpeg)
    change(library, task_id, created_at=func.now() - timedelta(days=3))
    with storage_that_takes_no_renditions(library, task_id):
        assert handler_for(library).handle(task_id).kind is OutcomeKind.POSTPONED


def test_a_task_whose_runs_vanished_twenty_times_ends_without_another(
    library: Any, jpeg: bytes
) -> None:
    task_id = library.add(jpeg)
    change(library, task_id, attempts=20)
    outcome = handler_for(library).handle(task_id)
    assert (outcome.kind, outcome.failure) == (OutcomeKind.FAILURE, "crashed")
    photo = library.photo(task_id)
    assert (photo.error_code, photo.attempts, photo.crashes) == ("crashed", 20, 0)
    assert library.pending(task_id) == 0


def test_a_database_that_goes_away_before_the_end_leaves_the_task_to_its_lease(
    library: Any, jpeg: bytes, unusable: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = library.add(jpeg)
    handler = handler_for(library, lambda: monkeypatch.setattr(handler, "_engine", unusable))
    assert handler.handle(task_id).kind is OutcomeKind.POSTPONED
    photo = library.photo(task_id)
    assert (photo.status, photo.attempts) == ("PENDING", 1)
    assert photo.lease_expires_at is not None


def test_a_database_that_is_away_is_reported_after_some_patience(
    library: Any, jpeg: bytes, unusable: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = library.add(jpeg)
    monkeypatch.setattr("photo_worker.image_handler._CLAIM_PAUSES", (0.01, 0.01))
    handler = handler_for(library)
    monkeypatch.setattr(handler, "_engine", unusable)
    with pytest.raises(DatabaseUnavailableError):
        handler.handle(task_id)
    assert library.photo(task_id).attempts == 0


def test_an_end_tells_how_long_ago_the_upload_was(library: Any, jpeg: bytes) -> None:
    good, bad = library.add(jpeg), library.add(jpeg[: len(jpeg) // 2])
    with library.engine.begin() as connection:
        connection.execute(
            update(PhotoRecord)
            .where(PhotoRecord.task_id.in_([good, bad]))
            .values(created_at=func.now() - timedelta(minutes=2))
        )
    for task_id, kind in ((good, OutcomeKind.SUCCESS), (bad, OutcomeKind.FAILURE)):
        outcome = handler_for(library).handle(task_id)
        assert outcome.kind is kind
        assert outcome.first_run
        assert outcome.first_run.lane is Lane.INTERACTIVE
        assert 120 <= outcome.first_run.seconds < 180


def test_a_task_that_was_retried_does_not_tell_how_long_ago_the_upload_was(
    library: Any, jpeg: bytes
) -> None:
    task_id = library.add(jpeg)
    with library.engine.begin() as connection:
        # What a retry leaves: photo_records.task_actions.
        connection.execute(
            update(PhotoRecord).where(PhotoRecord.task_id == task_id).values(revision=4)
        )
    outcome = handler_for(library).handle(task_id)
    assert outcome.kind is OutcomeKind.SUCCESS
    assert outcome.first_run is None


def test_what_is_put_off_has_no_end_yet(library: Any, jpeg: bytes) -> None:
    task_id = library.add(jpeg)

    def lose_the_storage() -> None:
        raise StorageUnavailableError

    outcome = handler_for(library, lose_the_storage).handle(task_id)
    assert outcome.kind is OutcomeKind.POSTPONED
    assert outcome.first_run is None
