"""What an upload is made of, in the order in which it arrives."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file begins."""

    file_name: str


@dataclass(frozen=True, slots=True)
class FileChunk:
    """The next bytes of the file that began last."""

    data: memoryview


@dataclass(frozen=True, slots=True)
class FileEnd:
    """The file that began last is complete."""


UploadPart = FilePart | FileChunk | FileEnd
