"""What is known of a photo has the same names from the worker's value to the API and its page."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from photo.status.v1 import status_service_pb2 as pb
from photo_domain.failure import FailureCode
from photo_domain.photo_facts import Camera, PhotoMetadata, Placeholder
from photo_records.tables import PhotoRecord
from photo_worker.processing.rendition_spec import RenditionFormat
from upload_gateway.routes.photo_objects import RENDITION_TYPES
from upload_gateway.task_document import CameraDocument, ResultDocument

API = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")


def test_a_camera_has_the_same_fields_everywhere() -> None:
    names = [field.name for field in fields(Camera)]
    assert [field.name for field in pb.Camera.DESCRIPTOR.fields] == names
    assert list(CameraDocument.model_fields) == names


@pytest.mark.parametrize("facts", [PhotoMetadata, Placeholder])
def test_the_facts_of_a_photo_have_the_same_names_everywhere(facts: type) -> None:
    names = {field.name for field in fields(facts)}
    assert names <= set(PhotoRecord.__table__.columns.keys())
    assert names <= set(pb.TaskResult.DESCRIPTOR.fields_by_name)
    assert names <= set(ResultDocument.model_fields)


def test_every_rendition_that_a_worker_can_make_is_one_that_the_gateway_shows() -> None:
    assert {made.content_type for made in RenditionFormat} == set(RENDITION_TYPES)


def test_every_field_of_a_result_is_documented() -> None:
    documented = {
        name
        for first in re.findall(r"^\| (`[^|]+`) \|", API, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", first)
    }
    assert set(ResultDocument.model_fields) <= documented
    assert set(FailureCode) <= documented


def test_the_example_of_a_result_is_one() -> None:
    example = re.search(r"`result` is null but for SUCCESS:\n\n```json\n(.+?)```", API, re.DOTALL)
    assert example
    result = ResultDocument.model_validate_json(example[1], strict=True, extra="forbid")
    assert set(result.model_fields_set) == set(ResultDocument.model_fields)
