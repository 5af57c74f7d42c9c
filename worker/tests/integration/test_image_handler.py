"""The use case with a real Postgres and a real folder, and trouble at the worst moments."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, func, update

from photo_domain.file_format import FileFormat
from photo_objects.object_reader import ObjectReader
from photo_objects.rendition_writer import RenditionWriter
from photo_objects.store_url import open_store
from photo_records.tables import PhotoRecord
from photo_worker.image_handler import DatabaseUnavailableError, ImageHandler
from photo_worker.outcome import OutcomeKind
from photo_worker.processing.photo_processor import PhotoProcessor
from photo_worker.processing.processed_photo import ProcessedPhoto
from photo_worker.rendition_storage import RenditionStorage

LEASE = timedelta(seconds=135)
# Nobody listens on port 1.
NOWHERE = create_engine("postgresql+psycopg2://photo@127.0.0.1:1/photo")


class InterruptedProcessor(PhotoProcessor):
    """Does something in the middle of the work, once the photo is processed."""

    def __init__(self, interrupt: Callable[[], None]) -> None:
        super().__init__(max_pixels=100_000_000)
        self._interrupt = interrupt

    def process(self, data: bytes, claimed: FileFormat) -> ProcessedPhoto:
        photo = super().process(data, claimed)
        self._interrupt()
        return photo


def handler_for(library: Any, interrupt: Callable[[], None] = lambda: None) -> ImageHandler:
    store = open_store(library.storage_url)
    return ImageHandler(
        engine=library.engine,
        originals=ObjectReader(store),
        renditions=RenditionStorage(RenditionWriter(store)),
        processor=InterruptedProcessor(interrupt),
        lease=LEASE,
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


def test_renditions_that_cannot_be_stored_postpone_the_task(library: Any, jpeg: bytes) -> None:
    task_id = library.add(jpeg)
    # The day's folder of the renditions is a file.
    day = library.photo(task_id).object_key.split("/")[1]
    in_the_way = library.folder / "renditions" / day
    aside = library.folder / "aside"
    in_the_way.parent.mkdir(exist_ok=True)
    if in_the_way.exists():
        in_the_way.rename(aside)
    in_the_way.write_text("in the way")
    try:
        outcome = handler_for(library).handle(task_id)
    finally:
        in_the_way.unlink()
        if aside.exists():
            aside.rename(in_the_way)
    assert outcome.kind is OutcomeKind.POSTPONED
    photo = library.photo(task_id)
    assert (photo.status, photo.lease_expires_at) == ("PENDING", None)
    assert photo.next_attempt_at > photo.started_at
    # Not due yet: a delivery that comes too early does no harm.
    assert handler_for(library).handle(task_id).kind is OutcomeKind.NOT_CLAIMED


def test_a_database_that_goes_away_before_the_end_leaves_the_task_to_its_lease(
    library: Any, jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = library.add(jpeg)
    handler = handler_for(library, lambda: monkeypatch.setattr(handler, "_engine", NOWHERE))
    assert handler.handle(task_id).kind is OutcomeKind.POSTPONED
    photo = library.photo(task_id)
    assert (photo.status, photo.attempts) == ("PENDING", 1)
    assert photo.lease_expires_at is not None


def test_a_database_that_is_away_is_reported_after_some_patience(
    library: Any, jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = library.add(jpeg)
    monkeypatch.setattr("photo_worker.image_handler._CLAIM_PAUSES", (0.01, 0.01))
    handler = handler_for(library)
    monkeypatch.setattr(handler, "_engine", NOWHERE)
    with pytest.raises(DatabaseUnavailableError):
        handler.handle(task_id)
    assert library.photo(task_id).attempts == 0
