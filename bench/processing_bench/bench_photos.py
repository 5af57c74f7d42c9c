"""The photos that are processed, made anew in each run."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image
from PIL.ExifTags import IFD, Base

from photo_domain.file_format import FileFormat
from processing_bench.photo_like_picture import photo_like_picture

# What cameras write: 3 MB for 12 megapixels.
_JPEG_BYTES_A_PIXEL = 0.25


@dataclass(frozen=True, slots=True)
class BenchPhoto:
    """A file and what to call it."""

    name: str
    format: FileFormat
    data: bytes


def make_photos() -> Iterator[BenchPhoto]:
    """A phone's photo, a small one, a PNG and a WebP."""
    # A phone held upright: turned, as most photos of phones are.
    phone = photo_like_picture(4032, 3024, seed=1)
    yield BenchPhoto("JPEG 12 MP", FileFormat.JPEG, _jpeg(phone, orientation=6))
    small = photo_like_picture(640, 480, seed=2)
    yield BenchPhoto("JPEG 0.3 MP", FileFormat.JPEG, _jpeg(small, orientation=1))
    screen = io.BytesIO()
    photo_like_picture(3464, 2309, seed=3).save(screen, "PNG")
    yield BenchPhoto("PNG 8 MP", FileFormat.PNG, screen.getvalue())
    web = io.BytesIO()
    photo_like_picture(2448, 1632, seed=4).save(web, "WEBP", quality=85)
    yield BenchPhoto("WebP 4 MP", FileFormat.WEBP, web.getvalue())


def _jpeg(image: Image.Image, orientation: int) -> bytes:
    """Of about `_JPEG_BYTES_A_PIXEL`, by its quality, with what a camera tells."""
    wanted = _JPEG_BYTES_A_PIXEL * image.width * image.height
    exif = _exif(orientation)
    low, high, best = 30, 98, b""
    while low <= high:
        quality = (low + high) // 2
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality, exif=exif)
        if abs(buffer.tell() - wanted) < abs(len(best) - wanted):
            best = buffer.getvalue()
        if buffer.tell() < wanted:
            low = quality + 1
        else:
            high = quality - 1
    return best


def _exif(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[Base.Make] = "Example"
    exif[Base.Model] = "Phone 7"
    exif[Base.Orientation] = orientation
    details = exif.get_ifd(IFD.Exif)
    details[Base.DateTimeOriginal] = "2026:05:01 12:30:15"
    details[Base.OffsetTimeOriginal] = "+02:00"
    details[Base.ExposureTime] = (1, 250)
    details[Base.FNumber] = (18, 10)
    details[Base.ISOSpeedRatings] = 64
    details[Base.FocalLength] = (57, 10)
    details[Base.LensModel] = "Phone 7 back camera 5.7mm f/1.8"
    return exif.tobytes()
