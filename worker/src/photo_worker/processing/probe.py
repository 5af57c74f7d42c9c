"""What the header says, before anything is decoded."""

import pyvips

from photo_domain.failure import FailureCode, ProcessingError
from photo_domain.file_format import FileFormat
from photo_worker.processing.decoder_error import decoder_error
from photo_worker.processing.document import read_document_header
from photo_worker.processing.held_picture import held_bytes
from photo_worker.processing.image_header import ImageHeader, PngHeader, WebpHeader, read_header
from photo_worker.processing.photo_in_process import PhotoInProcess

_LOADERS = {
    "jpegload_buffer": FileFormat.JPEG,
    "pngload_buffer": FileFormat.PNG,
    "webpload_buffer": FileFormat.WEBP,
}

# In pixels. libvips keeps hundreds of lines at a time: of five lines of a million pixels a process
# dies. Only PNG can have more; JPEG ends at 65,535.
_LONGEST_EDGE = 100_000

_ORIENTATIONS = range(1, 9)
# EXIF 2.32, 4.6.4 A: from 5 on the rows of the file are columns of the picture.
_FIRST_TRANSPOSED_ORIENTATION = 5


def probe(photo: PhotoInProcess) -> None:
    """Find out size, pages, EXIF block and colour profile; hold the sizes against the limits.

    Raises ProcessingError: corrupt_image or truncated_image if there is no readable header,
    unsupported_content if it is another format's, encrypted_document, too_many_pixels,
    too_many_pages.
    """
    if photo.format is FileFormat.PDF:
        _probe_document(photo)
    else:
        _probe_image(photo)


def _probe_document(photo: PhotoInProcess) -> None:
    header = read_document_header(photo.original)
    _hold_pages(header.pages, photo.settings.max_pages)
    photo.pages, photo.has_color_profile = header.pages, False
    photo.exif, photo.orientation = None, None
    photo.width, photo.height = header.width, header.height


def _probe_image(photo: PhotoInProcess) -> None:
    header = _header_within_limits(photo)
    try:
        image = pyvips.Image.new_from_buffer(
            photo.original, "", access="sequential", fail_on=photo.settings.fail_on
        )
    except pyvips.Error as error:
        raise decoder_error(photo, error) from error
    if _LOADERS.get(image.get("vips-loader")) is not photo.format:
        raise ProcessingError(FailureCode.UNSUPPORTED_CONTENT)
    # A header that the decoder reads in another way was not held against the limits.
    width, height = image.width, image.height
    if header is None or (header.width, header.height) != (width, height):
        raise ProcessingError(FailureCode.CORRUPT_IMAGE)
    if held_bytes(image, header) > photo.settings.max_held_bytes:
        raise ProcessingError(FailureCode.TOO_MANY_PIXELS)
    _hold_pages(_number(image, "n-pages"), photo.settings.max_pages)
    photo.pages, photo.opened = None, image
    photo.exif = image.get("exif-data") if image.get_typeof("exif-data") else None
    photo.has_color_profile = bool(image.get_typeof("icc-profile-data"))
    orientation = _number(image, "orientation")
    photo.orientation = orientation if orientation in _ORIENTATIONS else 1
    turned = photo.orientation >= _FIRST_TRANSPOSED_ORIENTATION
    photo.width, photo.height = (height, width) if turned else (width, height)


def _header_within_limits(photo: PhotoInProcess) -> ImageHeader | None:
    """What the bytes say, held against the limits: decoders have other limits, or none."""
    header = read_header(photo.original, photo.format)
    if header:
        _hold_pixels(header.width, header.height, photo.settings.max_pixels)
    if isinstance(header, WebpHeader):
        # libvips looks for each frame from the first one on: of tens of thousands, that takes
        # minutes.
        _hold_pages(header.frames, photo.settings.max_pages)
    if isinstance(header, PngHeader | WebpHeader) and header.has_too_many_chunks:
        raise ProcessingError(FailureCode.CORRUPT_IMAGE)
    return header


def _number(image: pyvips.Image, field: str) -> int:
    return int(image.get(field)) if image.get_typeof(field) else 1


def _hold_pixels(width: int, height: int, most: int) -> None:
    if width * height > most or max(width, height) > _LONGEST_EDGE:
        raise ProcessingError(FailureCode.TOO_MANY_PIXELS)


def _hold_pages(pages: int, most: int) -> None:
    if pages > most:
        raise ProcessingError(FailureCode.TOO_MANY_PAGES)
