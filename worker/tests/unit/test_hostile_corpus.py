"""The corpus itself: what is found with it has to be found again."""

import pytest

from hostile_files.corpus import KINDS, generate, make
from hostile_files.mutations import fuzz_file
from photo_domain.limits import UPLOAD_LIMITS

SEED = 7


def test_every_kind_comes_once_before_any_comes_again() -> None:
    kinds = [file.kind for file in generate(SEED, len(KINDS))]
    assert len(set(kinds)) == len(KINDS)


@pytest.mark.parametrize("index", range(len(KINDS)))
def test_the_same_number_is_always_the_same_file_and_one_that_can_be_uploaded(index: int) -> None:
    file = make(SEED, index)
    assert make(SEED, index) == file
    assert make(SEED, index + len(KINDS)).kind == file.kind
    assert 0 < len(file.data) <= UPLOAD_LIMITS.max_file_size
    assert file.right


def test_a_changed_file_is_always_the_same_too() -> None:
    changed = [fuzz_file(SEED, index) for index in range(1, 60, 2)]
    assert [fuzz_file(SEED, index) for index in range(1, 60, 2)] == changed
    assert all(len(file.data) <= UPLOAD_LIMITS.max_file_size for file in changed)
