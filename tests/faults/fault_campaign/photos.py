"""Photos that are valid and all different, made without decoding anything twice."""

import secrets
import struct
import zlib
from io import BytesIO

from PIL import Image

_PNG_SIGNATURE_AND_HEADER = 8 + 25


class PhotoMaker:
    """Makes photos; each has an identity of its own in its bytes."""

    def __init__(self) -> None:
        gradient = Image.radial_gradient("L")
        self._jpeg = _encoded(gradient.resize((800, 600)).convert("RGB"), "JPEG")
        # Decoded line by line: a worker is in the middle of it for long enough to be hit.
        self._png = _encoded(gradient.resize((4000, 3000)).convert("RGB"), "PNG")

    def jpeg(self) -> bytes:
        """A small photo, quickly processed."""
        mark = secrets.token_hex(16).encode()
        # After the start of image, a comment: ITU-T T.81, B.2.4.5.
        comment = b"\xff\xfe" + struct.pack(">H", len(mark) + 2) + mark
        return self._jpeg[:2] + comment + self._jpeg[2:]

    def large_png(self) -> bytes:
        """A photo of 12 megapixels."""
        content = b"tEXt" + b"Comment\0" + secrets.token_hex(16).encode()
        # After the header, a text chunk: https://www.w3.org/TR/png-3/#5Chunk-layout.
        chunk = struct.pack(">I", len(content) - 4) + content
        chunk += struct.pack(">I", zlib.crc32(content))
        head = _PNG_SIGNATURE_AND_HEADER
        return self._png[:head] + chunk + self._png[head:]


def _encoded(image: Image.Image, file_format: str) -> bytes:
    buffer = BytesIO()
    image.save(buffer, file_format)
    return buffer.getvalue()
