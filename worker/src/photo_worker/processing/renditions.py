"""Making the smaller copies: upright, sRGB, without metadata."""

import io

import pyvips

# The plugin by its name: otherwise Pillow would load every format it has, to find this one.
from PIL import WebPImagePlugin  # noqa: F401

from photo_worker.processing.decoder_error import memory_ran_out
from photo_worker.processing.photo_in_process import PhotoInProcess, Rendition
from photo_worker.processing.pixels import Pixels
from photo_worker.processing.rendition_spec import RenditionFormat, RenditionSpec

# libvips' own 4 takes eight times as long for 2% fewer bytes.
_AVIF_EFFORT = 2


def make_renditions(photo: PhotoInProcess) -> None:
    """Encode every rendition of the settings, each made from the decoded pixels.

    Raises MemoryError.
    """
    try:
        _make_renditions(photo)
    except pyvips.Error as error:
        if memory_ran_out(error):
            raise MemoryError from error
        raise


def _make_renditions(photo: PhotoInProcess) -> None:
    made = []
    for spec in photo.settings.renditions:
        pixels = _shrink(photo.pixels, spec.long_edge)
        made.append(
            Rendition(
                name=spec.name,
                width=pixels.width,
                height=pixels.height,
                content_type=spec.format.content_type,
                data=_encode(pixels, spec, photo.settings.webp_effort),
            )
        )
        photo.smallest = pixels
    photo.renditions = tuple(made)


def _shrink(pixels: Pixels, long_edge: int) -> Pixels:
    if max(pixels.width, pixels.height) <= long_edge:
        return pixels
    image = pixels.image()
    if pixels.has_alpha:
        # Colours are multiplied by alpha meanwhile.
        return Pixels.of(image.thumbnail_image(long_edge, height=long_edge, size="down"))
    # What a thumbnail comes to, where there is no colour and no direction to be seen to.
    return Pixels.of(image.resize(long_edge / max(pixels.width, pixels.height)))


def _encode(pixels: Pixels, spec: RenditionSpec, webp_effort: int) -> bytes:
    data: bytes
    match spec.format:
        case RenditionFormat.WEBP:
            data = _encode_webp(pixels, spec.quality, webp_effort)
        case RenditionFormat.AVIF:
            data = pixels.image().heifsave_buffer(
                Q=spec.quality, effort=_AVIF_EFFORT, compression="av1", keep="none"
            )
        case RenditionFormat.JPEG:
            image = pixels.image()
            # JPEG has no transparency: what shines through is white.
            flat = image.flatten(background=255) if pixels.has_alpha else image
            data = flat.jpegsave_buffer(
                Q=spec.quality, optimize_coding=True, interlace=True, keep="none"
            )
    return data


def _encode_webp(pixels: Pixels, quality: int, effort: int) -> bytes:
    """By Pillow: both have the same libwebp, but its own is built for speed and libvips' for size.

    The bytes are the same; docs/performance.md has the measurement.
    """
    encoded = io.BytesIO()
    try:
        pixels.for_pillow().save(encoded, "WEBP", quality=quality, method=effort)
    except ValueError as error:
        # VP8_ENC_ERROR_OUT_OF_MEMORY of libwebp's encode.h.
        if str(error) == "encoding error 1":
            raise MemoryError from error
        raise
    return encoded.getvalue()
