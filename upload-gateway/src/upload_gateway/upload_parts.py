"""What an upload is made of, in the order in which it arrives."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldPart:
    """A form field that is no file, whole: at most 4 KiB."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file begins."""

    name: str
    file_name: str


@dataclass(frozen=True, slots=True)
class FileChunk:
    """The next bytes of the file that began last."""

    data: memoryview


@dataclass(frozen=True, slots=True)
class FileEnd:
    """The file that began last is complete."""


UploadPart = FieldPart | FilePart | FileChunk | FileEnd
