"""Checks at start say which setting is wrong, on one line, and end the process."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def blamed_on(setting: str, *errors: type[Exception]) -> Iterator[None]:
    """Exit with code 2 and `SETTING: what is wrong` where one of `errors` is raised inside.

    Their texts must be made for operators: no secrets, no addresses with credentials.
    """
    try:
        yield
    except errors as error:
        sys.stderr.write(f"{setting}: {error}\n")
        sys.exit(2)
