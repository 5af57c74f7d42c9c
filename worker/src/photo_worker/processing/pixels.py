"""A picture in memory, which libvips and Pillow both read."""

from dataclasses import dataclass, field

import pyvips
from PIL import Image

_BANDS_WITH_ALPHA = {2, 4}
_GREY_BANDS = {1, 2}
# Pillow's names for grey and sRGB, without and with alpha.
_MODE_BY_BANDS = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True, slots=True)
class Pixels:
    """Upright, sRGB or grey, with or without alpha; width and height in pixels."""

    width: int
    height: int
    # Bytes of each pixel.
    bands: int
    # Row by row, without padding.
    data: memoryview = field(repr=False)

    def __post_init__(self) -> None:
        """Raises ValueError unless the data are exactly those pixels: C code reads them."""
        if len(self.data) != self.width * self.height * self.bands:
            raise ValueError(f"{len(self.data)} bytes of {self.width} x {self.height} pixels")

    @classmethod
    def of(cls, image: pyvips.Image) -> "Pixels":
        """What libvips makes of `image`, of 8 bits a band. Raises pyvips.Error."""
        data = memoryview(image.write_to_memory())
        return cls(image.width, image.height, image.bands, data)

    @property
    def has_alpha(self) -> bool:
        """Whether the last band says how opaque a pixel is."""
        return self.bands in _BANDS_WITH_ALPHA

    @property
    def is_grey(self) -> bool:
        """Whether there is one band of brightness instead of three of colour."""
        return self.bands in _GREY_BANDS

    def for_pillow(self) -> Image.Image:
        """The same for Pillow, which copies it into pixels of its own."""
        mode = _MODE_BY_BANDS[self.bands]
        return Image.frombytes(mode, (self.width, self.height), self.data)

    def image(self) -> pyvips.Image:
        """The same for libvips, which keeps a reference to the data."""
        image = pyvips.Image.new_from_memory(
            self.data, self.width, self.height, self.bands, "uchar"
        )
        if not self.has_alpha:
            return image
        # Without being told, libvips takes the last band for a colour.
        return image.copy(interpretation="b-w" if self.is_grey else "srgb")
