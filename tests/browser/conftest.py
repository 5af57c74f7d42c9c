"""What the tests of the page share."""

from collections.abc import Iterator

import pytest

from local_stack.running_stack import RunningStack, temporary_stack


@pytest.fixture(scope="session")
def stack() -> Iterator[RunningStack]:
    """The system with its default settings; every test is a visitor of its own."""
    with temporary_stack() as running:
        yield running


@pytest.fixture(scope="module")
def closed_stack() -> Iterator[RunningStack]:
    """The system for those who have a key; who has the same one sees the same photos."""
    with temporary_stack({"AUTH": "required"}) as running:
        yield running
