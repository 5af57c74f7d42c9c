"""Walking through a JPEG from marker to marker as libjpeg does, without a decoder."""

import re
from collections.abc import Iterator

START_OF_SCAN = 0xDA
END_OF_IMAGE = 0xD9

# What has a segment, and the end. All else is passed over wherever it stands, as libjpeg does
# (next_marker and read_markers in jdmarker.c): bytes that belong to no segment, zero behind FF
# (ITU-T T.81 B.1.1.5), fill bytes (B.1.1.2), TEM and restart markers, which stand alone (table
# B.1). Reserved markers and a second start are an error there.
_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")


def jpeg_markers(data: bytes) -> Iterator[tuple[int, int]]:
    """Each marker of a segment and where it stands; the end of the image is the last of all."""
    position = 2
    while found := _MARKER.search(data, position):
        position = found.start()
        marker = data[position + 1]
        yield marker, position
        if marker == END_OF_IMAGE:
            return
        # B.1.1.4: the length counts itself.
        position += 2 + max(2, int.from_bytes(data[position + 2 : position + 4]))
