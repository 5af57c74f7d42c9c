"""The accepted file formats and how to tell them by name and by first bytes."""

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

# How many first bytes `sniff_format` needs to tell every format.
SNIFF_SIZE = 12


def format_of_name(file_name: str) -> FileFormat | None:
    """The format that the extension of `file_name` promises, in any case of letters."""
    stem, dot, extension = file_name.rpartition(".")
    return FORMAT_BY_EXTENSION.get(extension.lower()) if stem and dot else None


def sniff_format(head: bytes) -> FileFormat | None:
    """The format whose signature the first `SNIFF_SIZE` bytes carry.

    Signatures: JPEG SOI and the next marker (ITU-T T.81 B.1.1.3), PNG (ISO/IEC 15948 5.2),
    RIFF with form type WEBP (RFC 9649 2.4), PDF header at offset 0 (ISO 32000-2 7.5.2).
    """
    if head.startswith(b"\xff\xd8\xff"):
        return FileFormat.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return FileFormat.PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return FileFormat.WEBP
    if head.startswith(b"%PDF-"):
        return FileFormat.PDF
    return None
