"""What operators do to photos goes through the ingest service, and is on record first."""

import json
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from admin_console.ingest_client import IngestClient
from admin_console.photo_actions import Asker, PhotoActions
from local_stack.ports import free_ports
from photo_domain.errors import ErrorCode
from photo_domain.task_id import new_task_id
from photo_records.bulk_action_table import PhotoAction
from service_kit.grpc_channel import open_channel


async def test_failed_photos_are_pending_again_and_each_is_on_record(
    actions: PhotoActions, photos: Any, asker: Asker, audit_lines: Any, ingest: Any
) -> None:
    task_ids = await photos.add(3, failed="timeout")
    outcomes = await actions.act(PhotoAction.RETRY, task_ids, asker)
    assert [(each.task_id, each.refusal) for each in outcomes] == [
        (task_id, None) for task_id in task_ids
    ]
    assert set((await photos.statuses()).values()) == {"PENDING"}
    assert ingest.operators == ["ada"] * 3
    lines = await audit_lines()
    assert [line[:3] for line in lines] == [("ada", "retry", str(each)) for each in task_ids]


async def test_what_is_refused_has_a_second_line_that_says_why(
    actions: PhotoActions, photos: Any, asker: Asker, audit_lines: Any
) -> None:
    [waiting] = await photos.add()
    [ended] = await photos.add(failed="timeout")
    outcomes = await actions.act(PhotoAction.CANCEL, [ended, waiting], asker, {"bulk_action": 5})
    assert [each.refusal for each in outcomes] == [ErrorCode.TASK_ENDED, None]
    assert not outcomes[0].may_be_repeated
    lines = [(line[2], json.loads(line[3])) for line in await audit_lines()]
    assert lines == [
        (str(ended), {"bulk_action": 5}),
        (str(waiting), {"bulk_action": 5}),
        (str(ended), {"bulk_action": 5, "refused": "task_ended"}),
    ]


async def test_a_photo_that_is_gone_counts_as_deleted(
    actions: PhotoActions, photos: Any, asker: Asker
) -> None:
    [task_id] = await photos.add()
    outcomes = await actions.act(PhotoAction.DELETE, [task_id, new_task_id()], asker)
    assert [each.refusal for each in outcomes] == [None, None]
    assert await photos.statuses() == {}


async def test_at_most_eight_calls_run_at_once(
    actions: PhotoActions, photos: Any, asker: Asker, ingest: Any
) -> None:
    task_ids = await photos.add(30)
    await actions.act(PhotoAction.CANCEL, task_ids, asker)
    assert 1 < ingest.most_running <= 8


@pytest.mark.parametrize("is_repeat", [False, True])
async def test_who_repeats_what_did_not_answer_leaves_one_line(
    actions: PhotoActions,
    photos: Any,
    asker: Asker,
    audit_lines: Any,
    ingest: Any,
    is_repeat: bool,
) -> None:
    [task_id] = await photos.add()
    ingest.refusals.append(ErrorCode.DATABASE_UNAVAILABLE)
    [outcome] = await actions.act(
        PhotoAction.CANCEL, [task_id], asker, repeats=True, is_repeat=is_repeat
    )
    assert outcome.may_be_repeated
    assert len(await audit_lines()) == (0 if is_repeat else 1)


async def test_a_service_out_of_reach_is_not_asked_about_every_photo(
    actions: PhotoActions, photos: Any, asker: Asker, audit_lines: Any, ingest: Any
) -> None:
    task_ids = await photos.add(30)
    ingest.refusals.extend([ErrorCode.OUTCOME_UNKNOWN] * 8)
    outcomes = await actions.act(PhotoAction.CANCEL, task_ids, asker)
    assert [each.refusal for each in outcomes] == [ErrorCode.OUTCOME_UNKNOWN] * 8 + [
        "not_tried"
    ] * 22
    assert len(ingest.operators) == 8
    assert set((await photos.statuses()).values()) == {"PENDING"}
    refused = [json.loads(line[3])["refused"] for line in (await audit_lines())[30:]]
    assert refused == ["outcome_unknown"] * 8 + ["not_tried"] * 22


async def test_nothing_is_done_that_cannot_be_written_down(
    actions: PhotoActions, photos: Any, asker: Asker, pool: asyncpg.Pool
) -> None:
    task_ids: list[UUID] = await photos.add(2)
    await pool.execute("ALTER TABLE audit_log ADD CONSTRAINT is_full CHECK (action <> 'delete')")
    with pytest.raises(asyncpg.CheckViolationError):
        await actions.act(PhotoAction.DELETE, task_ids, asker)
    assert set(await photos.statuses()) == set(task_ids)


async def test_a_service_that_is_away_leaves_the_outcome_unknown(
    pool: asyncpg.Pool, photos: Any, asker: Asker
) -> None:
    [task_id] = await photos.add()
    channel = open_channel(f"dns:///127.0.0.1:{free_ports(1)[0]}")
    away = PhotoActions(pool, IngestClient(channel))
    [outcome] = await away.act(PhotoAction.CANCEL, [task_id], asker)
    assert outcome.refusal is ErrorCode.OUTCOME_UNKNOWN
    assert outcome.may_be_repeated
    await channel.close()
