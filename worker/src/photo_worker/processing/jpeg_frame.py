"""What the frame header of a JPEG says, read without a decoder."""

from dataclasses import dataclass

from photo_domain.failure import FailureCode, ProcessingError
from photo_worker.processing.jpeg_markers import START_OF_SCAN, jpeg_markers

# ITU-T T.81 table B.1: frame headers are C0 to CF but for these.
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_COMPONENT_BYTES = 3

# Each scan is a pass over all pixels, for which a few bytes in the file are enough. Encoders write
# about ten; one for every coefficient would be 64.
_MOST_SCANS = 100
# An empty segment is four bytes, and libvips takes seconds for a million. A profile takes up to
# 255, the tables of all scans some hundreds.
_MOST_SEGMENTS = 10_000


@dataclass(frozen=True, slots=True)
class JpegFrame:
    """Width and height in pixels, as stored."""

    width: int
    height: int
    # The sampling factors of each component, across and down: 1 to 4.
    sampling: tuple[tuple[int, int], ...]


def read_jpeg_frame(data: bytes) -> JpegFrame | None:
    """The frame whose scans follow; None where the header does not say it plainly.

    Raises ProcessingError: corrupt_image if there are more scans or segments than any encoder
    writes.
    """
    frame, scans = None, 0
    for number, (marker, position) in enumerate(jpeg_markers(data)):
        if marker == START_OF_SCAN:
            scans += 1
        elif marker in _FRAME_HEADERS and not frame and not scans:
            frame = _frame(data, position)
        if scans > _MOST_SCANS or number == _MOST_SEGMENTS:
            raise ProcessingError(FailureCode.CORRUPT_IMAGE)
    return frame


def _frame(data: bytes, position: int) -> JpegFrame | None:
    # ITU-T T.81 B.2.2: length, precision, height, width, components.
    header = data[position + 4 : position + 10]
    if len(header) < 6:
        return None
    factors = data[position + 11 : position + 10 + header[5] * _COMPONENT_BYTES : _COMPONENT_BYTES]
    sampling = tuple((factor >> 4, factor & 15) for factor in factors)
    if not sampling or not all(1 <= factor <= 4 for pair in sampling for factor in pair):
        return None
    return JpegFrame(int.from_bytes(header[3:5]), int.from_bytes(header[1:3]), sampling)
