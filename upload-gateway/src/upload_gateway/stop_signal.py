"""What has to happen the moment that the process is told to stop, before its requests are done."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def on_stop_signal(callback: Callable[[], None]) -> Iterator[None]:
    """Call `callback` in the running loop at SIGTERM and SIGINT; whoever handled them still does.

    The server says nothing before it has waited for all requests.
    """
    loop = asyncio.get_running_loop()
    handlers: dict[int, Any] = {number: signal.getsignal(number) for number in _SIGNALS}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(callback)
        if callable(handlers[number]):
            handlers[number](number, frame)

    # Only the main thread may; elsewhere a test runs the app.
    is_main = threading.current_thread() is threading.main_thread()
    for number in _SIGNALS if is_main else ():
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number in _SIGNALS if is_main else ():
            signal.signal(number, handlers[number])
