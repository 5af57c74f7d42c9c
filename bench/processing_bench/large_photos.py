"""Files of a hundred megapixels, as small as uploads have to be."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyvips

from photo_domain.file_format import FileFormat
from processing_bench.photo_like_picture import photo_like_picture

# 11,520 x 8,640, just below the default limit. What is decoded takes the same memory whatever it
# shows, so coarse blocks will do, and the files are as small as uploads are.
_SMALL = (120, 90)
_BLOCK = 96


@dataclass(frozen=True, slots=True)
class LargePhoto:
    """A file of 99.5 megapixels; of the ordinary ones the target holds."""

    name: str
    format: FileFormat
    is_ordinary: bool
    path: Path


def make_large_photos(folder: Path) -> Iterator[LargePhoto]:
    """Write one at a time into the folder; the next one may take its place."""
    small = pyvips.Image.new_from_array(photo_like_picture(*_SMALL, seed=5))
    rgb = small.copy(interpretation="srgb").zoom(_BLOCK, _BLOCK)
    turned = rgb.copy()
    turned.set_type(pyvips.GValue.gint_type, "orientation", 6)
    deep = (rgb * 257).cast("ushort").copy(interpretation="rgb16").bandjoin(40_000).cast("ushort")

    jpeg, png, webp = FileFormat.JPEG, FileFormat.PNG, FileFormat.WEBP
    ordinary, rare = True, False
    plan: tuple[tuple[str, FileFormat, bool, pyvips.Image, dict[str, Any]], ...] = (
        ("JPEG", jpeg, ordinary, rgb, {}),
        ("JPEG, turned by EXIF", jpeg, ordinary, turned, {}),
        ("JPEG, progressive", jpeg, ordinary, rgb, {"interlace": True}),
        (
            "JPEG, progressive, 4:4:4",
            jpeg,
            rare,
            rgb,
            {"interlace": True, "subsample_mode": "off"},
        ),
        ("PNG", png, ordinary, rgb, {}),
        ("PNG, 16 bits, RGBA", png, ordinary, deep, {"bitdepth": 16}),
        ("PNG, interlaced", png, ordinary, rgb, {"interlace": True}),
        (
            "PNG, 16 bits, RGBA, interlaced",
            png,
            rare,
            deep,
            {"interlace": True, "bitdepth": 16},
        ),
        ("WebP", webp, ordinary, rgb, {"effort": 0}),
        ("WebP, lossless", webp, rare, rgb, {"effort": 2, "lossless": True}),
    )
    for name, file_format, is_ordinary, image, options in plan:
        path = folder / "photo"
        save = {jpeg: image.jpegsave, png: image.pngsave, webp: image.webpsave}[file_format]
        save(str(path), **options)
        yield LargePhoto(name, file_format, is_ordinary, path)
