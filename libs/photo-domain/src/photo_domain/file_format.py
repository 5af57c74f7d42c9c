"""The accepted file formats and how to tell them by name and by first bytes."""

from dataclasses import dataclass
from enum import StrEnum


class FileFormat(StrEnum):
    """An accepted format; the value is what users see."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    PDF = "pdf"

    @property
    def content_type(self) -> str:
        """The media type as registered with IANA."""
        return _CONTENT_TYPES[self]


_CONTENT_TYPES = {
    FileFormat.JPEG: "image/jpeg",
    FileFormat.PNG: "image/png",
    FileFormat.WEBP: "image/webp",
    FileFormat.PDF: "application/pdf",
}

FORMAT_BY_EXTENSION = {
    "jpg": FileFormat.JPEG,
    "jpeg": FileFormat.JPEG,
    "png": FileFormat.PNG,
    "webp": FileFormat.WEBP,
    "pdf": FileFormat.PDF,
}

FORMAT_BY_CONTENT_TYPE = {value: key for key, value in _CONTENT_TYPES.items()}


@dataclass(frozen=True, slots=True)
class FixedBytes:
    """Bytes that every file of a format has at `offset`."""

    offset: int
    content: bytes

    @property
    def end(self) -> int:
        """The offset after the last byte."""
        return self.offset + len(self.content)


# No file can have those of two formats.
SIGNATURES = {
    # SOI and the next marker (ITU-T T.81 B.1.1.3).
    FileFormat.JPEG: (FixedBytes(0, b"\xff\xd8\xff"),),
    # ISO/IEC 15948 5.2.
    FileFormat.PNG: (FixedBytes(0, b"\x89PNG\r\n\x1a\n"),),
    # RIFF with form type WEBP (RFC 9649 2.4).
    FileFormat.WEBP: (FixedBytes(0, b"RIFF"), FixedBytes(8, b"WEBP")),
    # The header at offset 0 (ISO 32000-2 7.5.2).
    FileFormat.PDF: (FixedBytes(0, b"%PDF-"),),
}

# How many first bytes `sniff_format` needs to tell every format.
SNIFF_SIZE = max(fixed.end for signature in SIGNATURES.values() for fixed in signature)


def format_of_name(file_name: str) -> FileFormat | None:
    """The format that the extension of `file_name` promises, in any case of letters."""
    stem, dot, extension = file_name.rpartition(".")
    return FORMAT_BY_EXTENSION.get(extension.lower()) if stem and dot else None


def sniff_format(head: bytes) -> FileFormat | None:
    """The format whose signature the first `SNIFF_SIZE` bytes carry."""
    for file_format, signature in SIGNATURES.items():
        if all(head.startswith(fixed.content, fixed.offset) for fixed in signature):
            return file_format
    return None
