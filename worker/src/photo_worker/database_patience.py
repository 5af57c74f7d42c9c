"""How the worker's parent waits for the database: never for ever."""

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import psycopg2.extensions


@contextmanager
def waits_that_end(deadline: float) -> Iterator[None]:
    """Let psycopg2 wait for the database until `deadline` (monotonic seconds), not for ever.

    Neither `connect_timeout` nor `statement_timeout` helps against a server that is frozen.
    Source: https://www.psycopg.org/docs/advanced.html#support-for-coroutine-libraries.
    """

    def wait(connection: psycopg2.extensions.connection) -> None:
        while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
            left = deadline - time.monotonic()
            fileno = connection.fileno()
            reading = [fileno] if state == psycopg2.extensions.POLL_READ else []
            writing = [fileno] if state == psycopg2.extensions.POLL_WRITE else []
            if left <= 0 or not any(select.select(reading, writing, [], left)):
                raise psycopg2.OperationalError("the database did not answer in time")

    psycopg2.extensions.set_wait_callback(wait)
    try:
        yield
    finally:
        psycopg2.extensions.set_wait_callback(None)
