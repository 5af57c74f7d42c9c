"""Counting the frames of a WebP without a decoder."""


def frame_count(data: bytes) -> int:
    """How many frames an animation has; 0 if it is none.

    libvips looks for each frame from the first one on: of tens of thousands, that takes minutes.
    Source: RFC 9649 2.3 and 2.7.1.1 (chunks of an even size, ANMF is a frame).
    """
    position, frames = 12, 0
    while position + 8 <= len(data):
        frames += data[position : position + 4] == b"ANMF"
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        position += 8 + size + size % 2
    return frames
