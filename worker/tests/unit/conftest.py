import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from photo_worker.processing.photo_in_process import Rendition
from photo_worker.processing.photo_processor import PhotoProcessor
from photo_worker.processing.processing_settings import ProcessingSettings
from photo_worker.processing.rendition_spec import parse_renditions


@pytest.fixture(scope="session")
def make_processor() -> Callable[..., PhotoProcessor]:
    """A processor with the default settings, but for what is given."""

    def make(renditions: str = "preview:1280,thumbnail:320", **settings: Any) -> PhotoProcessor:
        defaults = ProcessingSettings(
            renditions=parse_renditions(renditions),
            max_pixels=100_000_000,
            max_held_bytes=400_000_000,
            max_pages=1000,
            accept_truncated=False,
            webp_effort=2,
        )
        return PhotoProcessor(replace(defaults, **settings))

    return make


@pytest.fixture(scope="session")
def processor(make_processor: Callable[..., PhotoProcessor]) -> PhotoProcessor:
    return make_processor()


@pytest.fixture(scope="session")
def picture() -> Callable[..., Image.Image]:
    """A picture without symmetry: turned or mirrored wrongly, it differs."""

    def draw(width: int = 1600, height: int = 1000, mode: str = "RGB") -> Image.Image:
        image = Image.new(mode, (width, height), "white")
        image.paste("red", (0, 0, width // 2, height // 3))
        image.paste("blue", (width // 2, 0, width, height // 2))
        image.paste("green", (0, height // 3, width // 4, height))
        return image

    return draw


@pytest.fixture(scope="session")
def encode() -> Callable[..., bytes]:
    def save(image: Image.Image, file_format: str, **options: Any) -> bytes:
        buffer = io.BytesIO()
        image.save(buffer, file_format, **options)
        return buffer.getvalue()

    return save


@pytest.fixture(scope="session")
def decode() -> Callable[[Rendition], Image.Image]:
    def load(rendition: Rendition) -> Image.Image:
        image = Image.open(io.BytesIO(rendition.data))
        image.load()
        return image

    return load
