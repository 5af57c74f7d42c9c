"""The one time that a photo is decoded."""

import pyvips

from photo_domain.file_format import FileFormat
from photo_worker.processing.decoder_error import decoder_error
from photo_worker.processing.document import render_first_page
from photo_worker.processing.photo_in_process import PhotoInProcess
from photo_worker.processing.pixels import Pixels

# Of 16 bits a channel and alpha, or of a progressive JPEG with four inks.
_MOST_BYTES_PER_PIXEL = 8

_UPRIGHT = 1
# Grey, with or without alpha, and sRGB likewise.
_FINISHED_COLORS = {"b-w", "srgb"}


def decode(photo: PhotoInProcess) -> None:
    """Decode the photo once, no larger than the largest rendition.

    Raises ProcessingError: corrupt_image or truncated_image if the pixels cannot be read whole,
    encrypted_document. Raises MemoryError.
    """
    longest_edge = photo.settings.renditions[0].long_edge
    try:
        if photo.format is FileFormat.PDF:
            photo.pixels = Pixels.of(render_first_page(photo.original, longest_edge))
        else:
            photo.pixels = _decode_image(photo, longest_edge)
    except pyvips.Error as error:
        # Not every decoder says that it got no memory: what needs more than there is, is not
        # called damaged. Without its traceback nothing refers to what was decoded so far.
        error.with_traceback(None)
        _require_memory_for_all_pixels(photo)
        raise decoder_error(photo, error) from error


def _require_memory_for_all_pixels(photo: PhotoInProcess) -> None:
    if photo.format is not FileFormat.PDF:
        # `probe` let nothing pass that keeps more.
        bytearray(
            min(_MOST_BYTES_PER_PIXEL * photo.width * photo.height, photo.settings.max_held_bytes)
        )


def _decode_image(photo: PhotoInProcess, longest_edge: int) -> Pixels:
    # From here on it may hold memory, which is not to be had twice.
    opened = photo.opened
    del photo.opened
    # Of a photo without a profile libvips makes sRGB or grey by itself; being asked for sRGB all
    # the same, it would compute every colour anew, which takes longer than all the rest.
    if not photo.has_color_profile and max(photo.width, photo.height) <= longest_edge:
        # Nothing is to be shrunk, for which it would have to be opened anew.
        if not _is_finished(photo, opened):
            opened = opened.thumbnail_image(longest_edge, height=longest_edge, size="down")
        return Pixels.of(opened)
    del opened
    if photo.has_color_profile:
        try:
            return Pixels.of(_shrink_on_load(photo, longest_edge, output_profile="srgb"))
        except pyvips.Error as error:
            if "VipsIcc" not in str(error):
                raise
    # A profile that says nonsense is as good as none, which browsers take for sRGB.
    return Pixels.of(_shrink_on_load(photo, longest_edge))


def _is_finished(photo: PhotoInProcess, opened: pyvips.Image) -> bool:
    return (
        photo.orientation == _UPRIGHT
        and opened.format == "uchar"
        and opened.interpretation in _FINISHED_COLORS
    )


def _shrink_on_load(photo: PhotoInProcess, longest_edge: int, **colors: str) -> pyvips.Image:
    # Being asked for a smaller picture, a decoder of WebP keeps that instead of the whole one.
    return pyvips.Image.thumbnail_buffer(
        photo.original,
        longest_edge,
        height=longest_edge,
        size="down",
        # `fail_on` as an argument of its own is ignored here, and truncated files would pass.
        option_string=f"fail_on={photo.settings.fail_on}",
        **colors,
    )
