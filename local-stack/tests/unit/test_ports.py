import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from local_stack.ports import HOST, PortClaim, check_ports, free_ports, is_free
from local_stack.stack_error import StackError


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_is_named_with_who_wants_it_and_the_setting_that_moves_it(
    taken_port: int,
) -> None:
    with pytest.raises(StackError) as caught:
        check_ports([PortClaim(taken_port, "upload-gateway", "GATEWAY_PORT")])

    assert str(caught.value).startswith(
        f"port {taken_port} is taken: upload-gateway wants it; set GATEWAY_PORT to move it"
    )
    assert caught.value.exit_code == 2


def test_the_holder_of_a_taken_port_is_named_where_it_can_be_seen(taken_port: int) -> None:
    with pytest.raises(StackError, match=rf"held by process {os.getpid()}, "):
        check_ports([PortClaim(taken_port, "redis", "REDIS_PORT")])


def test_every_taken_port_has_its_line(taken_port: int) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        claims = [
            PortClaim(taken_port, "redis", "REDIS_PORT"),
            PortClaim(other.getsockname()[1], "postgres", "POSTGRES_PORT"),
        ]
        with pytest.raises(StackError) as caught:
            check_ports(claims)

    assert [line.split("set ")[1].split()[0] for line in str(caught.value).splitlines()] == [
        "REDIS_PORT",
        "POSTGRES_PORT",
    ]


def test_one_port_for_two_processes_is_refused() -> None:
    port = free_ports(1)[0]
    with pytest.raises(StackError, match=rf"port {port} is wanted twice: by a \(A_PORT\) and by b"):
        check_ports([PortClaim(port, "a", "A_PORT"), PortClaim(port, "b", "B_PORT")])


def test_free_ports_are_accepted() -> None:
    check_ports([PortClaim(port, "any", f"PORT_{port}") for port in free_ports(3)])


def test_free_ports_are_different_and_free() -> None:
    ports = free_ports(20)

    assert len(set(ports)) == 20
    assert all(map(is_free, ports))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that end with a process")
def test_two_processes_never_choose_the_same_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    few = range(11_000, 11_200)
    monkeypatch.setattr("local_stack.ports._CHOICE", few)
    program = (
        "from local_stack import ports\n"
        f"ports._CHOICE = {few}\n"
        "print(*ports.free_ports(50), flush=True)\n"
        "input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        theirs = {int(port) for port in other.stdout.readline().split()}
        assert len(theirs) == 50
        assert theirs.isdisjoint(free_ports(50))
        other.communicate("\n", timeout=30)
