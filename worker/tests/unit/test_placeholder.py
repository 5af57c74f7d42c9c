"""What stands for a photo, and how photos compare."""

from collections.abc import Callable
from itertools import combinations
from random import Random
from statistics import fmean

import pytest
import pyvips
from PIL import Image
from thumbhash import (
    thumb_hash_to_approximate_aspect_ratio,
    thumb_hash_to_average_rgba,
    thumb_hash_to_rgba,
)

from photo_domain.photo_facts import Placeholder
from photo_worker.processing.pixels import Pixels
from photo_worker.processing.placeholder import placeholder_of as placeholder_of_pixels

Draw = Callable[..., Image.Image]
INTERPRETATIONS = {1: "b-w", 2: "b-w", 3: "srgb", 4: "srgb"}


def placeholder_of(image: pyvips.Image) -> Placeholder:
    return placeholder_of_pixels(Pixels.of(image))


def loaded(image: Image.Image) -> pyvips.Image:
    bands = len(image.getbands())
    return pyvips.Image.new_from_memory(
        image.tobytes(), image.width, image.height, bands, "uchar"
    ).copy(interpretation=INTERPRETATIONS[bands])


def plain(size: tuple[int, int], *color: float) -> pyvips.Image:
    return (
        (pyvips.Image.black(*size, bands=len(color)) + list(color))
        .cast("uchar")
        .copy(interpretation=INTERPRETATIONS[len(color)])
        .copy_memory()
    )


def photo(seed: int, width: int = 320, height: int = 213) -> pyvips.Image:
    """Soft spots of all colours; another seed, another photo."""
    spots = pyvips.Image.new_from_memory(Random(seed).randbytes(16 * 11 * 3), 16, 11, 3, "uchar")
    return spots.resize(width / 16, vscale=height / 11).copy(interpretation="srgb").copy_memory()


def distance(one: pyvips.Image, other: pyvips.Image) -> int:
    """In how many of the 64 bits two photos differ."""
    hashes = (int(placeholder_of(image).phash, 16) for image in (one, other))
    return (next(hashes) ^ next(hashes)).bit_count()


def reencoded(image: pyvips.Image, quality: int) -> pyvips.Image:
    return pyvips.Image.new_from_buffer(image.jpegsave_buffer(Q=quality), "").copy_memory()


# The thumbhash


@pytest.mark.parametrize("color", [(200, 30, 30), (20, 90, 160), (128, 128, 128), (250, 250, 245)])
def test_a_thumbhash_has_the_average_color(color: tuple[int, int, int]) -> None:
    *average, alpha = thumb_hash_to_average_rgba(
        placeholder_of(plain((320, 200), *color)).thumbhash
    )
    assert average == pytest.approx([channel / 255 for channel in color], abs=0.05)
    assert alpha == 1


@pytest.mark.parametrize("seed", range(4))
def test_the_thumbhash_of_a_photo_decodes_to_its_average_color(seed: int) -> None:
    image = photo(seed)
    width, height, rgba = thumb_hash_to_rgba(placeholder_of(image).thumbhash)
    assert len(rgba) == 4 * width * height
    shown = [fmean(rgba[band::4]) for band in range(3)]
    assert shown == pytest.approx([image[band].avg() for band in range(3)], abs=15)


def test_a_thumbhash_shows_what_is_where(picture: Draw) -> None:
    width, height, rgba = thumb_hash_to_rgba(placeholder_of(loaded(picture(320, 200))).thumbhash)

    def color_at(x: float, y: float) -> tuple[int, int, int]:
        start = 4 * (int(y * height) * width + int(x * width))
        red, green, blue = rgba[start : start + 3]
        return red, green, blue

    red, green, blue = color_at(0.25, 0.1)
    assert red > max(green, blue) + 80
    red, green, blue = color_at(0.75, 0.2)
    assert blue > max(red, green) + 80
    red, green, blue = color_at(0.08, 0.8)
    assert green > max(red, blue) + 30
    assert min(color_at(0.7, 0.85)) > 200


@pytest.mark.parametrize("size", [(320, 160), (160, 320), (300, 300)])
def test_a_thumbhash_has_the_shape_of_the_photo(size: tuple[int, int]) -> None:
    ratio = thumb_hash_to_approximate_aspect_ratio(placeholder_of(photo(0, *size)).thumbhash)
    assert ratio == pytest.approx(size[0] / size[1], rel=0.15)


def test_a_thumbhash_knows_transparency(picture: Draw) -> None:
    image = picture(320, 200, "RGBA")
    image.paste((255, 255, 255, 0), (160, 0, 320, 200))
    thumbhash = placeholder_of(loaded(image)).thumbhash
    assert len(thumbhash) <= 25
    assert thumb_hash_to_average_rgba(thumbhash)[3] == pytest.approx(0.5, abs=0.1)
    width, _, rgba = thumb_hash_to_rgba(thumbhash)
    assert rgba[3] > 200
    assert rgba[4 * (width - 1) + 3] < 60


# The dominant colour


def test_the_dominant_color_is_that_of_most_of_the_photo(picture: Draw) -> None:
    image = picture(320, 200)
    assert placeholder_of(loaded(image)).dominant_color == "#ffffff"
    image.paste((10, 120, 60), (100, 0, 320, 200))
    assert placeholder_of(loaded(image)).dominant_color == "#0a783c"


@pytest.mark.parametrize("level", [0, 64, 128, 192, 255])
def test_noise_does_not_hide_the_dominant_color(level: int) -> None:
    noise = pyvips.Image.gaussnoise(320, 200, mean=level, sigma=25, seed=1)
    image = noise.bandjoin([noise, noise]).cast("uchar").copy(interpretation="srgb")
    patch = plain((140, 200), 10, 120, 60)
    color = placeholder_of(image.insert(patch, 0, 0).copy_memory()).dominant_color
    channels = [int(color[start : start + 2], 16) for start in (1, 3, 5)]
    assert channels == pytest.approx([level] * 3, abs=15)


def test_what_is_transparent_has_no_color() -> None:
    image = Image.new("RGBA", (320, 200), (255, 0, 0, 0))
    image.paste((0, 0, 255, 20), (0, 0, 200, 200))
    image.paste((0, 200, 0, 255), (280, 0, 320, 200))
    assert placeholder_of(loaded(image)).dominant_color == "#00c800"
    image.paste((255, 0, 0, 0), (280, 0, 320, 200))
    assert placeholder_of(loaded(image)).dominant_color == "#0000ff"


@pytest.mark.parametrize("color", [(255, 255, 255, 0), (0, 0, 0, 0), (200, 0)])
def test_a_photo_of_nothing_has_a_placeholder(color: tuple[int, ...]) -> None:
    placeholder = placeholder_of(plain((320, 200), *color))
    assert placeholder.dominant_color == "#000000"
    assert thumb_hash_to_average_rgba(placeholder.thumbhash)[3] == 0


# The perceptual hash


@pytest.mark.parametrize("seed", range(6))
def test_copies_of_a_photo_are_near(seed: int) -> None:
    image = photo(seed)
    assert distance(image, reencoded(image, quality=30)) <= 8
    for longest_edge in (300, 160, 57):
        copy = image.thumbnail_image(longest_edge, height=longest_edge).copy_memory()
        assert distance(image, copy) <= 8
    assert distance(image, (image * 0.8 + 20).cast("uchar").copy_memory()) <= 8


def test_different_photos_are_far() -> None:
    photos = [photo(seed) for seed in range(6)]
    for one, other in combinations(photos, 2):
        assert distance(one, other) > 16


@pytest.mark.parametrize("turn", ["rot90", "rot180", "fliphor", "flipver"])
def test_a_turned_photo_is_another(turn: str) -> None:
    image = photo(0)
    assert distance(image, getattr(image, turn)().copy_memory()) > 16


def test_plain_photos_are_alike_whatever_their_noise() -> None:
    image = plain((320, 200), 120, 130, 140)
    for seed in range(4):
        noise = pyvips.Image.gaussnoise(320, 200, mean=0, sigma=3, seed=seed)
        assert distance(image, (image + noise).cast("uchar").copy_memory()) <= 1


def test_black_and_white_drawings_on_nothing_are_compared() -> None:
    for level in (0, 255):
        blank = Image.new("LA", (320, 200), (level, 0))
        drawing = blank.copy()
        drawing.paste((level, 255), (40, 30, 120, 170))
        assert distance(loaded(blank), loaded(drawing)) > 8


# All of it

SIZES = [(1, 1), (2, 1), (1, 3), (320, 1), (1, 320), (60_000, 1), (1, 60_000), (320, 3)]


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [*SIZES, (31, 33), (33, 32), (319, 213), (1280, 800)])
def test_every_size_and_kind_of_photo_has_a_placeholder(size: tuple[int, int], bands: int) -> None:
    image = plain(size, *(200 if band % 2 else 90 for band in range(bands)))
    placeholder = placeholder_of(image)
    assert 1 <= len(placeholder.thumbhash) <= 25
    thumb_hash_to_rgba(placeholder.thumbhash)
    # Only what is the same everywhere is above the median.
    assert placeholder.phash == "8000000000000000"
    assert placeholder.dominant_color == ("#5a5a5a" if bands < 3 else "#5ac85a")


def test_a_line_is_compared_along_itself() -> None:
    ramp = pyvips.Image.identity().copy(interpretation="b-w").copy_memory()
    assert distance(ramp, ramp.fliphor().copy_memory()) > 2
    # Of as many lines as you like it is the same picture.
    assert distance(ramp, ramp.embed(0, 0, 256, 100, extend="copy").copy_memory()) == 0


def test_grey_and_colored_files_of_the_same_photo_have_the_same_placeholder() -> None:
    grey = photo(0)[1].copy(interpretation="b-w").copy_memory()
    colored = grey.bandjoin([grey, grey]).copy(interpretation="srgb").copy_memory()
    assert placeholder_of(grey) == placeholder_of(colored)


def test_a_file_with_an_alpha_channel_that_says_nothing_is_the_same_photo(picture: Draw) -> None:
    opaque, with_alpha = (loaded(picture(320, 200, mode)) for mode in ("RGB", "RGBA"))
    assert placeholder_of(opaque) == placeholder_of(with_alpha)
