"""What the header of an image claims, read without a decoder.

Decoders have limits of their own: beyond them a header counts as damaged, or as too much memory.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import islice, takewhile

from photo_domain.file_format import FileFormat
from photo_worker.processing.jpeg_frame import JpegFrame, read_jpeg_frame
from photo_worker.processing.png_chunks import png_chunks
from photo_worker.processing.webp_chunks import webp_chunks

# An empty chunk is eight or twelve bytes, and libpng's warnings of a hundred thousand take libvips
# ten seconds. A picture has a few before its pixels, and an animation one for each frame.
_MOST_CHUNKS = 10_000


@dataclass(frozen=True, slots=True)
class PngHeader:
    """Width and height in pixels."""

    width: int
    height: int
    # Whether more chunks come before the pixels than any encoder writes.
    has_too_many_chunks: bool


@dataclass(frozen=True, slots=True)
class WebpHeader:
    """Width and height in pixels, of an animation its canvas's."""

    width: int
    height: int
    # How many chunks of each kind there are, as far as they were counted.
    kinds: Counter[bytes]

    @property
    def frames(self) -> int:
        """Of an animation (RFC 9649 2.7.1.1); 0 if it is none."""
        return self.kinds[b"ANMF"]

    @property
    def has_too_many_chunks(self) -> bool:
        """Whether there are more than any encoder writes, and not all were counted."""
        return self.kinds.total() > _MOST_CHUNKS


ImageHeader = JpegFrame | PngHeader | WebpHeader


def read_header(data: bytes, file_format: FileFormat) -> ImageHeader | None:
    """The header of an image; None where it does not say its size plainly.

    Raises ProcessingError: corrupt_image if a JPEG has more scans or segments than any encoder
    writes.
    """
    match file_format:
        case FileFormat.PNG:
            return _png_header(data)
        case FileFormat.JPEG:
            return read_jpeg_frame(data)
        case FileFormat.WEBP:
            return _webp_header(data)
        case FileFormat.PDF:
            return None


def _png_header(data: bytes) -> PngHeader | None:
    # ISO/IEC 15948 5.6 and 11.2.1: IHDR is the first chunk.
    if data[12:16] != b"IHDR" or len(data) < 24:
        return None
    before_pixels = takewhile(lambda kind: kind != b"IDAT", png_chunks(data))
    return PngHeader(
        int.from_bytes(data[16:20]),
        int.from_bytes(data[20:24]),
        has_too_many_chunks=next(islice(before_pixels, _MOST_CHUNKS, None), None) is not None,
    )


def _webp_header(data: bytes) -> WebpHeader | None:
    size = _webp_size(data)
    return WebpHeader(*size, Counter(islice(webp_chunks(data), _MOST_CHUNKS + 1))) if size else None


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
