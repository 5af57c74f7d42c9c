import json
import os
import signal
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil
import psycopg2
import pytest
import redis

from local_stack.ports import is_free

Start = Callable[..., Any]
WaitUntil = Callable[[Callable[[], bool]], None]


def all_gone(family: list[psutil.Process]) -> bool:
    return not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in family)


def test_everything_is_listed_with_its_process_and_ports(fake_stack: Start) -> None:
    stack = fake_stack()
    stack.wait_until_ready()

    processes = stack.processes()
    assert {name: entry["port"] for name, entry in processes.items()} == dict(
        zip(("postgres", "redis", "fake-service"), stack.ports, strict=True)
    )
    children = {each.pid for each in psutil.Process(stack.process.pid).children()}
    assert children == {entry["pid"] for entry in processes.values()}


@pytest.mark.parametrize(
    ("number", "manners"),
    [(signal.SIGTERM, ()), (signal.SIGINT, ("light",)), (signal.SIGHUP, ("light",))],
)
def test_a_signal_stops_everything_and_leaves_nothing(
    fake_stack: Start, number: signal.Signals, manners: tuple[str, ...]
) -> None:
    stack = fake_stack(*manners)
    stack.wait_until_ready()
    family = stack.family()
    assert len(family) > 2
    stack.process.send_signal(number)

    assert stack.process.wait(20) == 0
    assert all_gone(family)
    assert not (stack.folder / "processes.json").exists()
    assert all(map(is_free, stack.ports))


def test_a_killed_supervisor_leaves_nothing(fake_stack: Start, wait_until: WaitUntil) -> None:
    stack = fake_stack()
    stack.wait_until_ready()
    family = stack.family()
    stack.process.kill()

    wait_until(lambda: all_gone(family))
    assert all(map(is_free, stack.ports))


def test_a_ctrl_c_on_the_terminal_reaches_the_supervisor_alone(fake_stack: Start) -> None:
    stack = fake_stack("light")
    stack.wait_until_ready()

    groups = {os.getpgid(entry["pid"]) for entry in stack.processes().values()}
    assert os.getpgid(stack.process.pid) not in groups
    assert len(groups) == 2


def test_what_is_killed_is_started_again_and_listed_anew(
    fake_stack: Start, wait_until: WaitUntil
) -> None:
    stack = fake_stack()
    stack.wait_until_ready()
    for name in ("postgres", "redis", "fake-service"):
        before = stack.processes()
        os.kill(before[name]["pid"], signal.SIGKILL)
        wait_until(
            lambda name=name, before=before: stack.processes()[name] != before[name]  # type: ignore[misc]
        )
        after = stack.processes()
        assert psutil.pid_exists(after[name]["pid"])
        assert {**after, name: None} == {**before, name: None}
        wait_until(lambda port=before[name]["port"]: not is_free(port))  # type: ignore[misc]


def test_a_service_that_keeps_dying_is_started_again_each_time(
    fake_stack: Start, wait_until: WaitUntil
) -> None:
    stack = fake_stack("light")
    stack.wait_until_ready()
    pids = set()
    for _ in range(3):
        pid = stack.processes()["fake-service"]["pid"]
        pids.add(pid)
        wait_until(lambda: not is_free(stack.ports[2]))
        with suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{stack.ports[2]}/crash", timeout=5)
        wait_until(lambda pid=pid: stack.processes()["fake-service"]["pid"] != pid)  # type: ignore[misc]

    assert len(pids) == 3


def test_data_survive_a_restart_and_a_kill(fake_stack: Start) -> None:
    def addresses(stack: Any) -> tuple[str, str]:
        secret = {
            name: (stack.folder / "secrets" / name).read_text() for name in ("postgres", "redis")
        }
        return (
            f"postgresql://photo:{secret['postgres']}@127.0.0.1:{stack.ports[0]}/photo",
            f"redis://:{secret['redis']}@127.0.0.1:{stack.ports[1]}/0",
        )

    for number, end in enumerate((signal.SIGTERM, signal.SIGKILL, signal.SIGTERM)):
        stack = fake_stack()
        stack.wait_until_ready()
        database_url, redis_url = addresses(stack)
        connection = psycopg2.connect(database_url)
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
            cursor.execute("INSERT INTO kept VALUES (%s)", (number,))
            cursor.execute("SELECT count(*) FROM kept")
            assert cursor.fetchone() == (number + 1,)
        connection.close()
        with redis.Redis.from_url(redis_url) as client:
            assert client.incr("kept") == number + 1
        family = stack.family()
        stack.process.send_signal(end)
        stack.process.wait(20)
        psutil.wait_procs(family, timeout=20)


def test_no_password_is_seen_in_the_list_of_processes(fake_stack: Start) -> None:
    stack = fake_stack()
    stack.wait_until_ready()
    secrets = [each.read_text() for each in (stack.folder / "secrets").iterdir()]

    arguments = [" ".join(each.cmdline()) for each in stack.family()]
    assert len(secrets) == 2
    assert not any(secret in line for secret in secrets for line in arguments)


def test_a_service_that_ignores_the_request_to_stop_is_killed_after_the_grace(
    fake_stack: Start,
) -> None:
    stack = fake_stack("light", "stubborn")
    stack.wait_until_ready()
    family = stack.family()
    stack.process.terminate()

    assert stack.process.wait(20) == 0
    assert all_gone(family)


def test_a_service_that_never_gets_ready_is_named_with_the_end_of_its_log(
    fake_stack: Start,
) -> None:
    stack = fake_stack("light", "speechless")
    _, errors = stack.process.communicate(timeout=30)

    assert stack.process.returncode == 1
    assert "fake-service was not ready in 4 s; the end of " in errors
    assert errors.rstrip().endswith("fake service begins")
    assert not (stack.folder / "processes.json").exists()
    assert all(map(is_free, stack.ports))


def test_a_service_that_refuses_its_settings_is_not_waited_for(fake_stack: Start) -> None:
    stack = fake_stack("light", "wrong")
    _, errors = stack.process.communicate(timeout=30)

    assert stack.process.returncode == 1
    assert "fake-service ended with code 2 and would do so again" in errors


def test_a_second_ctrl_c_does_not_wait_for_anybody(fake_stack: Start) -> None:
    stack = fake_stack("light", "stubborn")
    stack.wait_until_ready()
    family = stack.family()
    stack.process.send_signal(signal.SIGINT)
    assert stack.process.stderr is not None
    while "stack_stopping" not in stack.process.stderr.readline():
        pass
    stack.process.send_signal(signal.SIGINT)
    _, errors = stack.process.communicate(timeout=20)

    assert stack.process.returncode == 0
    assert "process_killed" not in errors  # it was not waited for until its grace had passed
    assert all_gone(family)


def test_a_stop_during_the_start_leaves_nothing(fake_stack: Start, wait_until: WaitUntil) -> None:
    stack = fake_stack("light", "speechless")
    wait_until(lambda: "fake-service" in stack.processes())
    family = stack.family()
    stack.process.terminate()

    assert stack.process.wait(20) == 0
    assert all_gone(family)


def test_the_list_of_processes_is_whole_at_every_moment(
    fake_stack: Start, wait_until: WaitUntil
) -> None:
    stack = fake_stack("light")
    path = stack.folder / "processes.json"
    seen: set[int] = set()

    def complete() -> bool:
        if path.exists():
            seen.add(len(json.loads(path.read_text())))
        return 2 in seen

    wait_until(complete)
    assert seen <= {1, 2}
