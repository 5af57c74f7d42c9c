"""Photos that the project makes itself, so that a demo needs nobody's pictures."""

from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO

from PIL import ExifTags, Image, ImageDraw


class Expected(StrEnum):
    """How a file of the demo is expected to end."""

    SUCCESS = "success"
    FAILURE = "failure"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class SamplePhoto:
    """A file to upload, and its expected end."""

    file_name: str
    content_type: str
    content: bytes
    expected: Expected


def sample_photos() -> list[SamplePhoto]:
    """One file of each accepted format, a damaged one and one that is no photo at all."""
    return [
        SamplePhoto("sunset.jpg", "image/jpeg", sample_jpeg(), Expected.SUCCESS),
        SamplePhoto("logo.png", "image/png", sample_png(), Expected.SUCCESS),
        SamplePhoto("hills.webp", "image/webp", sample_webp(), Expected.SUCCESS),
        SamplePhoto("page.pdf", "application/pdf", sample_pdf(), Expected.SUCCESS),
        SamplePhoto("broken.png", "image/png", broken_png(), Expected.FAILURE),
        SamplePhoto("letter.jpg", "image/jpeg", b"Dear reader,\n", Expected.REJECTED),
    ]


def sample_jpeg() -> bytes:
    """A JPEG that a camera held upright stored lying on its side, with EXIF that says so."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # turn 90 degrees clockwise to see it upright
    exif[ExifTags.Base.Make] = "Photo Uploading Service"
    exif[ExifTags.Base.Model] = "Sample Camera"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:06:21 21:34:56"
    upright = _landscape(1500, 2000)
    return _encoded(upright.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=85)


def sample_png() -> bytes:
    """A PNG with an alpha channel: a disc that fades into nothing."""
    picture = Image.new("RGBA", (800, 600), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    for step in range(250):
        draw.ellipse((400 - 250 + step, 50 + step, 650 - step, 550 - step), (220, 90, 40, step))
    return _encoded(picture, "PNG")


def sample_webp() -> bytes:
    """A lossy WebP."""
    return _encoded(_landscape(1600, 900), "WEBP", quality=80)


def sample_pdf() -> bytes:
    """A PDF of one page."""
    return _encoded(_landscape(1240, 1754), "PDF", resolution=150)


def broken_png() -> bytes:
    """Begins as every PNG does and goes on as none."""
    return b"\x89PNG\r\n\x1a\n" + b"this is not a photo. " * 400


def _landscape(width: int, height: int) -> Image.Image:
    sky = Image.linear_gradient("L").resize((width, height))
    picture = Image.merge(
        "RGB", (sky, sky.point(lambda v: v * 0.7), sky.point(lambda v: 160 - v / 3))
    )
    draw = ImageDraw.Draw(picture)
    radius = min(width, height) // 8
    draw.ellipse(
        (width // 2 - radius, height // 3 - radius, width // 2 + radius, height // 3 + radius),
        (255, 236, 150),
    )
    draw.polygon(
        [(0, height), (0, height * 3 // 4), (width // 3, height // 2), (width, height)],
        (40, 70, 50),
    )
    draw.polygon([(0, height), (width, height * 3 // 5), (width, height)], (25, 50, 45))
    return picture


def _encoded(picture: Image.Image, image_format: str, **options: object) -> bytes:
    content = BytesIO()
    picture.save(content, image_format, **options)
    return content.getvalue()
