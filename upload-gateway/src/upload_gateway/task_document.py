"""A task as JSON, the same everywhere."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from photo_domain.task_state import TaskStage, TaskStatus
from photo_uploads.incoming_file import StoredFile

TaskDict = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TaskState:
    """How a task stands; the revision rises with every change of the document."""

    document: TaskDict
    revision: int

    @property
    def is_terminal(self) -> bool:
        """Whether the task has ended."""
        return self.document["status"] is not TaskStatus.PENDING


@dataclass(frozen=True, slots=True)
class TaskChange:
    """How a task stands now; `cursor` resumes a stream after it.

    Of a deleted one the document has task_id and batch_id only. Without a state nothing changed,
    and the cursor alone is news.
    """

    state: TaskState | None
    cursor: str
    deleted: bool = False


class RenditionDocument(BaseModel):
    """A smaller copy of a photo; width and height in pixels, size in bytes."""

    name: str
    width: int
    height: int
    content_type: str
    size: int
    url: str


class CameraDocument(BaseModel):
    """How a photo was taken; null is what the file does not say.

    `exposure_time` in seconds, `focal_length` in millimetres, `iso` as of ISO 12232.
    """

    make: str | None
    model: str | None
    lens: str | None
    exposure_time: float | None
    f_number: float | None
    iso: int | None
    focal_length: float | None


class ResultDocument(BaseModel):
    """What processing found and made; `processing_time` in seconds, sizes in pixels, upright.

    Null is what the file does not say, and in results of earlier versions what was not looked for.
    """

    random_number: int
    processing_time: float
    format: Literal["jpeg", "png", "webp", "pdf"]
    width: int
    height: int
    pages: int | None = Field(description="Of a document")
    orientation: int | None = Field(
        description="How the original is stored (EXIF); width, height and renditions are upright",
        ge=1,
        le=8,
    )
    taken_at: str | None = Field(
        description="ISO 8601, with a UTC offset only where the file has one",
        examples=["2026-05-01T12:30:15+02:00", "2026-05-01T12:30:15"],
    )
    camera: CameraDocument | None
    dominant_color: str | None = Field(
        description="The colour that most of the photo has", pattern="^#[0-9a-f]{6}$"
    )
    thumbhash: str | None = Field(
        description="Base64 of at most 25 bytes, https://evanw.github.io/thumbhash/"
    )
    phash: str | None = Field(
        description="A 64-bit perceptual hash: alike photos differ in few bits",
        pattern="^[0-9a-f]{16}$",
    )
    steps: dict[str, float] | None = Field(description="Seconds of each step of processing")
    renditions: list[RenditionDocument]


class FailureDocument(BaseModel):
    """Why a task failed: `code` for programs, `message` for people."""

    code: str
    message: str


class TaskDocument(BaseModel):
    """The processing of one photo; `size` in bytes, times in UTC (RFC 3339)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "task_id": "01919a3c-5e00-7abc-8def-0123456789ab",
                    "batch_id": "01919a3c-5dff-7abc-8def-0123456789ab",
                    "photo_id": 1,
                    "file_name": "IMG_0001.jpg",
                    "content_type": "image/jpeg",
                    "size": 2483017,
                    "status": "PENDING",
                    "stage": "queued",
                    "attempts": 0,
                    "created_at": "2026-05-01T10:30:15.123456Z",
                    "started_at": None,
                    "finished_at": None,
                    "status_url": "/api/task-status/01919a3c-5e00-7abc-8def-0123456789ab",
                    "result": None,
                    "error": None,
                }
            ]
        }
    )

    task_id: str
    batch_id: str
    photo_id: int
    file_name: str
    content_type: str
    size: int
    status: TaskStatus
    stage: TaskStage
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    status_url: str
    result: ResultDocument | None
    error: FailureDocument | None


def status_url(task_id: str) -> str:
    """Where the task is told."""
    return f"/api/task-status/{task_id}"


def rendition_url(task_id: str, name: str) -> str:
    """Where the rendition lies."""
    return f"/api/tasks/{task_id}/renditions/{name}"


def utc_text(moment: datetime) -> str:
    """RFC 3339 with microseconds and Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def queued_task(
    file: StoredFile, *, task_id: str, batch_id: str, photo_id: int, created_at: datetime
) -> TaskDict:
    """The document of a task as it was when it was registered."""
    return {
        "task_id": task_id,
        "batch_id": batch_id,
        "photo_id": photo_id,
        "file_name": file.file_name,
        "content_type": file.content_type,
        "size": file.size,
        "status": TaskStatus.PENDING,
        "stage": TaskStage.QUEUED,
        "attempts": 0,
        "created_at": utc_text(created_at),
        "started_at": None,
        "finished_at": None,
        "status_url": status_url(task_id),
        "result": None,
        "error": None,
    }
