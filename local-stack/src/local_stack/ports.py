"""The TCP ports of this machine: which are taken and which are free."""

import os
import random
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import psutil

from local_stack.stack_error import StackError

HOST = "127.0.0.1"
# Above the ports that need rights, below those that systems give to outgoing connections
# (Linux begins at 32768): none of those can take a port between its choice and its use.
_CHOICE = range(10_240, 32_768)
# Choices of this process that no other makes as well, as sockets. The latest alone: what was chosen
# earlier is listened on by now, or never.
_reservations: deque[int] = deque()
_MOST_RESERVATIONS = 64


@dataclass(frozen=True, slots=True)
class PortClaim:
    """A port, the process that wants it and the setting that moves it."""

    port: int
    process: str
    setting: str


def check_ports(claims: Sequence[PortClaim]) -> None:
    """Raise a `StackError` with a line for each port of `claims` that cannot be listened on."""
    problems = []
    claimed: dict[int, PortClaim] = {}
    for claim in claims:
        other = claimed.setdefault(claim.port, claim)
        if other is not claim:
            problems.append(
                f"port {claim.port} is wanted twice: by {other.process} ({other.setting}) "
                f"and by {claim.process}; set {claim.setting} to move it"
            )
        elif not is_free(claim.port):
            problems.append(
                f"port {claim.port} is taken: {claim.process} wants it; "
                f"set {claim.setting} to move it{_holder(claim.port)}"
            )
    if problems:
        raise StackError("\n".join(problems), exit_code=2)


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` now."""
    with socket.socket() as listener:
        return _bind(listener, port)


def free_ports(count: int) -> list[int]:
    """`count` different ports that are free now, and that no other process is given soon after."""
    with ExitStack() as held:
        return [_hold_free_port(held.enter_context) for _ in range(count)]


def _hold_free_port(hold: Callable[[socket.socket], socket.socket]) -> int:
    for port in _candidates():
        listener = socket.socket()
        if _bind(listener, port) and _reserve(port):
            hold(listener)
            return port
        listener.close()
    raise StackError(f"no free port was found from {_CHOICE.start} to {_CHOICE.stop - 1}")


def _reserve(port: int) -> bool:
    """Whether nobody else chose `port` a moment ago, to listen on it as soon as they can.

    A name of Linux's abstract namespace ends with its process and leaves no file (unix(7)); other
    systems have none, and no promise.
    """
    if sys.platform != "linux":
        return True
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0photo-uploading-service/port-{port}")
    except OSError:
        name.close()
        return False
    _reservations.append(name.detach())
    if len(_reservations) > _MOST_RESERVATIONS:
        os.close(_reservations.popleft())
    return True


def _candidates() -> Iterable[int]:
    return random.SystemRandom().sample(_CHOICE, 100)


def _bind(listener: socket.socket, port: int) -> bool:
    # As servers do: connections that just ended do not keep a port (socket(7), SO_REUSEADDR).
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(1)
    except OSError:
        return False
    return True


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections(kind="tcp"):
            address = tuple(connection.laddr)
            listens = connection.status == psutil.CONN_LISTEN and address[1:] == (port,)
            if listens and connection.pid:
                name = psutil.Process(connection.pid).name()
                return f" (held by process {connection.pid}, {name})"
    except psutil.Error:  # other people's processes are not ours to see
        return ""
    return ""
