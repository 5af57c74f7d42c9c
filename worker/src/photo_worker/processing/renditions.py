"""Making the smaller copies: WebP, upright, sRGB, without metadata."""

import pyvips

from photo_domain.failure import ProcessingError
from photo_domain.file_format import FileFormat
from photo_worker.processing.processed_photo import Rendition
from photo_worker.processing.truncation import unreadable_code

# The longest edge of each, in pixels; the largest first: the others are made from it.
PREVIEW = ("preview", 1280)
THUMBNAIL = ("thumbnail", 320)

_WEBP_QUALITY = 80
# 0 to 6: above 4 the time doubles for sizes within 5 %.
_WEBP_EFFORT = 4


def make_renditions(data: bytes, claimed: FileFormat) -> tuple[Rendition, ...]:
    """The renditions of an encoded image, decoded once.

    Raises ProcessingError: corrupt_image or truncated_image if the pixels cannot be read whole.
    """
    _, longest_edge = PREVIEW
    try:
        preview = pyvips.Image.thumbnail_buffer(
            data,
            longest_edge,
            height=longest_edge,
            size="down",
            output_profile="srgb",
            # `fail_on` as an argument of its own is ignored here, and truncated files would pass.
            option_string="fail_on=error",
        ).copy_memory()
    except pyvips.Error as error:
        raise ProcessingError(unreadable_code(data, claimed)) from error
    return _encode_all(preview)


def make_renditions_of_pixels(image: pyvips.Image) -> tuple[Rendition, ...]:
    """The renditions of an upright sRGB image in memory."""
    _, longest_edge = PREVIEW
    return _encode_all(
        image.thumbnail_image(longest_edge, height=longest_edge, size="down").copy_memory()
    )


def _encode_all(preview: pyvips.Image) -> tuple[Rendition, ...]:
    preview_name, _ = PREVIEW
    thumbnail_name, longest_edge = THUMBNAIL
    thumbnail = preview.thumbnail_image(longest_edge, height=longest_edge, size="down")
    return (_encode(preview_name, preview), _encode(thumbnail_name, thumbnail.copy_memory()))


def _encode(name: str, image: pyvips.Image) -> Rendition:
    return Rendition(
        name=name,
        width=image.width,
        height=image.height,
        content_type=FileFormat.WEBP.content_type,
        data=image.webpsave_buffer(Q=_WEBP_QUALITY, effort=_WEBP_EFFORT, keep="none"),
    )
