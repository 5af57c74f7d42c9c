"""Asking for an action on all photos of a filter, and looking how far it is."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from photo_records.console_tables import OperatorRole

BULK = "/admin/bulk-actions/"


def hidden_fields(page: str) -> dict[str, str]:
    form = page[page.index('class="card question"') :]
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form))


async def test_the_question_counts_and_the_answer_is_done_in_the_background(
    visitor: Any, photos: Any, eventually: Any, audit_lines: Any
) -> None:
    matching = await photos.add(12, failed="timeout")
    await photos.add(2, failed="crashed")
    asked = await visitor.get(f"{BULK}new?action=retry&error_code=timeout&from=2026-01-01T00:00")
    assert asked.status_code == 200
    assert "12 photos</strong>" in asked.text
    assert all(s == "FAILURE" for s in (await photos.statuses()).values())

    page = await visitor.follow(BULK, hidden_fields(asked.text))
    address = page.url.path

    async def ended() -> Any:
        look = await visitor.get(address)
        return look if ">done</span>" in look.text else None

    look = await eventually(ended)
    assert "12 done, 0 refused, of" in look.text
    statuses = await photos.statuses()
    assert {statuses[each] for each in matching} == {"PENDING"}
    assert sorted(statuses.values()) == ["FAILURE"] * 2 + ["PENDING"] * 12
    lines = await audit_lines()
    asked_for, ended_line = lines[0], lines[-1]
    number = address.removeprefix(BULK)
    assert asked_for[:3] == ("ada", "bulk_action", f"bulk action {number}")
    told = json.loads(asked_for[3])
    assert (told["action"], told["matched"]) == ("retry", 12)
    assert told["filter"]["error_code"] == "timeout"
    assert ended_line[1:3] == ("bulk_action_ended", f"bulk action {number}")
    assert f">{number}</a>" in (await visitor.get(BULK)).text


async def test_what_is_uploaded_after_the_question_is_left_alone(
    visitor: Any, photos: Any, eventually: Any
) -> None:
    await photos.add(2)
    asked = await visitor.get(f"{BULK}new?action=delete&owner=alice")
    fields = hidden_fields(asked.text)
    assert datetime.fromisoformat(fields["until"]).replace(tzinfo=UTC) <= datetime.now(UTC)
    # By more than the milliseconds that a task id tells.
    fields["until"] = (datetime.now(UTC) - timedelta(seconds=5)).replace(tzinfo=None).isoformat()
    page = await visitor.follow(BULK, fields)

    async def ended() -> bool:
        return ">done</span>" in (await visitor.get(page.url.path)).text

    await eventually(ended)
    assert len(await photos.statuses()) == 2


async def test_a_form_that_is_sent_twice_asks_once(
    visitor: Any, photos: Any, ingest: Any, pool: Any, audit_lines: Any
) -> None:
    await photos.add()
    ingest.gate.clear()
    asked = await visitor.get(f"{BULK}new?action=cancel&owner=alice")
    fields = hidden_fields(asked.text)
    answers = await asyncio.gather(*(visitor.post(BULK, fields) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await pool.fetchval("SELECT count(*) FROM bulk_actions") == 1
    assert [line[1] for line in await audit_lines()].count("bulk_action") == 1
    # Who asks again does ask twice.
    again = await visitor.get(f"{BULK}new?action=cancel&owner=alice")
    await visitor.follow(BULK, hidden_fields(again.text))
    assert await pool.fetchval("SELECT count(*) FROM bulk_actions") == 2
    ingest.gate.set()


@pytest.mark.parametrize("question_id", ["", "x", "1"])
async def test_a_form_of_no_question_is_refused(
    visitor: Any, photos: Any, question_id: str
) -> None:
    fields = {"action": "cancel", "owner": "alice", "question_id": question_id}
    assert (await visitor.post(BULK, fields)).status_code == 422


async def test_nobody_can_ask_for_what_is_uploaded_later(
    visitor: Any, photos: Any, ingest: Any, pool: Any
) -> None:
    await photos.add()
    ingest.gate.clear()
    asked = await visitor.get(f"{BULK}new?action=delete&owner=alice")
    await visitor.follow(BULK, {**hidden_fields(asked.text), "until": "2099-01-01T00:00"})
    until = await pool.fetchval("SELECT filter->>'until' FROM bulk_actions")
    assert datetime.fromisoformat(until).replace(tzinfo=UTC) <= datetime.now(UTC)
    ingest.gate.set()


@pytest.mark.parametrize(
    "query",
    [
        "action=delete",
        "action=delete&until=2026-01-01T00:00",
        "action=delete&owner=",
        "action=retry&status=SUCCESS",
        "action=cancel&status=FAILURE",
        "action=explode&owner=alice",
        "owner=alice",
        "action=delete&owner=alice&from=soon",
    ],
)
async def test_no_filter_and_a_wrong_one_are_refused(
    visitor: Any, photos: Any, query: str, audit_lines: Any
) -> None:
    await photos.add()
    assert (await visitor.get(f"{BULK}new?{query}")).status_code == 422
    fields = dict(pair.split("=") for pair in query.split("&"))
    answered = await visitor.post(BULK, {**fields, "question_id": str(uuid4())})
    assert answered.status_code == 422
    assert await audit_lines() == []


async def test_a_running_action_can_be_stopped(
    visitor: Any, photos: Any, ingest: Any, audit_lines: Any
) -> None:
    await photos.add(5)
    ingest.gate.clear()
    asked = await visitor.get(f"{BULK}new?action=cancel&owner=alice")
    page = await visitor.follow(BULK, hidden_fields(asked.text))
    assert ">running</span>" in page.text
    stopped = await visitor.follow(f"{page.url.path}/stop")
    ingest.gate.set()
    assert ">stopped</span>" in stopped.text
    assert "Stop</button>" not in stopped.text
    # A second click does nothing.
    await visitor.follow(f"{page.url.path}/stop")
    assert [line[1] for line in await audit_lines() if "stop" in line[1]] == ["stop_bulk_action"]


async def test_more_photos_than_are_counted_are_more_than_that(
    visitor: Any, photos: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from admin_console.routes import bulk_actions

    monkeypatch.setattr(bulk_actions, "MOST_MATCHED", 3)
    await photos.add(4)
    asked = await visitor.get(f"{BULK}new?action=cancel&owner=alice")
    assert "More than 3 photos</strong>" in asked.text
    page = await visitor.follow(BULK, hidden_fields(asked.text))
    assert re.search(r"of\s+more than 3\s", page.text)


async def test_a_viewer_cannot_ask(open_console: Any, photos: Any) -> None:
    viewer = await open_console("vera", OperatorRole.VIEWER)
    await photos.add()
    assert (await viewer.get(f"{BULK}new?action=delete&owner=alice")).status_code == 403
    for address in (BULK, f"{BULK}1/stop"):
        assert (
            await viewer.post(address, {"action": "delete", "owner": "alice"})
        ).status_code == 403
    assert len(await photos.statuses()) == 1


async def test_there_is_no_page_of_an_action_that_is_none(visitor: Any) -> None:
    for name in ("1", "x", "²", "9" * 19, "9" * 40):
        assert (await visitor.get(f"{BULK}{name}")).status_code == 404
