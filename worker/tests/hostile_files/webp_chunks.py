"""Putting WebP together chunk by chunk. Source: RFC 9649."""

import struct

ANIMATION, XMP, EXIF, ALPHA, ICC = 0x02, 0x04, 0x08, 0x10, 0x20


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk, padded to an even length (2.3)."""
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def riff(*chunks: bytes) -> bytes:
    """The file of these chunks (2.4)."""
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def vp8x(flags: int, width: int, height: int) -> bytes:
    """The header of the extended format (2.7.1)."""
    return chunk(b"VP8X", bytes((flags, 0, 0, 0)) + _uint24(width - 1) + _uint24(height - 1))


def animation(loops: int = 0) -> bytes:
    """ANIM (2.7.1.1): background and loops."""
    return chunk(b"ANIM", b"\xff\xff\xff\xff" + struct.pack("<H", loops))


def frame(image: bytes, width: int, height: int, x: int = 0, y: int = 0) -> bytes:
    """ANMF (2.7.1.1) around the chunk of an image; x and y are even."""
    place = _uint24(x // 2) + _uint24(y // 2) + _uint24(width - 1) + _uint24(height - 1)
    return chunk(b"ANMF", place + _uint24(100) + b"\0" + image)


def image_chunk(data: bytes) -> bytes:
    """The VP8 or VP8L chunk of a file that has nothing else."""
    return data[12:]


def lossless_header(width: int, height: int) -> bytes:
    """The first five bytes of a VP8L chunk (3.4)."""
    return b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14)


def lossy_header(width: int, height: int) -> bytes:
    """The first ten bytes of a VP8 key frame (RFC 6386, 9.1)."""
    return b"\x50\x42\x00\x9d\x01\x2a" + struct.pack("<HH", width, height)


def _uint24(value: int) -> bytes:
    return struct.pack("<I", value)[:3]
