"""Clients that do not read what they asked for."""

import asyncio
import fcntl
import struct
import termios
from collections.abc import Callable
from contextlib import suppress

# How long what was written may wait for its client to read some of it, in seconds.
READER_SECONDS = 30.0
# How much of it they must read in that time, in bytes a second: as slowly as a body may arrive.
MIN_READER_RATE = 4 * 1024


class SlowReader:
    """Watches one connection while something waits to be read; calls `give_up` once at most."""

    def __init__(self, transport: asyncio.Transport, give_up: Callable[[], None]) -> None:
        self._transport = transport
        self._give_up = give_up
        self._unread = 0
        self._look: asyncio.TimerHandle | None = None

    def watch(self) -> None:
        """Something was written that the client has not read."""
        unread = _unread_bytes(self._transport)
        if self._look is None:
            self._unread = 0
            loop = asyncio.get_running_loop()
            self._look = loop.call_later(READER_SECONDS, self._look_again)
        # Another answer behind the first one is to be read as well.
        self._unread = max(self._unread, unread)

    def forget(self) -> None:
        """The client has read it."""
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _look_again(self) -> None:
        self._look = None
        if not self._transport.get_write_buffer_size():
            return
        read = self._unread - _unread_bytes(self._transport)
        if read < READER_SECONDS * MIN_READER_RATE:
            self._give_up()
        else:
            self.watch()


def _unread_bytes(transport: asyncio.Transport) -> int:
    """What waits here and in the kernel, which takes and gives it in large pieces."""
    connection = transport.get_extra_info("socket")
    waiting = bytes(4)
    # Where it is closed, or no socket of this kind, only ours counts.
    with suppress(OSError):
        waiting = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, waiting)
    return transport.get_write_buffer_size() + int(struct.unpack("i", waiting)[0])
