"""Telling a file that ends too early from one that is damaged otherwise.

Decoders word it differently from version to version, so the bytes themselves are asked, and only
after a decoder gave up.
"""

from photo_domain.failure import FailureCode
from photo_domain.file_format import FileFormat
from photo_worker.processing.jpeg_markers import END_OF_IMAGE, START_OF_SCAN, jpeg_markers

# ISO 32000-2 7.5.5 with the tolerance that readers have: the end marker is near the end.
_PDF_TAIL = 1024


def unreadable_code(data: bytes, claimed: FileFormat) -> FailureCode:
    """Why a decoder could not read `data`: truncated_image or corrupt_image."""
    ends_too_early = {
        FileFormat.JPEG: _jpeg_ends_too_early,
        FileFormat.PNG: _png_ends_too_early,
        FileFormat.WEBP: _webp_ends_too_early,
        FileFormat.PDF: _pdf_ends_too_early,
    }[claimed]
    return FailureCode.TRUNCATED_IMAGE if ends_too_early(data) else FailureCode.CORRUPT_IMAGE


def _jpeg_ends_too_early(data: bytes) -> bool:
    # ITU-T T.81 B.2.1: segments up to a start of scan, from there on to an end of image. An
    # embedded thumbnail lies inside a segment, which is skipped whole.
    for marker, position in jpeg_markers(data):
        if marker in {START_OF_SCAN, END_OF_IMAGE}:
            return data.find(b"\xff\xd9", position) < 0
    return True


def _png_ends_too_early(data: bytes) -> bool:
    # ISO/IEC 15948 5.3: length, type, data, checksum; a type is four letters, the first is IHDR
    # and the last IEND.
    position, expected = 8, b"IHDR"
    while position + 8 <= len(data):
        kind = data[position + 4 : position + 8]
        if not (kind == expected or (not expected and kind.isalpha())):
            return False
        if kind == b"IEND":
            return len(data) < position + 12
        position, expected = position + 12 + int.from_bytes(data[position : position + 4]), b""
    # A damaged length leads past the end as well; then an IEND chunk is still there.
    return b"IEND" not in data[-12:]


def _webp_ends_too_early(data: bytes) -> bool:
    # RFC 9649 2.3: the size field counts what follows it.
    return len(data) < 8 + int.from_bytes(data[4:8], "little")


def _pdf_ends_too_early(data: bytes) -> bool:
    return b"%%EOF" not in data[-_PDF_TAIL:]
