"""Walking through a PNG from chunk to chunk, without a decoder."""

from collections.abc import Iterator

_SIGNATURE_BYTES = 8


def png_chunks(data: bytes) -> Iterator[bytes]:
    """The type of each chunk, as far as they are in order.

    Source: ISO/IEC 15948 5.3 (a length, a type of four letters, so many bytes, a checksum).
    """
    position = _SIGNATURE_BYTES
    while position + 8 <= len(data):
        yield data[position + 4 : position + 8]
        position += 12 + int.from_bytes(data[position : position + 4])
