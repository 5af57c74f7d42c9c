"""What a run found out."""

from photo_domain.file_format import FileFormat
from photo_domain.photo_facts import PhotoMetadata, Placeholder
from photo_records.photo_result import PhotoResult


def new_result(random_number: int) -> PhotoResult:
    """Told apart from others by its random number."""
    return PhotoResult(
        format=FileFormat.JPEG,
        width=1600,
        height=1000,
        random_number=random_number,
        processing_time=0.25,
        pages=None,
        metadata=PhotoMetadata(),
        placeholder=Placeholder(b"hash", "#0a141e", "0123456789abcdef"),
        step_seconds={"probe": 0.25},
    )
