"""One photo in, one value out."""

from photo_domain.failure import FailureCode, ProcessingError
from photo_domain.file_format import SNIFF_SIZE, FileFormat, sniff_format
from photo_worker.processing.document import render_first_page
from photo_worker.processing.libvips_setup import restrict_libvips
from photo_worker.processing.probe import probe_image
from photo_worker.processing.processed_photo import ProcessedPhoto
from photo_worker.processing.renditions import (
    PREVIEW,
    make_renditions,
    make_renditions_of_pixels,
)


class PhotoProcessor:
    """Processes untrusted bytes; building one restricts libvips for the whole process."""

    def __init__(self, max_pixels: int) -> None:
        restrict_libvips()
        self._max_pixels = max_pixels

    def process(self, data: bytes, claimed: FileFormat) -> ProcessedPhoto:
        """Make the renditions of `data`, which was uploaded as `claimed`.

        Raises ProcessingError: corrupt_image, truncated_image, too_many_pixels,
        unsupported_content, encrypted_document.
        """
        if sniff_format(data[:SNIFF_SIZE]) is not claimed:
            raise ProcessingError(FailureCode.UNSUPPORTED_CONTENT)
        if claimed is FileFormat.PDF:
            return _process_document(data)
        header = probe_image(data, claimed, self._max_pixels)
        return ProcessedPhoto(
            format=header.format,
            width=header.width,
            height=header.height,
            renditions=make_renditions(data, claimed),
        )


def _process_document(data: bytes) -> ProcessedPhoto:
    _, longest_edge = PREVIEW
    page = render_first_page(data, longest_edge)
    return ProcessedPhoto(
        format=FileFormat.PDF,
        width=page.width,
        height=page.height,
        renditions=make_renditions_of_pixels(page.image),
    )
