"""What processing yields."""

from dataclasses import dataclass

from photo_domain.file_format import FileFormat


@dataclass(frozen=True, slots=True)
class Rendition:
    """A smaller copy, encoded; width and height in pixels."""

    name: str
    width: int
    height: int
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ProcessedPhoto:
    """Width and height in pixels, upright; of a document its first page's at 150 dpi."""

    format: FileFormat
    width: int
    height: int
    renditions: tuple[Rendition, ...]
