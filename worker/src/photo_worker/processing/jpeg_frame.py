"""What the frame header of a JPEG says, read without a decoder."""

from dataclasses import dataclass

from photo_worker.processing.jpeg_markers import START_OF_SCAN, jpeg_markers

# ITU-T T.81 table B.1: frame headers are C0 to CF but for these.
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_COMPONENT_BYTES = 3


@dataclass(frozen=True, slots=True)
class JpegFrame:
    """A frame and its first scan; width and height in pixels, as stored."""

    width: int
    height: int
    # The sampling factors of each component, across and down: 1 to 4.
    sampling: tuple[tuple[int, int], ...]
    # Whether one scan holds all of the picture; if not, each adds to what came before.
    has_one_scan: bool


def jpeg_frame(data: bytes) -> JpegFrame | None:
    """The first frame of `data`; None where the header does not say it plainly.

    Source: ITU-T T.81 B.2.2 (frame header: length, precision, height, width, components) and B.2.3
    (scan header: length, how many components).
    """
    frame: JpegFrame | None = None
    for marker, position in jpeg_markers(data):
        if marker == START_OF_SCAN:
            if frame and data[position + 4 : position + 5] != bytes([len(frame.sampling)]):
                return JpegFrame(frame.width, frame.height, frame.sampling, has_one_scan=False)
            return frame
        if marker in _FRAME_HEADERS and frame is None and position + 10 <= len(data):
            frame = JpegFrame(
                int.from_bytes(data[position + 7 : position + 9]),
                int.from_bytes(data[position + 5 : position + 7]),
                _sampling(data, position + 10, data[position + 9]),
                has_one_scan=marker not in _PROGRESSIVE,
            )
    return frame


def _sampling(data: bytes, start: int, count: int) -> tuple[tuple[int, int], ...]:
    factors = data[start + 1 : start + count * _COMPONENT_BYTES : _COMPONENT_BYTES]
    return tuple((factor >> 4, factor & 15) for factor in factors)
