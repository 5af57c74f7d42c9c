import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from photo_worker.processing.photo_processor import PhotoProcessor
from photo_worker.processing.processed_photo import Rendition


@pytest.fixture(scope="session")
def processor() -> PhotoProcessor:
    return PhotoProcessor(max_pixels=100_000_000)


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
