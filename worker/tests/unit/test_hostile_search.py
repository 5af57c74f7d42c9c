"""The search for hostile files: what it would have to find, it finds."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from hostile_files import search
from hostile_files.hostile_file import CORRUPT, CRASHED, SUCCESS, HostileFile
from hostile_files.hostile_pages import with_content_that_unpacks_to_gigabytes
from hostile_files.processing_child import ProcessingChild
from hostile_files.unusual_images import one_pixel
from photo_domain.failure import FailureCode


@pytest.fixture
def harmless() -> HostileFile:
    return one_pixel(Random(1)).named("one pixel")


def test_a_process_that_dies_is_told_and_the_next_file_gets_another(
    harmless: HostileFile,
) -> None:
    with ProcessingChild(time_limit=60) as child:
        assert child.process(harmless).outcome == SUCCESS
        died = child.process(with_content_that_unpacks_to_gigabytes(Random(1)))
        assert died.outcome == CRASHED
        after = child.process(harmless)
        assert (after.outcome, len(after.renditions)) == (SUCCESS, 2)


def test_a_file_that_takes_longer_than_allowed_is_told(harmless: HostileFile) -> None:
    with ProcessingChild(time_limit=0) as child:
        assert child.process(harmless).outcome == FailureCode.TIMEOUT


def test_a_file_that_does_not_end_as_it_should_is_kept(
    harmless: HostileFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = replace(harmless, right=frozenset({CORRUPT}))
    files = {5: harmless, 6: wrong}
    monkeypatch.setattr(search, "fuzz_file", lambda seed, index: files.get(index, harmless))
    searching = search.Search(seed=3, folder=tmp_path / "kept", time_limit=60)
    # Until two files are done, however long that takes here.
    seconds = 0.5
    while searching.results.total() < 2:
        searching.run(seconds, start=5 + searching.results.total(), processes=1)
    assert searching.results == {SUCCESS: searching.results.total()}
    (complaint,) = searching.complaints
    assert complaint.startswith("seed 3 index 6 (one pixel): ended as success, not as corrupt")
    (kept,) = (tmp_path / "kept").iterdir()
    assert kept.read_bytes() == wrong.data
