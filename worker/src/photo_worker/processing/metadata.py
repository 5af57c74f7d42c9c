"""The step that reads what a photo says of itself."""

from dataclasses import replace

from photo_domain.file_format import FileFormat
from photo_domain.photo_facts import PhotoMetadata
from photo_worker.processing.exif import metadata_of
from photo_worker.processing.photo_in_process import PhotoInProcess


def read_metadata(photo: PhotoInProcess) -> None:
    """Read the EXIF block that `probe` found; a document has none."""
    if photo.format is FileFormat.PDF:
        photo.metadata = PhotoMetadata()
    else:
        # Of a damaged block the decoder may read more or less: what is told is what is shown.
        photo.metadata = replace(metadata_of(photo.exif), orientation=photo.orientation)
