"""All kinds of hostile files, mixed evenly."""

from collections.abc import Callable, Iterator
from random import Random

from hostile_files import (
    bombs,
    damaged_files,
    disguised_headers,
    hostile_documents,
    hostile_pages,
    metadata_bombs,
    polyglots,
    unusual_images,
)
from hostile_files.hostile_file import HostileFile

_MODULES = (
    unusual_images,
    damaged_files,
    bombs,
    metadata_bombs,
    hostile_documents,
    hostile_pages,
    polyglots,
    disguised_headers,
)

KINDS: tuple[Callable[[Random], HostileFile], ...] = tuple(
    kind for module in _MODULES for kind in module.KINDS
)


def make(seed: int, index: int) -> HostileFile:
    """The file with that number in the corpus of that seed: always the same one."""
    kind = KINDS[index % len(KINDS)]
    return kind(Random(f"{seed}/{index}")).named(
        f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"
    )


def generate(seed: int, count: int) -> Iterator[HostileFile]:
    """The first files of the corpus of that seed; every kind comes before any comes again."""
    return (make(seed, index) for index in range(count))
