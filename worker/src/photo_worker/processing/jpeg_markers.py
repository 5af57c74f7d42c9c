"""Walking through a JPEG from marker to marker, without a decoder."""

import re
from collections.abc import Iterator
from itertools import islice

START_OF_SCAN = 0xDA
_END_OF_IMAGE = 0xD9
# ITU-T T.81 B.1.1.2 and F.1.2.3: inside a scan FF is followed by zero or is a restart marker.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

# Each scan is a pass over all pixels, for which a few bytes in the file are enough. Encoders write
# about ten; one for every coefficient would be 64.
_MOST_SCANS = 100


def jpeg_markers(data: bytes) -> Iterator[tuple[int, int]]:
    """Each marker that has a segment and where it stands, as far as they are in order."""
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        if marker == _END_OF_IMAGE:
            return
        yield marker, position
        position += 2 + max(2, int.from_bytes(data[position + 2 : position + 4]))
        if marker == START_OF_SCAN:
            following = _NEXT_MARKER.search(data, position)
            if following is None:
                return
            position = following.start()


def has_too_many_scans(data: bytes) -> bool:
    """Whether decoding would go over the pixels more often than any encoder asks for."""
    scans = (position for marker, position in jpeg_markers(data) if marker == START_OF_SCAN)
    return next(islice(scans, _MOST_SCANS, None), None) is not None
