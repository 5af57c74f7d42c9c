"""Valid pictures to begin with: seeded, small, each different."""

import io
from random import Random
from typing import Any

import numpy as np
from PIL import Image

from photo_domain.file_format import FileFormat

_CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}


def draw(rng: Random, width: int = 0, height: int = 0, mode: str = "RGB") -> Image.Image:
    """A gradient with noise; a size that is not given is 24 to 400."""
    width, height = width or rng.randint(24, 400), height or rng.randint(24, 400)
    noise = np.random.default_rng(rng.getrandbits(64))
    shape = (height, width, _CHANNELS[mode])
    slope = np.linspace(0, rng.randint(60, 200), width)[None, :, None]
    pixels = slope + noise.integers(0, rng.randint(2, 55), shape)
    return Image.fromarray(
        pixels.astype(np.uint8).squeeze(axis=2) if mode == "L" else pixels.astype(np.uint8), mode
    )


def encode(image: Image.Image, file_format: FileFormat, **options: Any) -> bytes:
    """The image in that format; the options are Pillow's."""
    buffer = io.BytesIO()
    image.save(buffer, file_format.name, **options)
    return buffer.getvalue()


def photo(rng: Random, file_format: FileFormat, **options: Any) -> bytes:
    """A valid file that nobody would wonder about."""
    return encode(draw(rng), file_format, **options)


def any_image_format(rng: Random) -> FileFormat:
    """JPEG, PNG or WebP."""
    return rng.choice((FileFormat.JPEG, FileFormat.PNG, FileFormat.WEBP))
