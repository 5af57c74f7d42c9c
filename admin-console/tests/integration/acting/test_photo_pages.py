"""The pages of photos and batches, and what can be done from them."""

import html
import re
from typing import Any
from uuid import UUID

import pytest

from photo_domain.errors import ErrorCode
from photo_domain.task_id import new_task_id
from photo_records.console_tables import OperatorRole

PHOTOS = "/admin/photos/"


def shown(page: Any) -> list[str]:
    """The task ids of the rows, in their order."""
    assert page.status_code == 200, page.text
    return re.findall(r'<td class="file-name"><a href="/admin/photos/([0-9a-f-]+)"', page.text)


async def test_photos_are_listed_newest_first_page_by_page(visitor: Any, photos: Any) -> None:
    older = {str(each) for each in await photos.add(45)}
    newer = {str(each) for each in await photos.add(45)}
    first = await visitor.get(PHOTOS)
    [address] = re.findall(r'href="([^"]+)" rel="next"', first.text)
    second = await visitor.get(PHOTOS + html.unescape(address))
    assert len(shown(first)) == 50
    both = shown(first) + shown(second)
    assert (set(both[:45]), set(both[45:]), len(both)) == (newer, older, 90)
    assert 'rel="next"' not in second.text
    assert ">Newest</a>" in second.text
    assert ">Newest</a>" not in first.text


async def test_every_filter_of_the_form_narrows_the_list(visitor: Any, photos: Any) -> None:
    [failed] = await photos.add(failed="timeout", name="IMG_1")
    [waiting] = await photos.add(owner="bob", name="Holiday")
    for query, expected in {
        "status=FAILURE": [failed],
        "error_code=timeout": [failed],
        "error_code=crashed": [],
        "status=PENDING&owner=bob": [waiting],
        "name=img_": [failed],
        "format=pdf": [],
        "lane=bulk": [],
        "from=2099-01-01T00:00": [],
        "until=2099-01-01T00:00&owner=alice": [failed],
    }.items():
        assert shown(await visitor.get(f"{PHOTOS}?{query}")) == [str(each) for each in expected]


async def test_a_wrong_filter_is_said_and_lists_nothing(visitor: Any, photos: Any) -> None:
    await photos.add()
    page = await visitor.get(f"{PHOTOS}?from=soon&status=PENDING")
    assert page.status_code == 422
    assert "Uploaded from (UTC): must be a time" in page.text
    assert "file-name" not in page.text


async def test_names_of_files_and_owners_are_text_whatever_they_hold(
    visitor: Any, photos: Any
) -> None:
    bad = '"><script>alert(1)</script>'
    [task_id] = await photos.add(owner=bad, name=bad, failed="internal")
    for address in (PHOTOS, f"{PHOTOS}{task_id}", "/admin/batches/", "/admin/"):
        page = await visitor.get(address)
        assert page.status_code == 200
        assert "<script>alert" not in page.text


async def test_a_photo_that_succeeded_tells_which_worker_did_it(visitor: Any, photos: Any) -> None:
    [done, waiting] = await photos.add(2)
    await photos.succeed(done)
    await photos.set([done], "finished_by = 'photo-worker-1@host:17'")
    page = await visitor.get(f"{PHOTOS}{done}")
    assert "<dt>Finished by</dt><dd><code>photo-worker-1@host:17</code></dd>" in page.text
    assert "Finished by" not in (await visitor.get(f"{PHOTOS}{waiting}")).text


async def test_the_story_of_a_photo_has_everything(visitor: Any, photos: Any, pool: Any) -> None:
    [task_id] = await photos.add(failed="timeout")
    await pool.execute(
        "INSERT INTO failed_attempts"
        " (photo_id, revision, attempt, started_at, ended_at, claimed_by, outcome, error_code)"
        " SELECT id, 2, 1, now() - interval '90 seconds', now(), 'worker-7', 'timeout', 'timeout'"
        " FROM photos WHERE task_id = $1",
        task_id,
    )
    page = await visitor.get(f"{PHOTOS}{task_id}")
    assert page.status_code == 200
    for text in (str(task_id), "photo 0.jpg", "It failed.", "worker-7", "1 min 30 s", "Retry"):
        assert text in page.text
    assert ">Cancel</button>" not in page.text


async def test_a_photo_is_retried_from_its_page_and_the_page_says_so(
    visitor: Any, photos: Any
) -> None:
    [task_id] = await photos.add(failed="timeout")
    page = await visitor.follow(
        f"{PHOTOS}act",
        {"action": "retry", "task_id": str(task_id), "back": f"{PHOTOS}{task_id}"},
    )
    assert "Done: 1." in page.text
    assert "PENDING" in page.text
    assert "<code>retry</code>" in page.text


async def test_chosen_photos_are_acted_on_together_and_the_rest_stays(
    visitor: Any, photos: Any
) -> None:
    first, second, third = await photos.add(3)
    [ended] = await photos.add(failed="timeout")
    page = await visitor.follow(
        f"{PHOTOS}act",
        {
            "action": "cancel",
            "task_id": [str(first), str(second), str(ended)],
            "back": f"{PHOTOS}?owner=alice",
        },
    )
    assert page.url.params["owner"] == "alice"
    assert "Done: 2." in page.text
    assert "Not done: 1 (the task has ended already)." in page.text
    assert (await photos.statuses())[third] == "PENDING"


async def test_deleting_asks_first_and_a_deleted_photo_leaves_its_audit_lines(
    visitor: Any, photos: Any
) -> None:
    [task_id] = await photos.add(name="gone")
    fields = {"action": "delete", "task_id": str(task_id), "back": PHOTOS}
    asked = await visitor.post(f"{PHOTOS}act", fields)
    assert asked.status_code == 200
    assert "This cannot be undone." in asked.text
    assert await photos.statuses() == {task_id: "PENDING"}

    page = await visitor.follow(f"{PHOTOS}act", {**fields, "confirmed": "yes"})
    assert "Done: 1." in page.text
    assert await photos.statuses() == {}
    story = await visitor.get(f"{PHOTOS}{task_id}")
    assert story.status_code == 404
    assert "<code>delete</code>" in story.text


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "retry"},
        {"action": "explode", "task_id": str(new_task_id())},
        {"task_id": str(new_task_id())},
        {"action": "retry", "task_id": "no id"},
        {"action": "retry", "task_id": [str(new_task_id()) for _ in range(101)]},
    ],
)
async def test_a_form_that_chooses_nothing_sensible_does_nothing(
    visitor: Any, fields: Any, audit_lines: Any
) -> None:
    answer = await visitor.post(f"{PHOTOS}act", fields)
    assert answer.status_code == 422
    assert await audit_lines() == []


async def test_a_service_that_is_away_is_said_and_on_record(
    visitor: Any, photos: Any, ingest: Any, audit_lines: Any
) -> None:
    [task_id] = await photos.add(failed="timeout")
    ingest.refusals.append(ErrorCode.DATABASE_UNAVAILABLE)
    page = await visitor.follow(
        f"{PHOTOS}act", {"action": "retry", "task_id": str(task_id), "back": PHOTOS}
    )
    assert "the database of the service does not answer" in page.text
    assert [line[3] for line in await audit_lines()] == [
        "{}",
        '{"refused": "database_unavailable"}',
    ]


async def test_a_viewer_sees_everything_and_is_offered_nothing(
    open_console: Any, photos: Any, audit_lines: Any
) -> None:
    viewer = await open_console("vera", OperatorRole.VIEWER)
    [task_id] = await photos.add(failed="timeout")
    batch = re.search(r"/admin/batches/[0-9a-f-]+", (await viewer.get("/admin/batches/")).text)
    assert batch
    for address in ("/admin/", PHOTOS, f"{PHOTOS}?status=FAILURE", f"{PHOTOS}{task_id}", batch[0]):
        page = await viewer.get(address)
        assert page.status_code == 200
        assert re.findall(r'<form[^>]*method="post" action="([^"]+)"', page.text) == [
            "/admin/logout"
        ]
        assert "bulk-actions/new" not in page.text
    forged = await viewer.post(
        f"{PHOTOS}act", {"action": "retry", "task_id": str(task_id), "back": PHOTOS}
    )
    assert forged.status_code == 403
    assert await photos.statuses() == {task_id: "FAILURE"}
    assert [line[:3] for line in await audit_lines()] == [("vera", "refused", f"{PHOTOS}act")]


async def test_pictures_come_from_the_status_service_as_pictures(
    visitor: Any, photos: Any, status: Any
) -> None:
    [task_id] = await photos.add()
    await photos.succeed(task_id)
    page = await visitor.get(PHOTOS)
    address = f"{PHOTOS}{task_id}/renditions/thumbnail"
    assert f'src="{address}"' in page.text
    picture = await visitor.get(address)
    assert (picture.status_code, len(picture.content)) == (200, 12)
    assert picture.headers["content-type"] == "image/webp"
    assert picture.headers["cache-control"] == "no-store"
    assert status.viewers[0].operator == "ada"


async def test_what_is_no_picture_is_never_shown(visitor: Any, photos: Any, status: Any) -> None:
    status.content_type = "text/html"
    answer = await visitor.get(f"{PHOTOS}{new_task_id()}/renditions/thumbnail")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment"


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (ErrorCode.UNKNOWN_TASK, 404),
        (ErrorCode.UNKNOWN_OBJECT, 404),
        (ErrorCode.STORAGE_UNAVAILABLE, 503),
    ],
)
async def test_a_picture_that_cannot_be_had_says_why_by_its_status(
    visitor: Any, status: Any, refusal: ErrorCode, code: int
) -> None:
    status.refusal = refusal
    answer = await visitor.get(f"{PHOTOS}{new_task_id()}/renditions/thumbnail")
    assert answer.status_code == code


async def test_an_id_or_a_digest_leads_to_what_it_names(
    visitor: Any, photos: Any, pool: Any
) -> None:
    [task_id] = await photos.add()
    row = await pool.fetchrow("SELECT id, batch_id FROM photos")

    async def found(text: str) -> str:
        answer = await visitor.http.get("/admin/find", params={"id": text})
        return str(answer.headers.get("location", answer.status_code))

    assert await found(f" {task_id} ") == f"{PHOTOS}{task_id}"
    assert await found(str(row["batch_id"])) == f"/admin/batches/{row['batch_id']}"
    assert await found(str(row["id"])) == f"{PHOTOS}?photo_id={row['id']}"
    assert await found("00" * 32) == f"{PHOTOS}?sha256={'00' * 32}"
    unknown = new_task_id()
    assert await found(str(unknown)) == f"{PHOTOS}{unknown}"
    for nonsense in ("", "photo.jpg", "²", "0x12"):
        assert await found(nonsense) == "404"


async def test_a_batch_shows_its_photos_and_its_refused_files(
    visitor: Any, photos: Any, pool: Any
) -> None:
    task_ids = await photos.add(3, name="beach")
    await pool.execute(
        "UPDATE batches SET rejected = $1::jsonb",
        '[{"position": 3, "file_name": "notes.txt",'
        ' "errors": [{"code": "unsupported_extension", "detail": "Not accepted."}]}]',
    )
    listed = await visitor.get("/admin/batches/?owner=alice")
    [address] = re.findall(r'href="(/admin/batches/[0-9a-f-]+)"', listed.text)
    page = await visitor.get(address)
    assert shown(page) == [str(each) for each in task_ids]
    assert "notes.txt" in page.text
    assert "unsupported_extension" in page.text
    assert (await visitor.get("/admin/batches/?owner=bob")).text.count("/admin/batches/0") == 0
    assert (await visitor.get(f"/admin/batches/{new_task_id()}")).status_code == 404
    assert (await visitor.get("/admin/batches/x")).status_code == 404


async def test_the_pages_of_no_id_are_not_there(visitor: Any) -> None:
    for address in ("x", "x/renditions/thumbnail", f"{UUID(int=0)}x"):
        assert (await visitor.get(f"{PHOTOS}{address}")).status_code == 404
