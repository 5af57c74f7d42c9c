"""The order in which the messages of a streamed upload must come."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from photo_domain.errors import ErrorCode, FieldViolation, RequestError
from photo_domain.limits import UploadLimits
from photo_uploads.upload_pace import UploadPace
from photo_uploads.upload_parts import FileChunk, FileEnd, FilePart, UploadPart

MAX_CHUNK_SIZE = 256 * 1024
# What a message counts at least, of what an upload may bring: each costs time, however little is
# in it. Names are shorter, and what an upload may bring has room for the other messages.
_LEAST_COUNTED = 1024


@dataclass(frozen=True, slots=True)
class BatchHeader:
    """Whose upload begins; an empty key is one that the service makes."""

    owner: str
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class BatchEnd:
    """The upload is whole: so many files, refused ones included."""

    file_count: int


@dataclass(frozen=True, slots=True)
class UnknownMessage:
    """Nothing is set in it that this contract knows."""


StreamMessage = BatchHeader | UploadPart | BatchEnd | UnknownMessage


class UploadStream:
    """The messages of one upload, each held against the rules as it comes.

    A stream that breaks off looks like one that its client ended: only BatchEnd says that the
    upload is whole.
    """

    def __init__(
        self, messages: AsyncIterator[StreamMessage], pace: UploadPace, limits: UploadLimits
    ) -> None:
        self._messages = messages
        # UTF-8 (RFC 3629) takes at most 4 bytes for a character.
        self._max_name_bytes = 4 * limits.max_file_name_characters
        self._pace = pace
        self._limits = limits
        self._message_count = 0
        self._size = 0
        self._file_count = 0
        self._file_is_open = False

    async def header(self) -> BatchHeader:
        """The first message. Raises RequestError (invalid_argument, body_too_slow)."""
        message = await self._next()
        if isinstance(message, BatchHeader):
            return message
        raise self._refused("must be the `batch`, which comes first")

    async def files(self) -> AsyncIterator[UploadPart]:
        """What follows it, up to BatchEnd.

        Raises RequestError (invalid_argument, body_too_large, body_too_slow).
        """
        while True:
            match await self._next():
                case FilePart(file_name) as file:
                    self._require(not self._file_is_open, "file", "must follow a `file_end`")
                    self._require(
                        len(file_name.encode()) <= self._max_name_bytes,
                        "file.file_name",
                        f"must have at most {self._max_name_bytes} bytes",
                    )
                    self._file_is_open = True
                    self._file_count += 1
                    yield file
                case FileChunk(data) as chunk:
                    self._require(self._file_is_open, "chunk", "must follow a `file`")
                    self._require(
                        1 <= len(data) <= MAX_CHUNK_SIZE,
                        "chunk",
                        f"must have 1 to {MAX_CHUNK_SIZE} bytes, not {len(data)}",
                    )
                    yield chunk
                case FileEnd() as end:
                    self._require(self._file_is_open, "file_end", "must follow a `file`")
                    self._file_is_open = False
                    yield end
                case BatchEnd(file_count):
                    self._require(not self._file_is_open, "batch_end", "must follow a `file_end`")
                    self._require(
                        file_count == self._file_count,
                        "batch_end.file_count",
                        f"must be the {self._file_count} that came, not {file_count}",
                    )
                    return
                case BatchHeader():
                    raise self._refused("must come once, first", "batch")
                case UnknownMessage():
                    raise self._refused("must have a part that the contract knows")

    async def _next(self) -> StreamMessage:
        largest = MAX_CHUNK_SIZE if self._file_is_open else 0
        message = await self._pace.next_piece(self._messages, _size_of, largest)
        self._message_count += 1
        if message is None:
            raise self._refused("is missing: the stream ended before its `batch_end`")
        self._size += max(_size_of(message), _LEAST_COUNTED)
        if self._size > self._limits.max_body_size:
            raise RequestError(
                ErrorCode.BODY_TOO_LARGE,
                f"The upload must not be larger than {self._limits.max_body_size} bytes, where"
                f" each message counts as {_LEAST_COUNTED} at least; send fewer files at once.",
            )
        return message

    def _require(self, holds: bool, part: str, rule: str) -> None:  # noqa: FBT001 - a condition
        if not holds:
            raise self._refused(rule, part)

    def _refused(self, rule: str, part: str = "") -> RequestError:
        field = f"messages[{self._message_count - 1}]"
        return RequestError(
            ErrorCode.INVALID_ARGUMENT,
            "The upload breaks rules of the contract.",
            [FieldViolation(f"{field}.{part}" if part else field, rule)],
        )


def _size_of(message: StreamMessage) -> int:
    return len(message.data) if isinstance(message, FileChunk) else 0
