"""A picture in memory is what its numbers say, for both who read it."""

import pytest
from PIL import Image

from photo_worker.processing.pixels import Pixels

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def test_pixels_that_are_not_there_are_never_read() -> None:
    with pytest.raises(ValueError, match="11 bytes"):
        Pixels(2, 2, 3, memoryview(bytearray(11)))


@pytest.mark.parametrize("bands", MODES)
def test_libvips_and_pillow_see_the_same_picture(bands: int) -> None:
    # Of every band another one, so that an exchanged or shifted one shows.
    layers = [Image.effect_noise((61, 47), 30 + 20 * band) for band in range(bands)]
    drawn = Image.merge(MODES[bands], layers).tobytes()
    pixels = Pixels(61, 47, bands, memoryview(drawn))
    assert pixels.for_pillow().tobytes() == drawn
    image = pixels.image()
    assert bytes(image.write_to_memory()) == drawn
    assert bool(image.hasalpha()) == pixels.has_alpha == (bands in {2, 4})
    assert Pixels.of(image) == pixels
