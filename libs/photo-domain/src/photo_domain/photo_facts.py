"""What processing finds out about a photo, as every service speaks of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Camera:
    """How a photo was taken; None is what the file does not say, or not validly."""

    # The names as the camera wrote them.
    make: str | None = None
    model: str | None = None
    lens: str | None = None
    # In seconds.
    exposure_time: float | None = None
    # The aperture: focal length by diameter.
    f_number: float | None = None
    # The sensitivity as of ISO 12232.
    iso: int | None = None
    # In millimetres.
    focal_length: float | None = None


@dataclass(frozen=True, slots=True)
class PhotoMetadata:
    """What a photo says of itself. Never where it was taken."""

    # ISO 8601, `2026-05-01T12:30:15`, with its UTC offset (`+02:00`) where the file has one.
    taken_at: str | None = None
    # None if nothing is known of it.
    camera: Camera | None = None
    # As stored, 1 to 8 (EXIF 2.32, 4.6.4 A); renditions are upright. None for documents.
    orientation: int | None = None


@dataclass(frozen=True, slots=True)
class Placeholder:
    """What to show until a rendition has arrived, and what to compare photos by."""

    # At most 25 bytes, https://evanw.github.io/thumbhash/.
    thumbhash: bytes
    # The colour that most of the photo has, `#rrggbb`.
    dominant_color: str
    # A 64-bit perceptual hash as 16 hexadecimal digits: alike photos differ in few bits.
    phash: str
