"""The result of a task over HTTP, against a status service whose answers the test decides."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from photo.status.v1 import status_service_pb2 as pb
from photo.status.v1 import status_service_pb2_grpc as pb_grpc
from upload_gateway.routes import task_status

TASK_ID = "01919a3c-5e00-7abc-8def-0123456789ab"
UNKNOWN = dict.fromkeys(
    ("pages", "orientation", "taken_at", "camera", "dominant_color", "thumbhash", "phash", "steps")
)


class Tasks(pb_grpc.StatusServiceServicer):
    """One task that succeeded, with the given result."""

    def __init__(self) -> None:
        self.result = pb.TaskResult(
            random_number=42, processing_time=0.25, format="jpeg", width=1600, height=1000
        )

    async def GetTask(self, request: pb.GetTaskRequest, context: Any) -> pb.GetTaskResponse:
        return pb.GetTaskResponse(task=self._task())

    async def BatchGetTasks(self, request: pb.BatchGetTasksRequest, context: Any) -> Any:
        return pb.BatchGetTasksResponse(tasks=[self._task()])

    def _task(self) -> pb.Task:
        return pb.Task(
            task_id=TASK_ID,
            status=pb.TASK_STATUS_SUCCESS,
            stage=pb.TASK_STAGE_DONE,
            result=self.result,
        )


@pytest.fixture
def tasks() -> Tasks:
    return Tasks()


@pytest.fixture
async def read(tasks: Tasks, open_gateway: Callable[..., Any]) -> Callable[[], Any]:
    """The result of the task, which is the same wherever it is told."""
    client = await open_gateway([task_status], tasks)

    async def get() -> Any:
        one = (await client.get(f"/api/task-status/{TASK_ID}")).json()
        many = (await client.get("/api/task-status/", params={"task_id": TASK_ID})).json()
        assert many == {"tasks": [one]}
        return one["result"]

    return get


async def test_a_result_has_what_the_photo_tells_of_itself(
    tasks: Tasks, read: Callable[[], Any]
) -> None:
    camera = {
        "make": "Canon",
        "model": "EOS R5",
        "lens": "RF50mm F1.2 L USM",
        "exposure_time": 0.008,
        "f_number": 1.2,
        "iso": 100,
        "focal_length": 50.0,
    }
    thumbhash = bytes(range(231, 256))
    tasks.result.MergeFrom(
        pb.TaskResult(
            pages=3,
            orientation=6,
            taken_at="2026-05-01T12:30:15+02:00",
            camera=pb.Camera(**camera),
            dominant_color="#0a141e",
            thumbhash=thumbhash,
            phash="0123456789abcdef",
            step_seconds={"renditions": 0.2, "probe": 0.05},
            renditions=[
                pb.Rendition(
                    name="preview", width=1280, height=800, content_type="image/webp", size=9
                )
            ],
        )
    )
    result = await read()
    assert result == {
        "random_number": 42,
        "processing_time": 0.25,
        "format": "jpeg",
        "width": 1600,
        "height": 1000,
        "pages": 3,
        "orientation": 6,
        "taken_at": "2026-05-01T12:30:15+02:00",
        "camera": camera,
        "dominant_color": "#0a141e",
        "thumbhash": b64encode(thumbhash).decode(),
        "phash": "0123456789abcdef",
        "steps": {"probe": 0.05, "renditions": 0.2},
        "renditions": [
            {
                "name": "preview",
                "width": 1280,
                "height": 800,
                "content_type": "image/webp",
                "size": 9,
                "url": f"/api/tasks/{TASK_ID}/renditions/preview",
            }
        ],
    }
    assert list(result["steps"]) == ["probe", "renditions"]


async def test_what_is_not_known_of_a_photo_is_null(read: Callable[[], Any]) -> None:
    result = await read()
    assert {name: result[name] for name in UNKNOWN} == UNKNOWN


async def test_what_is_not_known_of_a_camera_is_null_and_its_zeros_are_zeros(
    tasks: Tasks, read: Callable[[], Any]
) -> None:
    tasks.result.camera.CopyFrom(pb.Camera(model="", f_number=0, iso=0))
    assert (await read())["camera"] == {
        "make": None,
        "model": "",
        "lens": None,
        "exposure_time": None,
        "f_number": 0.0,
        "iso": 0,
        "focal_length": None,
    }


async def test_a_result_is_described_with_every_field_that_it_has(
    open_gateway: Callable[..., Any], tasks: Tasks, read: Callable[[], Any]
) -> None:
    tasks.result.camera.make = "Canon"
    result = await read()
    client = await open_gateway([task_status], tasks)
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    for name, document in (("ResultDocument", result), ("CameraDocument", result["camera"])):
        assert list(schemas[name]["properties"]) == list(document)
        assert schemas[name]["required"] == list(document)
