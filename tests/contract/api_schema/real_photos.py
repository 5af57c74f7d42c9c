"""Hooks of schemathesis: what it cannot know of uploads."""

from io import BytesIO
from zlib import crc32

import schemathesis
from PIL import Image
from schemathesis.core.failures import Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.hooks import HookContext
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.transport.serialization import Binary

_FILES = "images"


def _photo(file_format: str) -> bytes:
    file = BytesIO()
    Image.linear_gradient("L").resize((48, 32)).convert("RGB").save(file, file_format)
    return file.getvalue()


# The last two end in FAILURE, so that there is something to retry.
_PHOTOS = [
    *(_photo(each) for each in ("JPEG", "PNG", "WEBP", "PDF")),
    b"\xff\xd8\xff" + b"\0" * 64,
    b"\x89PNG\r\n\x1a\n" + b"\0" * 64,
]


@schemathesis.hook.apply_to(operation_id="upload")
def map_case(context: HookContext, case: Case) -> Case:
    """Let what is valid by its description be so: its first file is a photo, which no schema says.

    With it every such upload has to be accepted, whatever the bytes of the other files are.
    """
    body = case.meta.components.get(ParameterLocation.BODY) if case.meta else None
    if body is not None and body.mode.is_positive and isinstance(case.body, dict):
        first, *others = case.body[_FILES]
        # Chosen by what was generated, so that the same case is the same again.
        photo = _PHOTOS[crc32(repr((first, len(others))).encode()) % len(_PHOTOS)]
        case.body[_FILES] = [Binary(photo), *others]
    return case


@schemathesis.hook.apply_to(operation_id=["upload", "task_statuses"])
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Drop two failures: what an earlier case did, this one cannot know."""
    if not isinstance(failure, RejectedPositiveData) or response.status_code != 422:
        return True
    code = response.json()["code"]
    # An Idempotency-Key that was used for other files already.
    if code == "idempotency_mismatch":
        return False
    # The link of an upload that was repeated when its photos had all been deleted.
    return code != "no_task_ids" or case.query.get("task_id") != []
