"""The page of an upload, against a status service whose answers the test decides."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from photo.status.v1 import status_service_pb2 as pb
from photo.status.v1 import status_service_pb2_grpc as pb_grpc
from upload_gateway.catalog import CATALOGS
from upload_gateway.routes import batch_page

PAGE = "/api/batches/01919a3c-5dff-7abc-8def-0123456789ab/page"
ACCEPT = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
RUSSIAN_TEXTS = CATALOGS["ru"]
RUSSIAN = {**ACCEPT, "Accept-Language": "ru-RU, ru"}


class Batch(pb_grpc.StatusServiceServicer):
    """One batch."""

    def __init__(self) -> None:
        self.answer = pb.GetBatchResponse()

    async def GetBatch(self, request: pb.GetBatchRequest, context: Any) -> pb.GetBatchResponse:
        return self.answer


@pytest.fixture
def batch() -> Batch:
    return Batch()


@pytest.fixture
async def client(batch: Batch, open_gateway: Callable[..., Any]) -> Any:
    return await open_gateway([batch_page], batch)


def waiting(stage: pb.TaskStage.ValueType) -> pb.Task:
    return pb.Task(task_id="t", file_name="a.jpg", status=pb.TASK_STATUS_PENDING, stage=stage)


def failed(code: str) -> pb.Task:
    return pb.Task(
        task_id="t",
        file_name="a.jpg",
        status=pb.TASK_STATUS_FAILURE,
        stage=pb.TASK_STAGE_DONE,
        error=pb.TaskError(code=code, message="As the server says it."),
    )


async def test_the_page_speaks_the_visitors_language(client: Any, batch: Batch) -> None:
    refusal = pb.TaskError(code="empty_file", message="The file is empty.")
    batch.answer = pb.GetBatchResponse(
        tasks=[waiting(pb.TASK_STAGE_QUEUED), failed("corrupt_image")],
        rejected=[pb.RejectedFile(file_name="b.jpg", errors=[refusal])],
    )
    page = (await client.get(PAGE, headers=RUSSIAN)).text
    for text in (
        '<html lang="ru">',
        RUSSIAN_TEXTS.text("batch.totals", done=0, failed=1, waiting=1),
        "Страница обновляется каждые 2 секунды.",
        RUSSIAN_TEXTS.text("batch.failed", reason="Файл повреждён и не читается."),
        "Файл пуст.",
    ):
        assert text in page
    english = (await client.get(PAGE, headers=ACCEPT)).text
    assert "This page looks again every 2 seconds." in english


@pytest.mark.parametrize(
    ("stage", "told"),
    [
        (pb.TASK_STAGE_QUEUED, "Waiting"),
        (pb.TASK_STAGE_PROCESSING, "Being processed"),
        (pb.TASK_STAGE_WAITING_TO_RETRY, "Waiting to be tried again"),
    ],
)
async def test_the_page_tells_what_happens_to_a_photo(
    client: Any, batch: Batch, stage: pb.TaskStage.ValueType, told: str
) -> None:
    batch.answer = pb.GetBatchResponse(tasks=[waiting(stage)])
    assert f"<td>{told}</td>" in (await client.get(PAGE, headers=ACCEPT)).text


async def test_a_reason_without_a_text_of_its_own_is_told_as_the_server_says_it(
    client: Any, batch: Batch
) -> None:
    batch.answer = pb.GetBatchResponse(tasks=[failed("a_newer_code")])
    page = (await client.get(PAGE, headers=RUSSIAN)).text
    assert RUSSIAN_TEXTS.text("batch.failed", reason="As the server says it.") in page


async def test_a_visitor_switches_the_language_of_the_page(client: Any) -> None:
    page = (await client.get(PAGE, headers=ACCEPT)).text
    assert '<a href="?language=ru"' in page
    answer = await client.get(f"{PAGE}?language=ru", headers=ACCEPT)
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    assert '<html lang="ru">' in (await client.get(PAGE, headers=ACCEPT)).text


async def test_nothing_in_a_file_name_becomes_part_of_the_page(client: Any, batch: Batch) -> None:
    task = failed("corrupt_image")
    task.file_name = '"><script src=x>.jpg'
    batch.answer = pb.GetBatchResponse(tasks=[task])
    page = (await client.get(PAGE, headers=ACCEPT)).text
    assert re.findall(r"<script", page) == []
    assert "&lt;script src=x&gt;.jpg" in page


async def test_whoever_reads_slowly_stops_the_page_from_coming_again(
    client: Any, batch: Batch
) -> None:
    batch.answer = pb.GetBatchResponse(tasks=[waiting(pb.TASK_STAGE_QUEUED)])
    page = (await client.get(PAGE, headers=ACCEPT)).text
    assert '<meta http-equiv="refresh" content="2">' in page
    [stop] = re.findall(r'<a href="(\?refresh=[^"]+)"', page)
    stopped = (await client.get(PAGE + stop, headers=ACCEPT)).text
    assert "http-equiv" not in stopped
    [again] = re.findall(r'<a href="(\?refresh=[^"]+)"', stopped)
    assert (await client.get(PAGE + again, headers=ACCEPT)).text == page
