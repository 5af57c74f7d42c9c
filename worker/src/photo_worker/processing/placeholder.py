"""What stands for a photo until a rendition has arrived, and what photos are compared by."""

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import compress, pairwise
from operator import mul
from typing import NamedTuple

from thumbhash import rgba_to_thumb_hash

from photo_domain.photo_facts import Placeholder
from photo_worker.processing.photo_in_process import PhotoInProcess
from photo_worker.processing.pixels import Pixels

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


class _SmallPicture(NamedTuple):
    """A photo's channels, row by row, and the borders of its columns and rows, 0 to 1."""

    columns: tuple[float, ...]
    rows: tuple[float, ...]
    red: bytes
    green: bytes
    blue: bytes
    alpha: bytes
    # As of JPEG (ITU-R BT.601).
    luma: bytes


def make_placeholder(photo: PhotoInProcess) -> None:
    """Make the placeholder from the smallest rendition."""
    photo.placeholder = placeholder_of(photo.smallest)


def placeholder_of(pixels: Pixels) -> Placeholder:
    """The placeholder of a picture of any size; the larger, the longer it takes."""
    small = _shrink(pixels)
    return Placeholder(
        thumbhash=_thumbhash(small),
        dominant_color=_dominant_color(small),
        phash=_perceptual_hash(small),
    )


def _shrink(pixels: Pixels) -> _SmallPicture:
    factor = math.ceil(max(pixels.width, pixels.height) / _LONGEST_EDGE)
    # By whole numbers and without a pipeline it takes a tenth of the time of a thumbnail; the last
    # row may then stand for less of the photo than the others. Pillow multiplies by alpha before,
    # so that what nobody sees lends its neighbours no colour.
    small = pixels.for_pillow().reduce(factor).convert("RGBA")
    columns, rows = _borders(pixels.width, factor), _borders(pixels.height, factor)
    red, green, blue, alpha = (band.tobytes() for band in small.split())
    return _SmallPicture(columns, rows, red, green, blue, alpha, small.convert("L").tobytes())


def _borders(length: int, factor: int) -> tuple[float, ...]:
    return (*(start / length for start in range(0, length, factor)), 1.0)


def _thumbhash(small: _SmallPicture) -> bytes:
    rgba = bytearray(4 * len(small.alpha))
    rgba[0::4] = small.red
    rgba[1::4] = small.green
    rgba[2::4] = small.blue
    rgba[3::4] = small.alpha
    width, height = len(small.columns) - 1, len(small.rows) - 1
    return rgba_to_thumb_hash(width, height, bytes(rgba))


def _dominant_color(small: _SmallPicture) -> str:
    """The mean of the fullest bin of a coarse histogram; black if everything is transparent."""
    channels = [small.red, small.green, small.blue]
    # What is hardly there counts only where nothing is there more.
    least = min(_HALF_OPAQUE, max(small.alpha))
    if min(small.alpha) < least:
        counts = [alpha >= least for alpha in small.alpha]
        channels = [bytes(compress(channel, counts)) for channel in channels]
    bins = list(zip(*(channel.translate(_BIN) for channel in channels), strict=True))
    [(fullest, _)] = Counter(bins).most_common(1)
    in_fullest = [its_bin == fullest for its_bin in bins]
    means = (statistics.fmean(list(compress(channel, in_fullest))) for channel in channels)
    return "#" + "".join(f"{round(mean):02x}" for mean in means)


def _perceptual_hash(small: _SmallPicture) -> str:
    """The 64 lowest coefficients of the cosine transform, a bit each: is it above their median.

    As ImageHash's `phash` defines it, but for any shape of picture instead of one stretched to
    32 x 32 pixels. https://www.hackerfactor.com/blog/index.php?/archives/432-Looks-Like-It.html
    """
    greys, width = _greys(small), len(small.columns) - 1
    rows = [greys[start : start + width] for start in range(0, len(greys), width)]
    across = [[sum(map(mul, wave, row)) for wave in _waves(small.columns)] for row in rows]
    coefficients = [
        # Below a tenth of a grey level it is noise, which would fill the hash of a plain picture.
        round(sum(map(mul, wave, column)), 1)
        for wave in _waves(small.rows)
        for column in zip(*across, strict=True)
    ]
    median = statistics.median(coefficients)
    bits = "".join("01"[coefficient > median] for coefficient in coefficients)
    return f"{int(bits, 2):016x}"


def _greys(small: _SmallPicture) -> Sequence[float]:
    if min(small.alpha) == _OPAQUE:
        return small.luma
    return [
        _MID_GREY + (luma - _MID_GREY) * alpha / _OPAQUE
        for luma, alpha in zip(small.luma, small.alpha, strict=True)
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
