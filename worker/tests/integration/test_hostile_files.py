"""Files that attack the decoders, through a real worker with everything that it needs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Row, func, select

from hostile_files.corpus import generate
from hostile_files.hostile_file import SUCCESS, HostileFile
from hostile_files.verdict import complaint
from photo_records.tables import PhotoRecord, RenditionRecord

Wait = Callable[[Callable[[], Any], str], Any]
Library = Any

SEED = 4

# As soon as one of them takes longer, it ends as `timeout`, which is right for none.
SETTINGS = {"TASK_TIME_LIMIT_SECONDS": "40"}


@pytest.mark.parametrize(
    "count",
    [
        pytest.param(150, id="150 files", marks=pytest.mark.timeout(300)),
        pytest.param(1500, id="1500 files", marks=(pytest.mark.slow, pytest.mark.timeout(1800))),
    ],
)
def test_every_hostile_file_ends_as_it_should_and_the_worker_goes_on(
    run_worker: Any, library: Library, wait: Wait, count: int
) -> None:
    with run_worker(library, **SETTINGS) as worker:
        files = {}
        for file in generate(SEED, count):
            task_id = library.add(file.data, file.claimed.content_type)
            # Without its bytes: all of them would fill the memory.
            files[task_id] = replace(file, data=b"")
            worker.publish(task_id)
        _wait_for_all(library, files, wait)
        # The parent is the one that was started, and it still answers.
        assert worker.is_ready()

    complaints = []
    ends = {photo.task_id: photo for photo in _photos(library)}
    for index, (task_id, file) in enumerate(files.items()):
        if wrong := _wrong(library, file, ends[task_id]):
            complaints.append(f"{file.kind}, index {index}: {wrong}")
    assert complaints == [], f"hostile_files.corpus.make({SEED}, index) makes them again"
    assert len(library.rendition_files()) == _count_of_renditions(library)


def _wait_for_all(library: Library, files: dict[UUID, HostileFile], wait: Wait) -> None:
    """Wait as long as one after the other ends."""

    def pending() -> set[UUID]:
        return {photo.task_id for photo in _photos(library) if photo.status == "PENDING"}

    while left := pending():
        kinds = sorted(files[task_id].kind for task_id in left)
        wait(lambda before=left: pending() < before, f"the end of one of {kinds[:20]}")


def _wrong(library: Library, file: HostileFile, photo: Row[Any]) -> str | None:
    outcome = SUCCESS if photo.status == "SUCCESS" else photo.error_code
    keys = [rendition.object_key for rendition in library.renditions(photo.task_id)]
    return complaint(file, outcome, [(library.folder / key).read_bytes() for key in keys])


def _photos(library: Library) -> Sequence[Row[Any]]:
    with library.engine.begin() as connection:
        return connection.execute(select(PhotoRecord.__table__)).all()


def _count_of_renditions(library: Library) -> int:
    with library.engine.begin() as connection:
        return connection.execute(select(func.count()).select_from(RenditionRecord)).scalar_one()
