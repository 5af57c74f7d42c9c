"""Writing PNG chunk by chunk. Source: ISO/IEC 15948."""

import struct
import zlib
from collections.abc import Iterator
from random import Random

SIGNATURE = b"\x89PNG\r\n\x1a\n"
IEND = b"\0\0\0\0IEND\xaeB`\x82"

# 11.2.1: colour type to its bit depths, and to its samples a pixel.
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# 8.2: Adam7's passes as x and y of the first pixel and the steps to the next.
_ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)

_BOMB_BLOCK = 1 << 20


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk with its length and checksum (5.3)."""
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def header(width: int, height: int, depth: int = 8, colour: int = 2, interlace: int = 0) -> bytes:
    """IHDR."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))


def palette(entries: int) -> bytes:
    """PLTE of greys."""
    return chunk(b"PLTE", bytes(value for entry in range(entries) for value in (entry,) * 3))


def png(*chunks: bytes) -> bytes:
    """The signature, the chunks and IEND."""
    return SIGNATURE + b"".join(chunks) + IEND


def random_scanlines(
    rng: Random, width: int, height: int, depth: int, colour: int, interlace: int
) -> bytes:
    """Filtered scanlines of random samples, all passes of them."""
    passes = _ADAM7 if interlace else ((0, 0, 1, 1),)
    lines = []
    for x, y, step_x, step_y in passes:
        columns = -(-(width - x) // step_x)
        if columns <= 0:
            continue
        size = -(-columns * depth * _SAMPLES[colour] // 8)
        lines += [
            bytes((rng.randrange(5),)) + rng.randbytes(size) for _ in range(y, height, step_y)
        ]
    return b"".join(lines)


def chunk_offsets(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Where each chunk of a valid PNG begins, its type and the length of its data."""
    position = len(SIGNATURE)
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4])
        yield position, data[position + 4 : position + 8], length
        position += 12 + length


def zeros_deflated(megabytes: int, level: int = 9) -> bytes:
    """A zlib stream of that many MiB of zeros, about a thousandth of their size."""
    compressor = zlib.compressobj(level)
    # After a full flush a block stands for itself and can be repeated.
    first = compressor.compress(bytes(_BOMB_BLOCK)) + compressor.flush(zlib.Z_FULL_FLUSH)
    block = compressor.compress(bytes(_BOMB_BLOCK)) + compressor.flush(zlib.Z_FULL_FLUSH)
    # Adler-32 of zeros (RFC 1950): the low half stays 1, the high one counts.
    checksum = ((megabytes * _BOMB_BLOCK) % 65521) << 16 | 1
    last = b"\x03\x00" + struct.pack(">I", checksum)
    return first + block * (megabytes - 1) + last
