"""How much of a picture its decoder keeps in memory, from the header.

Most pictures are read line by line. Of some kinds every line depends on bytes up to the end of the
file: their decoders keep the whole picture, whatever is made of it.
"""

from math import ceil

from photo_domain.file_format import FileFormat
from photo_worker.processing.jpeg_frame import JpegFrame, jpeg_frame
from photo_worker.processing.webp_chunks import webp_chunks

# libjpeg keeps the coefficients of all blocks (JCOEF in jpeglib.h), one for each sample.
_COEFFICIENT_BYTES = 2
# ISO/IEC 15948 11.2.1: samples a pixel by colour type; a palette comes out as RGB.
_PNG_SAMPLES = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
_PNG_16_BITS = 16
# libwebp keeps 32 bits of each pixel of a lossless picture; of an animation there is the canvas
# besides the frame.
_WEBP_PIXEL_BYTES = 4
_WEBP_CANVASES = 2


def held_bytes(data: bytes, file_format: FileFormat, width: int, height: int) -> int:
    """What decoding a picture of this size keeps at least; 0 where lines come and go."""
    match file_format:
        case FileFormat.JPEG:
            frame = jpeg_frame(data)
            return _jpeg_bytes(frame) if frame else 0
        case FileFormat.PNG:
            return width * height * _png_pixel_bytes(data)
        case FileFormat.WEBP:
            return width * height * _webp_pixel_bytes(data)
        case FileFormat.PDF:
            return 0


def _jpeg_bytes(frame: JpegFrame) -> int:
    if frame.has_one_scan or not frame.sampling:
        return 0
    # ITU-T T.81 A.1.1: a component has its share of the largest factor in each direction.
    most_across = max(across for across, _ in frame.sampling) or 1
    most_down = max(down for _, down in frame.sampling) or 1
    samples = sum(
        ceil(frame.width * across / most_across) * ceil(frame.height * down / most_down)
        for across, down in frame.sampling
    )
    return samples * _COEFFICIENT_BYTES


def _png_pixel_bytes(data: bytes) -> int:
    # ISO/IEC 15948 11.2.1: IHDR ends with bit depth, colour type, two methods and interlacing.
    header = data[24:29]
    if len(header) < 5 or not header[4]:
        return 0
    samples = _PNG_SAMPLES.get(header[1], 4)
    if b"tRNS" in data[: max(0, data.find(b"IDAT"))]:
        samples += 1
    return samples * (2 if header[0] == _PNG_16_BITS else 1)


def _webp_pixel_bytes(data: bytes) -> int:
    # RFC 9649 2.6 and 2.7: lossy, lossless, or an extended header with flags.
    kinds = frozenset(webp_chunks(data))
    if b"ANMF" in kinds:
        return _WEBP_PIXEL_BYTES * _WEBP_CANVASES
    if b"VP8L" in kinds:
        return _WEBP_PIXEL_BYTES
    # Lossy, but for its alpha channel.
    return 1 if b"ALPH" in kinds else 0
