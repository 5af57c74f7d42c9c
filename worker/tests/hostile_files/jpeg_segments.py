"""Taking JPEG apart at its markers. Source: ITU-T T.81 annex B."""

import struct
from collections.abc import Iterable, Iterator

SOI = b"\xff\xd8"
EOI = b"\xff\xd9"
SOF0, SOF2, DHT, DQT, SOS, APP1, APP2, COMMENT = 0xC0, 0xC2, 0xC4, 0xDB, 0xDA, 0xE1, 0xE2, 0xFE


def segment(marker: int, payload: bytes) -> bytes:
    """A marker with its length and payload."""
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def after_start(data: bytes, *segments: bytes) -> bytes:
    """The file with further segments behind its first marker."""
    return data[:2] + b"".join(segments) + data[2:]


def segment_offsets(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each segment of a valid file begins, and its marker, up to the first scan."""
    position = 2
    while position + 4 <= len(data):
        marker = data[position + 1]
        yield position, marker
        if marker == SOS:
            return
        position += 2 + int.from_bytes(data[position + 2 : position + 4])


def with_size(data: bytes, width: int, height: int) -> bytes:
    """The file with another size in its frame header."""
    for position, marker in segment_offsets(data):
        if marker in {SOF0, SOF2}:
            size = struct.pack(">HH", height, width)
            return data[: position + 5] + size + data[position + 9 :]
    raise AssertionError("no frame header")


def progressive(
    width: int, height: int, components: int, scans: Iterable[tuple[int, int, int, int]]
) -> bytes:
    """A picture of one colour in these scans, each a few bytes however large it is.

    A scan is the first and last coefficient, and the bits it has before and after (G.1.1.1); each
    component goes through all of them by itself. The decoder keeps two bytes a coefficient.
    """
    blocks = -(-width // 8) * -(-height // 8)
    numbers = range(1, components + 1)
    frame = struct.pack(">BHHB", 8, height, width, components)
    frame += b"".join(bytes((number, 0x11, 0)) for number in numbers)
    # One code of one bit in each table: no difference (DC); a run of 2^14 and more blocks that
    # end at once (AC).
    tables = b"\x00\1" + bytes(15) + b"\x00" + b"\x10\1" + bytes(15) + b"\xe0"
    parts = [SOI, segment(DQT, b"\0" + b"\1" * 64), segment(SOF2, frame), segment(DHT, tables)]
    ended_at_once = _packed("0" + "1" * 14, -(-blocks // 32_767))
    unchanged = bytes(-(-blocks // 8))
    for first, last, before, after in scans:
        for number in numbers:
            parts.append(segment(SOS, bytes((1, number, 0, first, last, before << 4 | after))))
            parts.append(unchanged if first == 0 else ended_at_once)
    return b"".join((*parts, EOI))


def _packed(code: str, times: int) -> bytes:
    bits = code * times
    bits += "1" * (-len(bits) % 8)
    packed = int(bits, 2).to_bytes(len(bits) // 8)
    # F.1.2.3: a byte of ones is followed by a zero.
    return packed.replace(b"\xff", b"\xff\0")
