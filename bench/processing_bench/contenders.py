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
    """As its handbook does it; `thumbnail` drafts JPEGs to the size that the gap allows."""
    made: list[bytes] = []
    with Image.open(io.BytesIO(data)) as opened:
        longest = settings.renditions[0].long_edge
        opened.thumbnail((longest, longest), reducing_gap=2.0)
        image = ImageOps.exif_transpose(opened)
    for spec in settings.renditions:
        image.thumbnail((spec.long_edge, spec.long_edge), reducing_gap=2.0)
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
