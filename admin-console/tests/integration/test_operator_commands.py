"""The commands about operators, as processes."""

import asyncio
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import asyncpg
import pytest

PASSWORD = "a password for ann"


def run(database_url: str, *command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 - handed on to a child
        if not name.startswith("ADMIN_")
    }
    return subprocess.run(
        [sys.executable, "-m", "admin_console", *command],
        env={**environment, "DATABASE_URL": database_url, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def create(
    database_url: str, *options: str, name: str = "ann", password: str = PASSWORD
) -> "subprocess.CompletedProcess[str]":
    return run(
        database_url,
        "createsuperuser",
        *options,
        ADMIN_USERNAME=name,
        ADMIN_PASSWORD=password,
    )


async def test_an_operator_made_by_the_command_may_sign_in(site: Any, database_url: str) -> None:
    done = create(database_url)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ann may sign in now, as superuser" in done.stdout
    assert PASSWORD not in done.stdout
    answer = await site.visit().send_login("ann", PASSWORD)
    assert answer.status_code == 303
    first = (await site.audit_lines())[0]
    assert (first["operator"], first["action"], first["target"]) == (
        "(command line)",
        "create_operator",
        "ann",
    )


async def test_if_missing_is_for_every_start_and_changes_nobody(
    pool: asyncpg.Pool, database_url: str
) -> None:
    assert create(database_url, "--if-missing", "--role", "viewer").returncode == 0
    before = await pool.fetchrow("SELECT * FROM admin_users")
    again = create(database_url, "--if-missing", name="ANN", password="x")
    assert (again.returncode, again.stdout) == (0, "ANN is there already.\n")
    assert await pool.fetch("SELECT * FROM admin_users") == [before]
    assert before["role"] == "viewer"
    twice = create(database_url)
    assert twice.returncode == 1
    assert "There is an operator ann already." in twice.stderr


async def test_two_replicas_that_start_at_once_make_one_operator(
    pool: asyncpg.Pool, database_url: str
) -> None:
    async with pool.acquire() as quicker:
        transaction = quicker.transaction()
        await transaction.start()
        await quicker.execute(
            "INSERT INTO admin_users (name, password_hash, role) VALUES ('ann', 'x', 'superuser')"
        )
        command = asyncio.create_task(asyncio.to_thread(create, database_url, "--if-missing"))
        deadline = time.monotonic() + 30
        while not await pool.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            assert time.monotonic() < deadline, "it does not wait for the quicker one"
            await asyncio.sleep(0.02)
        await transaction.commit()
    done = await command
    assert (done.returncode, done.stdout) == (0, "ann is there already.\n")
    assert await pool.fetchval("SELECT count(*) FROM admin_users") == 1


async def test_the_password_may_come_from_a_file(
    site: Any, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    done = run(database_url, "createsuperuser", ADMIN_USERNAME="ann", ADMIN_PASSWORD_FILE=str(file))
    assert done.returncode == 0, done.stderr
    assert (await site.visit().send_login("ann", PASSWORD)).status_code == 303


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"ADMIN_USERNAME": "ann", "ADMIN_PASSWORD": "too short"}, "at least 12 characters"),
        ({"ADMIN_USERNAME": "a" * 65, "ADMIN_PASSWORD": PASSWORD}, "1 to 64 characters"),
        ({"ADMIN_USERNAME": " ann", "ADMIN_PASSWORD": PASSWORD}, "1 to 64 characters"),
        ({"ADMIN_USERNAME": "ann", "ADMIN_PASSWORD": ""}, "Nobody is at a terminal"),
        ({"ADMIN_PASSWORD": PASSWORD}, "Nobody is at a terminal"),
        ({"ADMIN_USERNAME": "ann", "ADMIN_PASSWORD_FILE": "/nowhere"}, "ADMIN_PASSWORD_FILE"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_made(
    pool: asyncpg.Pool, database_url: str, variables: dict[str, str], told: str
) -> None:
    done = run(database_url, "createsuperuser", **variables)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert PASSWORD not in done.stderr
    assert await pool.fetchval("SELECT count(*) FROM admin_users") == 0


async def test_a_person_at_a_terminal_is_asked_twice_and_types_unseen(
    site: Any, database_url: str
) -> None:
    shown = _at_terminal(database_url, ["ann", PASSWORD, PASSWORD])
    assert "ann may sign in now" in shown
    assert PASSWORD not in shown
    assert (await site.visit().send_login("ann", PASSWORD)).status_code == 303
    assert "The two passwords differ." in _at_terminal(
        database_url, ["bob", PASSWORD, f"{PASSWORD}?"]
    )


async def test_a_changed_password_ends_the_sessions(site: Any, database_url: str) -> None:
    visitor = await site.signed_in()
    done = run(database_url, "changepassword", "ann", ADMIN_PASSWORD=PASSWORD)
    assert done.stdout == "The password of ann is changed; sessions ended: 1.\n"
    assert (await visitor.get("/admin/sessions/")).status_code == 303
    assert (await visitor.send_login("ann", PASSWORD)).status_code == 303


async def test_a_deactivated_operator_is_signed_out_and_stays_out(
    site: Any, database_url: str
) -> None:
    visitor = await site.signed_in()
    done = run(database_url, "deactivate", "ann")
    assert done.stdout == "ann may sign in no more; sessions ended: 1, bulk actions stopped: 0.\n"
    assert (await visitor.get("/admin/sessions/")).status_code == 303
    assert (await visitor.send_login("ann")).status_code == 422


async def test_the_bulk_actions_of_a_deactivated_operator_stop(
    site: Any, database_url: str, pool: asyncpg.Pool
) -> None:
    for name in ("ann", "bob"):
        await site.add_operator(name)
        # As if a replica had each, so that this console takes none.
        await pool.execute(
            "INSERT INTO bulk_actions"
            " (operator, address, request_id, action, filter, claim, lease_expires_at)"
            " VALUES ($1, '', '', 'delete', '{}', 1, now() + interval '1 hour')",
            name,
        )
    done = run(database_url, "deactivate", "ann")
    assert "bulk actions stopped: 1." in done.stdout
    rows = await pool.fetch("SELECT id, operator, state FROM bulk_actions ORDER BY id")
    assert [(row["operator"], row["state"]) for row in rows] == [
        ("ann", "stopped"),
        ("bob", "running"),
    ]
    lines = await site.audit_lines()
    assert [(line["operator"], line["action"], line["target"]) for line in lines] == [
        ("(command line)", "stop_bulk_action", f"bulk action {rows[0]['id']}"),
        ("(command line)", "deactivate_operator", "ann"),
    ]


def test_nobody_of_that_name_is_said_to_be_nobody(database_url: str) -> None:
    for command in ("changepassword", "deactivate"):
        done = run(database_url, command, "nobody", ADMIN_PASSWORD=PASSWORD)
        assert done.returncode == 1
        assert "There is no operator nobody." in done.stderr


def test_a_database_that_lets_nobody_in_says_so_in_one_line(database_url: str) -> None:
    done = create(f"postgresql://nobody:very-secret@{database_url.rpartition('@')[2]}")
    assert done.returncode == 1
    assert done.stderr.startswith("DATABASE_URL: the database lets nobody in")
    assert done.stderr.count("\n") == 1
    assert "very-secret" not in done.stderr


def test_a_database_that_is_away_or_older_is_named_without_its_password() -> None:
    done = create("postgresql://photo:very-secret@127.0.0.1:1/none")
    assert done.returncode == 1
    assert done.stderr.startswith("DATABASE_URL: the database does not answer")
    assert "very-secret" not in done.stderr


def _at_terminal(database_url: str, lines: list[str]) -> str:
    """What a person sees who types these lines, each when asked for it."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "admin_console", "createsuperuser"],
        env={**os.environ, "DATABASE_URL": database_url},  # noqa: TID251 - for a child
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    asked = 0
    try:
        while True:
            try:
                shown += os.read(ours, 1024)
            except OSError:  # it has ended
                break
            if asked < len(lines) and shown.rstrip(b" ").endswith(b":") and shown[-1:] != b"\n":
                shown += b"\n"
                os.write(ours, lines[asked].encode() + b"\n")
                asked += 1
    finally:
        process.wait(30)
        os.close(ours)
    return shown.decode()
