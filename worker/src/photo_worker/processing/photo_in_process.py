"""The one value that is passed from step to step."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pyvips

from photo_domain.file_format import FileFormat
from photo_domain.photo_facts import PhotoMetadata, Placeholder
from photo_worker.processing.pixels import Pixels
from photo_worker.processing.processing_settings import ProcessingSettings


@dataclass(frozen=True, slots=True)
class Rendition:
    """A smaller copy, encoded; width and height in pixels."""

    name: str
    width: int
    height: int
    content_type: str
    data: bytes


@dataclass(slots=True)
class PhotoInProcess:
    """A photo on its way: each step reads what earlier ones found and fills in its own."""

    original: bytes = field(repr=False)
    # What it was uploaded as, and what its first bytes say.
    format: FileFormat
    settings: ProcessingSettings

    # `probe`: in pixels, upright; of a document its first page's at 150 dpi.
    width: int = field(init=False)
    height: int = field(init=False)
    # Of a document; None for an image.
    pages: int | None = field(init=False)
    # How the decoder understands the file, and turns it: 1 to 8; None for a document.
    orientation: int | None = field(init=False)
    # As the file holds it; None if it has none.
    exif: bytes | None = field(init=False, repr=False)
    # The decoder with its header read, for one pass over the lines. `decode` takes it away; a
    # document has none.
    opened: pyvips.Image = field(init=False, repr=False)
    # Whether the file says with an ICC profile what its colours mean.
    has_color_profile: bool = field(init=False)

    # `read_metadata`
    metadata: PhotoMetadata = field(init=False)

    # `decode`: no larger than the largest rendition.
    pixels: Pixels = field(init=False)

    # `make_renditions`
    renditions: tuple[Rendition, ...] = field(init=False)
    # The smallest of them, as `pixels`.
    smallest: Pixels = field(init=False)

    # `make_placeholder`
    placeholder: Placeholder = field(init=False)

    # By the step's name.
    step_seconds: dict[str, float] = field(default_factory=dict)


# Raises ProcessingError where the photo cannot be processed, MemoryError where it needs more
# memory than the process may have.
Step = Callable[[PhotoInProcess], None]
