"""What a successful run leaves in the records."""

from collections.abc import Mapping
from dataclasses import dataclass

from photo_domain.file_format import FileFormat
from photo_domain.photo_facts import PhotoMetadata, Placeholder


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """What a successful run found out; width and height in pixels, upright."""

    format: FileFormat
    width: int
    height: int
    random_number: int
    # In seconds.
    processing_time: float
    # None but for a document.
    pages: int | None
    metadata: PhotoMetadata
    placeholder: Placeholder
    # How long each step took, by its name.
    step_seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class StoredRendition:
    """A rendition that lies in storage already; width and height in pixels, size in bytes."""

    name: str
    width: int
    height: int
    content_type: str
    size: int
    object_key: str
