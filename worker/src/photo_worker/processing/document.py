"""The first page of a PDF as an image."""

import ctypes
import math
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pypdfium2
import pyvips

from photo_domain.failure import FailureCode, ProcessingError
from photo_domain.file_format import FileFormat
from photo_worker.processing.truncation import unreadable_code

# A page has no pixels of its own: its size is reported as if scanned for reading.
DOCUMENT_DPI = 150
_POINTS_PER_INCH = 72
# PDFium's bitmap covers every started pixel: 240 points at 150 dpi are to be 500, not 501.
_BELOW_ONE = 1 - 1e-9
_PIXELS_PER_POINT = _BELOW_ONE * DOCUMENT_DPI / _POINTS_PER_INCH
# Far more than any reader allows (ISO 32000-2 annex C: 14,400 units): the file is damaged.
_LONGEST_EDGE_IN_POINTS = 10_000_000

_PASSWORD_NEEDED = {pypdfium2.raw.FPDF_ERR_PASSWORD, pypdfium2.raw.FPDF_ERR_SECURITY}


@dataclass(frozen=True, slots=True)
class DocumentHeader:
    """How many pages there are, and the size of the first at `DOCUMENT_DPI`, in pixels."""

    pages: int
    width: int
    height: int


def read_document_header(data: bytes) -> DocumentHeader:
    """What a document says of itself; nothing is rendered.

    Raises ProcessingError: encrypted_document, corrupt_image, truncated_image.
    """
    with _open_first_page(data) as (document, page):
        width, height = _size_in_points(page)
        return DocumentHeader(
            pages=len(document),
            width=math.ceil(width * _PIXELS_PER_POINT),
            height=math.ceil(height * _PIXELS_PER_POINT),
        )


def render_first_page(data: bytes, longest_edge: int) -> pyvips.Image:
    """Page 1 in sRGB at `DOCUMENT_DPI`, smaller if its longest edge would pass `longest_edge`.

    What is rendered is bounded by `longest_edge`, however large the page says it is. Scripts,
    forms and attachments are never touched: PDFium is built without JavaScript, and no form is
    opened. Raises ProcessingError as `read_document_header` does.
    """
    with _open_first_page(data) as (_, page):
        return _render(page, longest_edge)


@contextmanager
def _open_first_page(
    data: bytes,
) -> Iterator[tuple[pypdfium2.PdfDocument, pypdfium2.PdfPage]]:
    with _open_document(data) as document:
        try:
            with closing(document[0]) as page:
                yield document, page
        except (IndexError, pypdfium2.PdfiumError) as error:
            raise ProcessingError(unreadable_code(data, FileFormat.PDF)) from error


@contextmanager
def _open_document(data: bytes) -> Iterator[pypdfium2.PdfDocument]:
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        # PDFium reports a wrong password for some damaged files too. The entry stands in the
        # trailer, which is never encrypted or compressed itself (ISO 32000-2 7.5.8.2, 7.6.2).
        if error.err_code in _PASSWORD_NEEDED and b"/Encrypt" in data:
            raise ProcessingError(FailureCode.ENCRYPTED_DOCUMENT) from error
        raise ProcessingError(unreadable_code(data, FileFormat.PDF)) from error
    with closing(document):
        yield document


def _size_in_points(page: pypdfium2.PdfPage) -> tuple[float, float]:
    width, height = page.get_size()
    if not (min(width, height) > 0 and max(width, height) <= _LONGEST_EDGE_IN_POINTS):
        raise ProcessingError(FailureCode.CORRUPT_IMAGE)
    return width, height


def _render(page: pypdfium2.PdfPage, longest_edge: int) -> pyvips.Image:
    longest = max(_size_in_points(page))
    bitmap = page.render(
        scale=min(_PIXELS_PER_POINT, _BELOW_ONE * longest_edge / longest),
        may_draw_forms=False,
        # Four bytes a pixel, red first: rows without padding, as libvips wants them.
        force_bitmap_format=pypdfium2.raw.FPDFBitmap_BGRx,
        rev_byteorder=True,
    )
    with closing(bitmap):
        pixels = ctypes.string_at(bitmap.buffer, bitmap.stride * bitmap.height)
        image = pyvips.Image.new_from_memory(pixels, bitmap.width, bitmap.height, 4, "uchar")
    return image.extract_band(0, n=3).copy(interpretation="srgb")
