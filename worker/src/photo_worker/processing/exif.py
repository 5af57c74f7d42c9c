"""What a photo's EXIF block says of when and with what it was taken, never of where.

Tags, types and the forms of their values: EXIF 2.32 (CIPA DC-008), 4.6 and annex G.
"""

import re
import warnings
from datetime import datetime, timedelta, timezone
from typing import Any

from PIL.ExifTags import Base

from photo_domain.photo_facts import Camera, PhotoMetadata
from photo_worker.processing.exif_block import ExifBlock

_LONGEST_NAME = 100

_TIME = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)", re.ASCII)
_FRACTION = re.compile(r"\d{1,9}", re.ASCII)
_OFFSET = re.compile(r"([+-])(\d\d):([0-5]\d)", re.ASCII)
# The first photograph; what claims to be of a later century comes from a wrong clock.
_FIRST_YEAR, _LAST_YEAR = 1826, 2100
# The clocks of the Line Islands; to the west it is 12 hours.
_LARGEST_OFFSET = timedelta(hours=14)

# Beyond these goes no camera: in seconds, from a spark to a night and day of stars;
_EXPOSURE_TIMES = (1e-7, 86_400)
# from the fastest lens ever made to a pinhole;
_F_NUMBERS = (0.3, 1_000)
# in millimetres, from an endoscope to an observatory;
_FOCAL_LENGTHS = (0.1, 100_000)
# from the slowest plate to twice the most sensitive camera on sale.
_SENSITIVITIES = (1, 10_000_000)
# The first of their tags holds no larger number than this, and refers with it to the others.
_SENSITIVITY_TAGS = (
    Base.ISOSpeedRatings,
    Base.RecommendedExposureIndex,
    Base.StandardOutputSensitivity,
    Base.ISOSpeed,
)
_SENSITIVITY_ELSEWHERE = 65_535


def metadata_of(exif: bytes | None) -> PhotoMetadata:
    """Read an image's EXIF block, with or without its `Exif` preamble; None if it has none.

    What is missing or invalid is left out, value by value; the orientation is then 1. Raises
    nothing, whatever the bytes are.
    """
    if not exif:
        return PhotoMetadata(orientation=1)
    # The parser warns of each thing that it leaves out, when that is asked for.
    with warnings.catch_warnings(action="ignore"):
        block = ExifBlock(exif)
        return PhotoMetadata(
            taken_at=_taken_at(block), camera=_camera(block), orientation=_orientation(block)
        )


def _orientation(block: ExifBlock) -> int:
    value = block.first(Base.Orientation)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _taken_at(block: ExifBlock) -> str | None:
    return (
        _time(
            block.exif(Base.DateTimeOriginal),
            block.exif(Base.SubsecTimeOriginal),
            block.exif(Base.OffsetTimeOriginal),
        )
        or _time(
            block.exif(Base.DateTimeDigitized),
            block.exif(Base.SubsecTimeDigitized),
            block.exif(Base.OffsetTimeDigitized),
        )
        or _time(
            # Of the file's last change: the only one that stands in the first directory.
            block.first(Base.DateTime),
            block.exif(Base.SubsecTime),
            block.exif(Base.OffsetTime),
        )
    )


def _time(time: object, fraction: object, offset: object) -> str | None:
    parts = _TIME.fullmatch(_text(time).strip())
    if parts is None:
        return None
    year, month, day, hour, minute, second = map(int, parts.groups())
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=_zone(offset))
    except ValueError:
        # No such day or hour: `0000:00:00 00:00:00` is how cameras without a clock write it.
        return None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return None
    digits = _FRACTION.fullmatch(_text(fraction).strip())
    if digits is None:
        return moment.isoformat()
    microseconds = int(digits[0][:6].ljust(6, "0"))
    return moment.replace(microsecond=microseconds).isoformat(timespec="milliseconds")


def _zone(offset: object) -> timezone | None:
    parts = _OFFSET.fullmatch(_text(offset).strip())
    if parts is None:
        return None
    sign, hours, minutes = parts.groups()
    size = timedelta(hours=int(hours), minutes=int(minutes))
    if size > _LARGEST_OFFSET:
        return None
    return timezone(-size if sign == "-" else size)


def _camera(block: ExifBlock) -> Camera | None:
    camera = Camera(
        make=_name(block.first(Base.Make)),
        model=_name(block.first(Base.Model)),
        lens=_name(block.exif(Base.LensModel)),
        exposure_time=_number(block.exif(Base.ExposureTime), _EXPOSURE_TIMES),
        f_number=_number(block.exif(Base.FNumber), _F_NUMBERS),
        iso=_sensitivity(block),
        focal_length=_number(block.exif(Base.FocalLength), _FOCAL_LENGTHS),
    )
    return None if camera == Camera() else camera


def _sensitivity(block: ExifBlock) -> int | None:
    for tag in _SENSITIVITY_TAGS:
        number = _number(block.exif(tag), _SENSITIVITIES)
        if number is not None and number != _SENSITIVITY_ELSEWHERE:
            return round(number)
    return None


def _number(value: Any, limits: tuple[float, float]) -> float | None:
    if value is None or isinstance(value, str | bytes):
        return None
    number = float(value)
    least, most = limits
    # A denominator of zero arrives as NaN, which no comparison lets through.
    return number if least <= number <= most else None


def _name(value: object) -> str | None:
    # Control, format (those that turn the direction of writing among them), private and
    # unassigned characters go; line breaks and tabs become spaces.
    text = "".join(
        character if character.isprintable() else " " * character.isspace()
        for character in _text(value)
    )
    name = " ".join(text.split())[:_LONGEST_NAME].rstrip()
    # Cameras write `----` for a lens that does not tell its name.
    return name if any(character.isalnum() for character in name) else None


def _text(value: object) -> str:
    """ASCII by the specification, UTF-8 by habit, up to the first NUL; empty if it is no text."""
    if isinstance(value, str):
        # The parser's own way of handing on any bytes.
        value = value.encode("latin-1")
    if not isinstance(value, bytes):
        return ""
    text = value.partition(b"\0")[0]
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")
