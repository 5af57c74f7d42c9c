"""Pictures that are as hard to compress as photos are, made from a seed."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

_Plane = NDArray[np.float32]

# Photos have about the same contrast at every scale, and little of it in colour.
_LUMA_CONTRAST = 9.0
_CHROMA_CONTRAST = 4.0
_SMALLEST_CHROMA_CELL = 16
_GRAIN = 1.5
_SHAPES = 60


def photo_like_picture(width: int, height: int, seed: int) -> Image.Image:
    """Clouds of every size, hard edges, grain: in RGB; the same for the same arguments."""
    rng = np.random.default_rng(seed)
    luma = 128 + _clouds(rng, width, height, _LUMA_CONTRAST, smallest_cell=2)
    luma += _shapes(rng, width, height, 50)
    luma += rng.normal(0, _GRAIN, luma.shape).astype(np.float32)
    planes = [luma]
    for _ in range(2):
        chroma = 128 + _clouds(rng, width, height, _CHROMA_CONTRAST, _SMALLEST_CHROMA_CELL)
        planes.append(chroma + _shapes(rng, width, height, 15))
    bands = [Image.fromarray(np.clip(plane, 0, 255).astype(np.uint8)) for plane in planes]
    return Image.merge("YCbCr", bands).convert("RGB")


def _clouds(
    rng: np.random.Generator, width: int, height: int, contrast: float, smallest_cell: int
) -> _Plane:
    total = np.zeros((height, width), np.float32)
    cell = max(width, height) // 2
    while cell >= smallest_cell:
        grid = rng.normal(0, contrast, (height // cell + 2, width // cell + 2))
        octave = Image.fromarray(grid.astype(np.float32))
        total += np.asarray(octave.resize((width, height), Image.Resampling.BICUBIC))
        # The finest are what a lens blurs.
        if cell < 8:
            contrast /= 2
        cell //= 2
    return total


def _shapes(rng: np.random.Generator, width: int, height: int, contrast: int) -> _Plane:
    layer = Image.new("L", (width, height), 128)
    draw = ImageDraw.Draw(layer)
    for number in range(_SHAPES):
        tone = int(rng.integers(128 - contrast, 128 + contrast))
        center = rng.uniform((0, 0), (width, height))
        corners = center + rng.normal(0, max(width, height) / 16, (3 + number % 3, 2))
        draw.polygon([(float(x), float(y)) for x, y in corners], fill=tone)
    soft = layer.filter(ImageFilter.GaussianBlur(0.8))
    return np.asarray(soft, np.float32) - 128
