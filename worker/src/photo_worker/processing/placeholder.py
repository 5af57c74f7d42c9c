"""What stands for a photo until a rendition has arrived, and what photos are compared by."""

import math
import statistics
from collections import Counter
from functools import lru_cache
from itertools import compress, pairwise
from operator import mul
from typing import NamedTuple

import pyvips
from thumbhash import rgba_to_thumb_hash

from photo_domain.photo_facts import Placeholder
from photo_worker.processing.photo_in_process import PhotoInProcess

# Everything here looks at the photo this small: neither hash knows more than 4 waves along an edge.
_LONGEST_EDGE = 32

_OPAQUE = 255
_HALF_OPAQUE = 128
# A drawing on nothing is compared as if on this, which hides neither a black nor a white one.
_MID_GREY = 127.5

# Bins around 0, 32, 64 ... 255: white, black and mid-grey, which photos are full of, are not at a
# border, where noise would spread them over two bins.
_BIN_WIDTH = 32
_BIN = bytes((value + _BIN_WIDTH // 2) // _BIN_WIDTH for value in range(256))

# Of the cosine transform, along each edge: 8 x 8 coefficients, a bit each.
_FREQUENCIES = 8


class _Pixels(NamedTuple):
    """A photo's channels, row by row, and the borders of its columns and rows, 0 to 1."""

    columns: tuple[float, ...]
    rows: tuple[float, ...]
    red: bytes
    green: bytes
    blue: bytes
    alpha: bytes


def make_placeholder(photo: PhotoInProcess) -> None:
    """Make the placeholder from the smallest rendition."""
    photo.placeholder = placeholder_of(photo.smallest)


def placeholder_of(image: pyvips.Image) -> Placeholder:
    """The placeholder of an upright image in memory: 8 bits, sRGB or grey, with or without alpha.

    Any size will do; the larger, the longer it takes.
    """
    pixels = _shrink(image)
    return Placeholder(
        thumbhash=_thumbhash(pixels),
        dominant_color=_dominant_color(pixels),
        phash=_perceptual_hash(pixels),
    )


def _shrink(image: pyvips.Image) -> _Pixels:
    factor = math.ceil(max(image.width, image.height) / _LONGEST_EDGE)
    has_alpha = image.bands in {2, 4}
    # Multiplied by alpha, so that what nobody sees lends its neighbours no colour.
    small = image.premultiply() if has_alpha else image
    # By whole numbers it takes a third of the time of a thumbnail; the last row may then stand for
    # less of the photo than the others.
    small = small.shrink(factor, factor, ceil=True)
    if has_alpha:
        small = small.unpremultiply().rint().cast("uchar")
    data = bytes(small.write_to_memory())
    channels = [data[band :: small.bands] for band in range(small.bands)]
    alpha = channels.pop() if has_alpha else bytes([_OPAQUE]) * (small.width * small.height)
    red, green, blue = channels if len(channels) == 3 else channels * 3
    columns, rows = _borders(image.width, factor), _borders(image.height, factor)
    return _Pixels(columns, rows, red, green, blue, alpha)


def _borders(length: int, factor: int) -> tuple[float, ...]:
    return (*(start / length for start in range(0, length, factor)), 1.0)


def _thumbhash(pixels: _Pixels) -> bytes:
    rgba = bytearray(4 * len(pixels.alpha))
    rgba[0::4] = pixels.red
    rgba[1::4] = pixels.green
    rgba[2::4] = pixels.blue
    rgba[3::4] = pixels.alpha
    width, height = len(pixels.columns) - 1, len(pixels.rows) - 1
    return rgba_to_thumb_hash(width, height, bytes(rgba))


def _dominant_color(pixels: _Pixels) -> str:
    """The mean of the fullest bin of a coarse histogram; black if everything is transparent."""
    # What is hardly there counts only where nothing is there more.
    least = min(_HALF_OPAQUE, max(pixels.alpha))
    counts = [alpha >= least for alpha in pixels.alpha]
    channels = [
        bytes(compress(channel, counts)) for channel in (pixels.red, pixels.green, pixels.blue)
    ]
    bins = list(zip(*(channel.translate(_BIN) for channel in channels), strict=True))
    [(fullest, _)] = Counter(bins).most_common(1)
    in_fullest = [its_bin == fullest for its_bin in bins]
    means = (statistics.fmean(compress(channel, in_fullest)) for channel in channels)
    return "#" + "".join(f"{round(mean):02x}" for mean in means)


def _perceptual_hash(pixels: _Pixels) -> str:
    """The 64 lowest coefficients of the cosine transform, a bit each: is it above their median.

    As ImageHash's `phash` defines it, but for any shape of picture instead of one stretched to
    32 x 32 pixels. https://www.hackerfactor.com/blog/index.php?/archives/432-Looks-Like-It.html
    """
    greys, width = _greys(pixels), len(pixels.columns) - 1
    across = [
        [sum(map(mul, wave, greys[start : start + width])) for wave in _waves(pixels.columns)]
        for start in range(0, len(greys), width)
    ]
    coefficients = [
        # Below a tenth of a grey level it is noise, which would fill the hash of a plain picture.
        round(sum(map(mul, wave, column)), 1)
        for wave in _waves(pixels.rows)
        for column in zip(*across, strict=True)
    ]
    median = statistics.median(coefficients)
    bits = "".join("01"[coefficient > median] for coefficient in coefficients)
    return f"{int(bits, 2):016x}"


def _greys(pixels: _Pixels) -> list[float]:
    """The luma as of JPEG (ITU-R BT.601)."""
    lumas = [
        0.299 * red + 0.587 * green + 0.114 * blue
        for red, green, blue in zip(pixels.red, pixels.green, pixels.blue, strict=True)
    ]
    if min(pixels.alpha) == _OPAQUE:
        return lumas
    return [
        _MID_GREY + (luma - _MID_GREY) * alpha / _OPAQUE
        for luma, alpha in zip(lumas, pixels.alpha, strict=True)
    ]


@lru_cache(maxsize=2 * _LONGEST_EDGE)
def _waves(borders: tuple[float, ...]) -> tuple[tuple[float, ...], ...]:
    """The cosine of each frequency, integrated over each of the columns or rows.

    With the values in their middles, as the discrete transform has them, a line of few pixels
    would show waves that are not there.
    """
    constant = tuple(right - left for left, right in pairwise(borders))
    waves = (math.pi * frequency for frequency in range(1, _FREQUENCIES))
    return (
        constant,
        *(
            tuple(
                (math.sin(wave * right) - math.sin(wave * left)) / wave
                for left, right in pairwise(borders)
            )
            for wave in waves
        ),
    )
