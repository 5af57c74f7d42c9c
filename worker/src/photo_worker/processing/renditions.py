"""Making the smaller copies: upright, sRGB, without metadata."""

import io

import pyvips

# The plugin by its name: otherwise Pillow would load every format it has, to find this one.
from PIL import Image, WebPImagePlugin  # noqa: F401

from photo_worker.processing.decoder_error import memory_ran_out
from photo_worker.processing.photo_in_process import PhotoInProcess, Rendition
from photo_worker.processing.rendition_spec import RenditionFormat, RenditionSpec

# libvips' own 4 takes eight times as long for 2% fewer bytes.
_AVIF_EFFORT = 2

# Pillow's names for grey and sRGB, without and with transparency.
_MODE_BY_BANDS = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


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
        image = _shrink(photo.pixels, spec.long_edge)
        made.append(
            Rendition(
                name=spec.name,
                width=image.width,
                height=image.height,
                content_type=spec.format.content_type,
                data=_encode(image, spec, photo.settings.webp_effort),
            )
        )
        photo.smallest = image
    photo.renditions = tuple(made)


def _shrink(pixels: pyvips.Image, long_edge: int) -> pyvips.Image:
    if max(pixels.width, pixels.height) <= long_edge:
        return pixels
    # In memory: it is read by the encoder and for the placeholder.
    return pixels.thumbnail_image(long_edge, height=long_edge, size="down").copy_memory()


def _encode(image: pyvips.Image, spec: RenditionSpec, webp_effort: int) -> bytes:
    data: bytes
    match spec.format:
        case RenditionFormat.WEBP:
            data = _encode_webp(image, spec.quality, webp_effort)
        case RenditionFormat.AVIF:
            data = image.heifsave_buffer(
                Q=spec.quality, effort=_AVIF_EFFORT, compression="av1", keep="none"
            )
        case RenditionFormat.JPEG:
            # JPEG has no transparency: what shines through is white.
            flat = image.flatten(background=255) if image.hasalpha() else image
            data = flat.jpegsave_buffer(
                Q=spec.quality, optimize_coding=True, interlace=True, keep="none"
            )
    return data


def _encode_webp(image: pyvips.Image, quality: int, effort: int) -> bytes:
    """By Pillow: both have the same libwebp, but its own is built for speed and libvips' for size.

    The bytes are the same; docs/performance.md has the measurement.
    """
    mode = _MODE_BY_BANDS[image.bands]
    size = (image.width, image.height)
    pixels = Image.frombuffer(mode, size, image.write_to_memory(), "raw", mode, 0, 1)
    encoded = io.BytesIO()
    try:
        pixels.save(encoded, "WEBP", quality=quality, method=effort)
    except ValueError as error:
        # VP8_ENC_ERROR_OUT_OF_MEMORY of libwebp's encode.h.
        if str(error) == "encoding error 1":
            raise MemoryError from error
        raise
    return encoded.getvalue()
