"""Buffers that are used again."""


class BufferPool:
    """Hands out buffers and keeps a few that came back, the warmest first.

    A buffer that grows with its file is moved while it grows and leaves holes in the heap: with
    many files at once a process then holds twice the bytes of its budget. One of full size from
    the start costs only the pages that are written to, and used again it costs no page faults.
    """

    def __init__(self, max_idle: int) -> None:
        self._max_idle = max_idle
        self._idle: dict[int, list[memoryview]] = {}

    def take(self, size: int) -> memoryview:
        """A buffer of `size` bytes; what is in it is left over from its last use."""
        idle = self._idle.get(size)
        return idle.pop() if idle else memoryview(bytearray(size))

    def give_back(self, buffer: memoryview) -> None:
        """Keep `buffer` for the next one; nothing may refer to it any more."""
        idle = self._idle.setdefault(len(buffer), [])
        if len(idle) < self._max_idle:
            idle.append(buffer)
