"""Time against bytes and likeness of every rendition setting, on real photos.

`python -m processing_bench.rendition_choice --samples ../shared/samples --edges 1280 320`
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyvips
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from processing_bench.bench_photos import make_photos
from processing_bench.markdown_table import markdown_table

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
_WEBP_QUALITIES = (70, 75, 80, 85, 90)
_WEBP_EFFORTS = range(7)
_JPEG_QUALITIES = (70, 75, 80, 82, 85, 90)
# With libvips' own effort, and some with less.
_AVIF_SETTINGS = (
    *((quality, 4) for quality in (45, 50, 55, 60, 65)),
    *((quality, effort) for quality in (55, 65) for effort in (0, 2)),
)
# The faster of these counts: the other was disturbed.
_REPEATS = 2

_HEAD = ("format, quality", "effort", "CPU ms", "KB", "SSIM mean", "SSIM least")


@dataclass(frozen=True, slots=True)
class _Sample:
    """A photo, shrunk without loss."""

    image: pyvips.Image
    luminance: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Setting:
    name: str
    effort: int | None
    encode: Callable[[pyvips.Image], bytes]


def choose_renditions(folder: Path, edges: Sequence[int]) -> Iterator[str]:
    """A table for each long edge, as soon as it is measured: means over all samples."""
    pyvips.concurrency_set(1)
    pyvips.cache_set_max(0)
    files, told = _files(folder)
    yield told
    for edge in edges:
        samples = [_sample(data, edge) for data in files]
        rows = [_row(setting, samples) for setting in _settings()]
        yield f"Long edge {edge}:\n\n{markdown_table(_HEAD, rows)}"


def _files(folder: Path) -> tuple[list[bytes], str]:
    found = (
        # `name_1` and `name_2` are the same picture, turned: one of them counts.
        {path.stem.split("_")[0]: path for path in sorted(folder.iterdir(), reverse=True)}
        if folder.is_dir()
        else {}
    )
    photos = [path.read_bytes() for path in found.values() if path.suffix in _SUFFIXES]
    if photos:
        return photos, f"{len(photos)} photos of {folder}."
    photos = [photo.data for photo in make_photos()]
    return photos, f"No photos in {folder}: measured on {len(photos)} generated pictures."


def _sample(data: bytes, edge: int) -> _Sample:
    shrunk = pyvips.Image.thumbnail_buffer(
        data, edge, height=edge, size="down", output_profile="srgb"
    )
    # What stands out through transparency is seen on white.
    flat = shrunk.flatten(background=255) if shrunk.hasalpha() else shrunk
    image = flat.copy_memory()
    return _Sample(image, _luminance(image))


def _luminance(image: pyvips.Image) -> NDArray[np.float64]:
    # ITU-R BT.601, as JPEG and WebP weigh colours.
    red, green, blue = (np.asarray(band, np.float64) for band in image.bandsplit())
    luminance: NDArray[np.float64] = 0.299 * red + 0.587 * green + 0.114 * blue
    return luminance


def _settings() -> Iterable[_Setting]:
    for quality in _WEBP_QUALITIES:
        for effort in _WEBP_EFFORTS:
            yield _webp(quality, effort)
    for quality in _JPEG_QUALITIES:
        yield _jpeg(quality)
    for quality, effort in _AVIF_SETTINGS:
        yield _avif(quality, effort)


def _webp(quality: int, effort: int) -> _Setting:
    def encode(image: pyvips.Image) -> bytes:
        return bytes(image.webpsave_buffer(Q=quality, effort=effort, keep="none"))

    return _Setting(f"webp {quality}", effort, encode)


def _jpeg(quality: int) -> _Setting:
    def encode(image: pyvips.Image) -> bytes:
        return bytes(
            image.jpegsave_buffer(Q=quality, optimize_coding=True, interlace=True, keep="none")
        )

    return _Setting(f"jpeg {quality}", None, encode)


def _avif(quality: int, effort: int) -> _Setting:
    def encode(image: pyvips.Image) -> bytes:
        return bytes(
            image.heifsave_buffer(Q=quality, effort=effort, compression="av1", keep="none")
        )

    return _Setting(f"avif {quality}", effort, encode)


def _row(setting: _Setting, samples: Sequence[_Sample]) -> list[str]:
    seconds, sizes, likeness = [], [], []
    for sample in samples:
        data, cpu = _timed(setting, sample.image)
        decoded = pyvips.Image.new_from_buffer(data, "")
        seconds.append(cpu)
        sizes.append(len(data))
        likeness.append(_ssim(sample.luminance, _luminance(decoded)))
    return [
        setting.name,
        "" if setting.effort is None else str(setting.effort),
        f"{statistics.mean(seconds) * 1000:.1f}",
        f"{statistics.mean(sizes) / 1000:.1f}",
        f"{statistics.mean(likeness):.4f}",
        f"{min(likeness):.4f}",
    ]


def _timed(setting: _Setting, image: pyvips.Image) -> tuple[bytes, float]:
    best, data = float("inf"), b""
    for _ in range(_REPEATS):
        started = time.process_time()
        data = setting.encode(image)
        best = min(best, time.process_time() - started)
    return data, best


# It has no type hints.
_structural_similarity: Callable[..., float] = structural_similarity


def _ssim(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    # The weights of Wang et al., "Image quality assessment", 2004.
    return _structural_similarity(
        one,
        other,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="processing_bench.rendition_choice")
    parser.add_argument("--samples", type=Path, default=Path("../shared/samples"))
    parser.add_argument("--edges", type=int, nargs="+", default=[1280, 640, 320])
    arguments = parser.parse_args()
    for part in choose_renditions(arguments.samples, arguments.edges):
        sys.stdout.write(f"{part}\n\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
