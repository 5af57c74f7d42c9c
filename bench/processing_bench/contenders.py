"""Those that are compared: each makes the same renditions of the same bytes."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import pyvips
from PIL import Image, ImageOps

from photo_worker.processing.photo_processor import PhotoProcessor
from photo_worker.processing.processing_settings import ProcessingSettings
from photo_worker.processing.rendition_spec import RenditionFormat
from processing_bench.bench_photos import BenchPhoto

PRODUCT = "product"
BARE_PYVIPS = "bare pyvips"
PILLOW = "Pillow"


@dataclass(frozen=True, slots=True)
class Contender:
    """Who makes renditions: encoded, in the order of the settings."""

    name: str
    renditions_of: Callable[[BenchPhoto], list[bytes]]


def contenders(settings: ProcessingSettings) -> tuple[Contender, ...]:
    """The product first: building it restricts libvips to one thread without cache, for all."""
    if any(spec.format is not RenditionFormat.WEBP for spec in settings.renditions):
        raise ValueError("RENDITIONS: the comparison is made for webp only")
    processor = PhotoProcessor(settings)

    def product(photo: BenchPhoto) -> list[bytes]:
        done = processor.process(photo.data, photo.format)
        return [rendition.data for rendition in done.renditions]

    return (
        Contender(PRODUCT, product),
        Contender(BARE_PYVIPS, lambda photo: _bare_pyvips(photo.data, settings)),
        Contender(PILLOW, lambda photo: _pillow(photo.data, settings)),
    )


def _bare_pyvips(data: bytes, settings: ProcessingSettings) -> list[bytes]:
    """The least that libvips can do: no limits, no metadata, no placeholder."""
    made: list[bytes] = []
    image = None
    for spec in settings.renditions:
        edge = spec.long_edge
        if image is None:
            image = pyvips.Image.thumbnail_buffer(
                data, edge, height=edge, size="down", option_string="fail_on=error"
            ).copy_memory()
        else:
            image = image.thumbnail_image(edge, height=edge, size="down")
        made.append(image.webpsave_buffer(Q=spec.quality, effort=settings.webp_effort, keep="none"))
    return made


def _pillow(data: bytes, settings: ProcessingSettings) -> list[bytes]:
    """As its handbook does it; `thumbnail` drafts JPEGs to the size that the gap allows.

    But for two things. The handbook's bicubic filter takes a third less time than the one that
    libvips shrinks with, which is here asked for by its name: the same pictures are compared. And
    a photo that needs no turning is not copied.
    """
    made: list[bytes] = []
    with Image.open(io.BytesIO(data)) as image:
        for spec in settings.renditions:
            edges = (spec.long_edge, spec.long_edge)
            image.thumbnail(edges, Image.Resampling.LANCZOS, reducing_gap=2.0)
            # Once; afterwards it has no orientation any more.
            ImageOps.exif_transpose(image, in_place=True)
            buffer = io.BytesIO()
            image.save(
                buffer,
                "WEBP",
                quality=spec.quality,
                method=settings.webp_effort,
                exif=b"",
                icc_profile=b"",
                xmp=b"",
            )
            made.append(buffer.getvalue())
    return made
