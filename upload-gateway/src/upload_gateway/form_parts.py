"""What a form with files is made of, and the files of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus

from photo_uploads.upload_parts import FileChunk, FileEnd, FilePart, UploadPart
from upload_gateway.problems import Problem

FILE_FIELD = "images"


@dataclass(frozen=True, slots=True)
class FieldPart:
    """A form field that is no file, whole: at most 4 KiB."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file begins in the field `name`."""

    name: str
    file_name: str


FormPart = FieldPart | FormFile | FileChunk | FileEnd


async def files_of(parts: AsyncIterator[FormPart]) -> AsyncIterator[UploadPart]:
    """The files of a form: without its fields, and without file inputs that were left empty.

    Raises Problem (422 unexpected_field), and what `parts` raises.
    """
    nameless = False
    async for part in parts:
        match part:
            case FileChunk(data):
                if nameless and data:
                    nameless = False
                    yield FilePart("")
                if not nameless:
                    yield part
            case FileEnd():
                # A file input that was left empty comes as a file without name and bytes.
                if not nameless:
                    yield part
                nameless = False
            case FormFile(name, file_name):
                if name != FILE_FIELD:
                    raise _unexpected_field(name)
                nameless = not file_name
                if not nameless:
                    yield FilePart(file_name)
            case FieldPart():
                pass


def _unexpected_field(name: str) -> Problem:
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "unexpected_field",
        f"A file came in the field `{name[:100]}`; send files in `{FILE_FIELD}`.",
        {"rejected": []},
    )
