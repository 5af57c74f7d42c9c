"""The values of an EXIF block by their tags, whatever its bytes are."""

import io
import logging
import struct
from typing import Any

from PIL.ExifTags import IFD
from PIL.TiffImagePlugin import ImageFileDirectory_v2

# At its debug level the parser writes what the tags say to the log.
logging.getLogger("PIL.TiffImagePlugin").setLevel(logging.WARNING)

_PREAMBLE = b"Exif\0\0"
_TIFF_HEADER_SIZE = 8
# JPEG ends a block at 64 KB (EXIF 2.32, 4.5.5); PNG and WebP do not, and what is read takes time.
_LARGEST_BLOCK = 256 * 1024


class ExifBlock:
    """The first directory and its `Exif` directory; a value is decoded when it is asked for.

    The directories of places, of makers' notes and of the embedded thumbnail are not looked at.
    Nothing here raises: what cannot be read is not there. Of what it leaves out, the parser warns.
    """

    def __init__(self, block: bytes) -> None:
        """`block` is a TIFF structure, with or without the preamble that it has in a JPEG."""
        # Some writers put the preamble twice.
        data = block[:_LARGEST_BLOCK].removeprefix(_PREAMBLE).removeprefix(_PREAMBLE)
        self._file = io.BytesIO(data)
        self._header = data[:_TIFF_HEADER_SIZE]
        self._first: ImageFileDirectory_v2 | None = None
        self._exif: ImageFileDirectory_v2 | None = None
        try:
            self._first = ImageFileDirectory_v2(self._header)
        except (SyntaxError, struct.error):
            # No TIFF header, not all of one, or one of a BigTIFF, which EXIF does not know.
            return
        if self._first.next < len(data):
            self._load(self._first, self._first.next)
        pointer = self.first(IFD.Exif)
        if isinstance(pointer, int) and 0 <= pointer < len(data):
            self._exif = ImageFileDirectory_v2(self._header, group=IFD.Exif)
            self._load(self._exif, pointer)

    def first(self, tag: int) -> Any:
        """A value of the first directory: int, float, rational, str or bytes; None without one."""
        return _first_value(self._first, tag)

    def exif(self, tag: int) -> Any:
        """A value of the `Exif` directory, likewise."""
        return _first_value(self._exif, tag)

    def _load(self, directory: ImageFileDirectory_v2, offset: int) -> None:
        self._file.seek(offset)
        directory.load(self._file)


def _first_value(directory: ImageFileDirectory_v2 | None, tag: int) -> Any:
    if directory is None:
        return None
    value = directory.get(tag)
    return value[0] if isinstance(value, tuple) else value
