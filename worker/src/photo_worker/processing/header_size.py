"""The size that an image claims, read without a decoder.

Decoders have limits of their own: beyond them a header counts as damaged, or as too much memory.
"""

from photo_domain.file_format import FileFormat
from photo_worker.processing.jpeg_frame import jpeg_frame


def header_size(data: bytes, file_format: FileFormat) -> tuple[int, int] | None:
    """Width and height in pixels, as stored; None where the header does not say it plainly."""
    match file_format:
        case FileFormat.PNG:
            return _png_size(data)
        case FileFormat.JPEG:
            return _jpeg_size(data)
        case FileFormat.WEBP:
            return _webp_size(data)
        case FileFormat.PDF:
            return None


def _png_size(data: bytes) -> tuple[int, int] | None:
    # ISO/IEC 15948 5.6 and 11.2.1: IHDR is the first chunk.
    if data[12:16] != b"IHDR" or len(data) < 24:
        return None
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    frame = jpeg_frame(data)
    return (frame.width, frame.height) if frame else None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    # RFC 9649 2.5 to 2.7: the first chunk is the frame itself or the header of what follows.
    body = data[20:30]
    if len(body) < 10:
        return None
    match data[12:16]:
        case b"VP8X":
            return (
                int.from_bytes(body[4:7], "little") + 1,
                int.from_bytes(body[7:10], "little") + 1,
            )
        case b"VP8L":
            sizes = int.from_bytes(body[1:5], "little")
            return (sizes & 0x3FFF) + 1, (sizes >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            return (
                int.from_bytes(body[6:8], "little") & 0x3FFF,
                int.from_bytes(body[8:10], "little") & 0x3FFF,
            )
    return None
