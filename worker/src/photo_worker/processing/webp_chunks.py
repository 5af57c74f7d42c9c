"""Walking through a WebP from chunk to chunk, without a decoder."""

from collections.abc import Iterator

_HEADER_BYTES = 12


def webp_chunks(data: bytes) -> Iterator[bytes]:
    """The kind of each chunk, as far as they are in order.

    Source: RFC 9649 2.3 (a kind of four letters, a size, so many bytes and one more if it is odd).
    """
    position = _HEADER_BYTES
    while position + 8 <= len(data):
        yield data[position : position + 4]
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        position += 8 + size + size % 2
