"""A multipart body as it arrives: no part is ever held whole."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import TYPE_CHECKING

from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header

from photo_uploads.upload_pace import PACE_RULE, PaceRule, UploadPace
from photo_uploads.upload_parts import FileChunk, FileEnd
from upload_gateway.extended_file_name import extended_file_name
from upload_gateway.form_parts import FieldPart, FormFile, FormPart
from upload_gateway.problems import Problem

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_MAX_FIELD_SIZE = 4 * 1024
_MAX_FIELDS = 20
# Files and fields: far above the limits, which are told with better words.
_MAX_PARTS = 1_000


def boundary_of(content_type: str) -> bytes:
    """The boundary that a Content-Type header names. Raises Problem (415, 400)."""
    media_type, options = parse_options_header(content_type)
    if media_type != b"multipart/form-data":
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "not_multipart",
            "Send the files as multipart/form-data in the field `images`.",
        )
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70:
        raise _malformed("the boundary must have 1 to 70 characters (RFC 2046 5.1.1)")
    return boundary


async def parse_upload(
    boundary: bytes, body: AsyncIterator[bytes], max_size: int, pace_rule: PaceRule = PACE_RULE
) -> AsyncIterator[FormPart]:
    """The parts of `body` in order, each file chunk as soon as it is there.

    Raises Problem: 400 malformed_multipart, 413 body_too_large for more than `max_size` bytes;
    RequestError (body_too_slow); and what `body` raises.
    """
    collector = _PartCollector()
    parser = MultipartParser(boundary, collector.callbacks())
    pace = UploadPace(pace_rule)
    size = 0
    while (chunk := await pace.next_piece(body, len)) is not None:
        size += len(chunk)
        if size > max_size:
            raise body_too_large(max_size)
        try:
            parser.write(chunk)
        except MultipartParseError as error:
            raise _malformed("the body does not follow RFC 7578") from error
        for part in collector.take():
            yield part
    if not collector.ended:
        raise _malformed("the body ends before its closing boundary")


def body_too_large(max_size: int) -> Problem:
    """More than `max_size` bytes: more than every file at its limit can need."""
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "body_too_large",
        f"The body must not be larger than {max_size} bytes; send fewer files at once.",
    )


class _PartCollector:
    """Turns the parser's callbacks into parts."""

    def __init__(self) -> None:
        self.ended = False
        self._parts: list[FormPart] = []
        self._header_name = b""
        self._header_value = b""
        self._disposition = b""
        self._field: str | None = None
        self._field_value = b""
        self._field_count = 0
        self._part_count = 0

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._on_part_begin,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_part_data,
            "on_part_end": self._on_part_end,
            "on_end": self._on_end,
        }

    def take(self) -> list[FormPart]:
        parts, self._parts = self._parts, []
        return parts

    def _on_part_begin(self) -> None:
        self._part_count += 1
        if self._part_count > _MAX_PARTS:
            raise _malformed(f"there are more than {_MAX_PARTS} parts")
        self._disposition = self._header_name = self._header_value = self._field_value = b""
        self._field = None

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def _on_headers_finished(self) -> None:
        disposition, options = parse_options_header(self._disposition)
        if disposition != b"form-data" or b"name" not in options:
            raise _malformed("a part has no Content-Disposition with a name (RFC 7578 4.2)")
        name = _decoded(options[b"name"])
        if (file_name := self._file_name(options)) is not None:
            self._parts.append(FormFile(name, file_name))
            return
        self._field = name
        self._field_count += 1
        if self._field_count > _MAX_FIELDS:
            raise _malformed(f"there are more than {_MAX_FIELDS} fields beside the files")

    def _file_name(self, options: dict[bytes, bytes]) -> str | None:
        """The name of a file, None for a field. The extended one counts for more (RFC 6266 4.3)."""
        plain = options.get(b"filename")
        try:
            extended = extended_file_name(self._disposition)
        except ValueError:
            if plain is None:
                raise _malformed("a filename* is not UTF-8 as in RFC 8187") from None
            extended = None
        return _decoded(plain) if extended is None and plain is not None else extended

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._field is None:
            self._parts.append(FileChunk(memoryview(data)[start:end]))
            return
        self._field_value += data[start:end]
        if len(self._field_value) > _MAX_FIELD_SIZE:
            raise _malformed(f"a field is larger than {_MAX_FIELD_SIZE} bytes")

    def _on_part_end(self) -> None:
        if self._field is None:
            self._parts.append(FileEnd())
        else:
            self._parts.append(FieldPart(self._field, _decoded(self._field_value)))

    def _on_end(self) -> None:
        self.ended = True


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise _malformed("names and fields must be UTF-8 (RFC 7578 5.1.2)") from None


def _malformed(what: str) -> Problem:
    return Problem(
        HTTPStatus.BAD_REQUEST, "malformed_multipart", f"The upload cannot be read: {what}."
    )
