"""The largest files of each kind that are accepted, as small as uploads have to be."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyvips

from photo_domain.file_format import FileFormat
from processing_bench.photo_like_picture import photo_like_picture

# What is decoded takes the same memory whatever it shows, so coarse blocks will do, and the files
# are as small as uploads are.
_SMALL = (120, 90)
# Edges of a block, for a picture just below 100 megapixels, and just below 400 MB where a decoder
# may keep 5, 6 or 8 bytes of each pixel.
_WHOLE, _OF_5_BYTES, _OF_6_BYTES, _OF_8_BYTES = 96, 86, 78, 68


@dataclass(frozen=True, slots=True)
class LargePhoto:
    """A file at the limit of its kind; `pixels` in millions."""

    name: str
    format: FileFormat
    pixels: float
    path: Path


def make_large_photos(folder: Path) -> Iterator[LargePhoto]:
    """Write one at a time into the folder; the next one may take its place."""
    small = pyvips.Image.new_from_array(photo_like_picture(*_SMALL, seed=5))
    rgb = small.copy(interpretation="srgb")
    turned = rgb.copy()
    turned.set_type(pyvips.GValue.gint_type, "orientation", 6)
    inks = rgb.bandjoin(40).copy(interpretation="cmyk")
    deep = (rgb * 257).cast("ushort").copy(interpretation="rgb16").bandjoin(40_000).cast("ushort")
    clear = rgb.bandjoin(128)

    jpeg, png, webp = FileFormat.JPEG, FileFormat.PNG, FileFormat.WEBP
    interlaced = {"interlace": True}
    lossless = {"effort": 2, "lossless": True}
    unsampled = interlaced | {"subsample_mode": "off"}
    plan: tuple[tuple[str, FileFormat, int, pyvips.Image, dict[str, Any]], ...] = (
        ("JPEG", jpeg, _WHOLE, rgb, {}),
        ("JPEG, turned by EXIF", jpeg, _WHOLE, turned, {}),
        ("JPEG, progressive", jpeg, _WHOLE, rgb, interlaced),
        ("JPEG, progressive, 4:4:4", jpeg, _OF_6_BYTES, rgb, unsampled),
        ("JPEG, progressive, four inks", jpeg, _OF_8_BYTES, inks, unsampled),
        ("PNG", png, _WHOLE, rgb, {}),
        ("PNG, 16 bits, RGBA", png, _WHOLE, deep, {"bitdepth": 16}),
        ("PNG, interlaced", png, _WHOLE, rgb, interlaced),
        ("PNG, RGBA, interlaced", png, _WHOLE, clear, interlaced),
        ("PNG, 16 bits, RGBA, interlaced", png, _OF_8_BYTES, deep, interlaced | {"bitdepth": 16}),
        ("WebP", webp, _WHOLE, rgb, {"effort": 0}),
        ("WebP, RGBA", webp, _OF_5_BYTES, clear, {"effort": 0}),
        ("WebP, lossless", webp, _WHOLE, rgb, lossless),
        ("WebP, lossless, animated", webp, _OF_8_BYTES, _frames(rgb), lossless),
    )
    for name, file_format, block, image, options in plan:
        path = folder / "photo"
        large = image.zoom(block, block)
        if name.endswith("animated"):
            large.set_type(pyvips.GValue.gint_type, "page-height", _SMALL[1] * block)
        save = {jpeg: large.jpegsave, png: large.pngsave, webp: large.webpsave}[file_format]
        save(str(path), **options)
        yield LargePhoto(name, file_format, _SMALL[0] * _SMALL[1] * block**2 / 1e6, path)


def _frames(image: pyvips.Image) -> pyvips.Image:
    return image.join(image.invert(), "vertical")
