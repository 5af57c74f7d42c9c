"""The front page tells how the service stands, and lanes are paused and resumed there."""

import re
from typing import Any

import pytest

from photo_domain.errors import ErrorCode
from photo_records.task_queue import Lane


async def test_backlog_throughput_failures_and_storage_are_told(visitor: Any, photos: Any) -> None:
    await photos.add(3, owner="bob", lane=Lane.BULK)
    await photos.add(2, failed="timeout")
    [done] = await photos.add()
    await photos.succeed(done)
    page = await visitor.get("/admin/")
    assert page.status_code == 200
    assert re.search(r"lane=bulk\">3</a>", page.text)
    assert page.text.count("</span>1 succeeded,") == 2
    assert page.text.count("</span>2 failed;") == 2
    assert "error_code=timeout" in page.text
    assert "No worker answered within a second." in page.text
    assert "2 owners, 6 photos" in page.text
    assert page.text.count("<svg") == 2


async def test_what_waits_is_what_its_link_shows_and_its_button_cancels(
    visitor: Any, photos: Any
) -> None:
    [postponed, running, *_] = await photos.add(4)
    await photos.set(
        [postponed], "attempts = 1, started_at = now(), next_attempt_at = now() + interval '1 hour'"
    )
    await photos.set(
        [running],
        "attempts = 1, started_at = now(), lease_expires_at = now() + interval '1 hour',"
        " claimed_by = 'a worker'",
    )
    page = await visitor.get("/admin/")
    [link, told] = re.search(r'href="([^"]+lane=interactive)">(\d+)</a>', page.text).groups()
    assert told == "3"
    assert "<dt>Of them postponed</dt><dd>1</dd>" in page.text
    shown = await visitor.get(link.replace("&amp;", "&"))
    assert shown.text.count('name="task_id"') == 3
    asked = re.search(r'href="([^"]+new\?action=cancel[^"]+interactive[^"]+)"', page.text)[1]
    assert "3 photos</strong>" in (await visitor.get(asked.replace("&amp;", "&"))).text


async def test_an_empty_service_has_a_front_page(visitor: Any) -> None:
    page = await visitor.get("/admin/")
    assert page.status_code == 200
    assert "0 owners" in page.text


async def test_a_lane_is_paused_and_resumed_and_both_are_on_record(
    visitor: Any, ingest: Any, audit_lines: Any, pool: Any
) -> None:
    page = await visitor.follow("/admin/lanes/bulk/pause")
    assert "Done: 1." in page.text
    assert "by ada" in page.text
    assert "Resume bulk" in page.text
    assert await pool.fetchval("SELECT paused_by FROM paused_lanes") == "ada"
    page = await visitor.follow("/admin/lanes/bulk/resume")
    assert "Pause bulk" in page.text
    assert [line[:3] for line in await audit_lines()] == [
        ("ada", "pause_lane", "bulk"),
        ("ada", "resume_lane", "bulk"),
    ]


async def test_a_pause_that_fails_is_said(visitor: Any, ingest: Any, audit_lines: Any) -> None:
    ingest.refusals.append(ErrorCode.DATABASE_UNAVAILABLE)
    page = await visitor.follow("/admin/lanes/bulk/pause")
    assert "Not done: 1 (the database of the service does not answer" in page.text
    assert len(await audit_lines()) == 2


@pytest.mark.parametrize("lane", ["express", "BULK", "bulk%20"])
async def test_there_are_no_other_lanes(visitor: Any, lane: str) -> None:
    assert (await visitor.post(f"/admin/lanes/{lane}/pause")).status_code == 404


async def test_a_database_that_is_away_is_said(
    visitor: Any, databases: Any, database_url: str
) -> None:
    with databases.unreachable(database_url):
        page = await visitor.get("/admin/")
    assert page.status_code == 503
    assert "The database does not answer" in page.text
