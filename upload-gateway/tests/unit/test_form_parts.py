from collections.abc import AsyncIterator

import pytest

from photo_uploads.upload_parts import FileChunk, FileEnd, FilePart, UploadPart
from upload_gateway.form_parts import FieldPart, FormFile, FormPart, files_of
from upload_gateway.problems import Problem

BYTES = FileChunk(memoryview(b"bytes"))


async def files(*parts: FormPart) -> list[UploadPart]:
    async def arriving() -> AsyncIterator[FormPart]:
        for part in parts:
            yield part

    return [part async for part in files_of(arriving())]


async def test_fields_and_file_inputs_that_were_left_empty_are_no_files() -> None:
    form = [
        FieldPart("comment", "x"),
        FormFile("images", ""),
        FileChunk(memoryview(b"")),
        FileEnd(),
        FormFile("images", "a.jpg"),
        BYTES,
        FileEnd(),
        FormFile("images", "empty.jpg"),
        FileEnd(),
    ]
    assert await files(*form) == [
        FilePart("a.jpg"),
        BYTES,
        FileEnd(),
        FilePart("empty.jpg"),
        FileEnd(),
    ]


async def test_a_file_without_a_name_is_one_if_it_has_bytes() -> None:
    form = [FormFile("images", ""), BYTES, BYTES, FileEnd()]
    assert await files(*form) == [FilePart(""), BYTES, BYTES, FileEnd()]


async def test_a_file_in_another_field_is_refused() -> None:
    with pytest.raises(Problem) as refused:
        await files(FieldPart("file", "x"), FormFile("file", "a.jpg"))
    assert (refused.value.status, refused.value.code) == (422, "unexpected_field")
    assert refused.value.extensions == {"rejected": []}
