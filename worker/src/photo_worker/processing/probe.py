"""What an image's header says, before anything is decoded."""

from dataclasses import dataclass

import pyvips

from photo_domain.failure import FailureCode, ProcessingError
from photo_domain.file_format import FileFormat
from photo_worker.processing.truncation import unreadable_code

_LOADERS = {
    "jpegload_buffer": FileFormat.JPEG,
    "pngload_buffer": FileFormat.PNG,
    "webpload_buffer": FileFormat.WEBP,
}

# EXIF 2.32, 4.6.4 A: from 5 on the rows of the file are columns of the picture.
_FIRST_TRANSPOSED_ORIENTATION = 5


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """Width and height in pixels, upright."""

    format: FileFormat
    width: int
    height: int


def probe_image(data: bytes, claimed: FileFormat, max_pixels: int) -> ImageHeader:
    """Read the header of an image that claims to be `claimed`.

    Raises ProcessingError: corrupt_image or truncated_image if there is no readable header,
    unsupported_content if it is another format's, too_many_pixels.
    """
    try:
        image = pyvips.Image.new_from_buffer(data, "", access="sequential")
    except pyvips.Error as error:
        raise ProcessingError(unreadable_code(data, claimed)) from error
    found = _LOADERS.get(image.get("vips-loader"))
    if found is not claimed:
        raise ProcessingError(FailureCode.UNSUPPORTED_CONTENT)
    if image.width * image.height > max_pixels:
        raise ProcessingError(FailureCode.TOO_MANY_PIXELS)
    if _orientation_of(image) >= _FIRST_TRANSPOSED_ORIENTATION:
        return ImageHeader(found, image.height, image.width)
    return ImageHeader(found, image.width, image.height)


def _orientation_of(image: pyvips.Image) -> int:
    return int(image.get("orientation")) if image.get_typeof("orientation") else 1
