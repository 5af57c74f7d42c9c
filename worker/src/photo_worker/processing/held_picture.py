"""How much of a picture its decoder keeps in memory, told before it is decoded.

Most pictures are read line by line. Of some kinds every line depends on bytes up to the end of the
file: their decoders keep the whole picture, whatever is made of it.
"""

from math import ceil

import pyvips

from photo_worker.processing.image_header import ImageHeader, WebpHeader
from photo_worker.processing.jpeg_frame import JpegFrame

# libjpeg keeps the coefficients of all blocks (JCOEF in jpeglib.h), one for each sample.
_COEFFICIENT_BYTES = 2
# libwebp keeps 32 bits of each pixel of a lossless picture, and of the alpha channel of a lossy one
# as well if that is compressed with a transform, beside the channel itself; of an animation there
# is the canvas besides the frame.
_WEBP_LOSSLESS_BYTES = 4
_WEBP_ALPHA_BYTES = 5
_WEBP_ANIMATION_BYTES = 8


def held_bytes(image: pyvips.Image, header: ImageHeader) -> int:
    """What decoding the opened image keeps at least; 0 where lines come and go.

    Whether JPEG and PNG are kept whole, and how a PNG comes out, the decoder says itself.
    """
    match header:
        case JpegFrame():
            return _coefficient_bytes(header) if image.get("jpeg-multiscan") else 0
        case WebpHeader():
            return header.width * header.height * _webp_pixel_bytes(header)
        case _:
            return _decoded_bytes(image) if image.get_typeof("interlaced") else 0


def _coefficient_bytes(frame: JpegFrame) -> int:
    # ITU-T T.81 A.1.1: a component has its share of the largest factor in each direction.
    most_across = max(across for across, _ in frame.sampling)
    most_down = max(down for _, down in frame.sampling)
    samples = sum(
        ceil(frame.width * across / most_across) * ceil(frame.height * down / most_down)
        for across, down in frame.sampling
    )
    return samples * _COEFFICIENT_BYTES


def _decoded_bytes(image: pyvips.Image) -> int:
    depth = 2 if image.format == "ushort" else 1
    return int(image.width * image.height * image.bands * depth)


def _webp_pixel_bytes(header: WebpHeader) -> int:
    # RFC 9649 2.6 and 2.7: lossy, lossless, or an extended header with what belongs to it.
    if b"ANMF" in header.kinds:
        return _WEBP_ANIMATION_BYTES
    if b"ALPH" in header.kinds:
        return _WEBP_ALPHA_BYTES
    return _WEBP_LOSSLESS_BYTES if b"VP8L" in header.kinds else 0
