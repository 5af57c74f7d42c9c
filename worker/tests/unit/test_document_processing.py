"""What comes out of the processing of PDFs."""

from collections.abc import Callable
from typing import cast

import pytest
from PIL import Image

from photo_domain.failure import FailureCode, ProcessingError
from photo_domain.file_format import FileFormat
from photo_worker.processing.photo_in_process import Rendition
from photo_worker.processing.photo_processor import PhotoProcessor

Draw = Callable[..., Image.Image]
Encode = Callable[..., bytes]
Decode = Callable[[Rendition], Image.Image]


def make_pdf(
    trailer: bytes = b"", pages: int = 1, media_box: bytes = b"0 0 612 792", rotate: int = 0
) -> bytes:
    """A PDF whose upper left quarter is red on white."""
    content = b"1 0 0 rg 0 396 306 396 re f"
    kids = b" ".join(b"%d 0 R" % (4 + page) for page in range(pages))
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, pages),
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
    ]
    bodies += [
        b"<</Type/Page/Parent 2 0 R/MediaBox[%s]/Rotate %d/Contents 3 0 R>>" % (media_box, rotate)
    ] * pages
    data = b"%PDF-1.7\n"
    offsets = []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    data += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    data += b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(bodies) + 1,
        trailer,
        start,
    )
    return data


# The standard security handler, 40 bit; its hashes belong to no password that anyone knows.
ENCRYPTED = (
    b"/ID[<00112233445566778899aabbccddeeff><00112233445566778899aabbccddeeff>]"
    b"/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>" % (b"ab" * 32, b"cd" * 32)
)


def colour_at(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    return cast("tuple[int, ...]", image.getpixel((x, y)))


def test_the_first_page_is_rendered_and_measured_at_150_dpi(
    processor: PhotoProcessor, decode: Decode
) -> None:
    photo = processor.process(make_pdf(pages=2), FileFormat.PDF)
    assert photo.format is FileFormat.PDF
    assert (photo.width, photo.height) == (1275, 1650)
    preview, thumbnail = photo.renditions
    assert max(preview.width, preview.height) == 1280
    assert max(thumbnail.width, thumbnail.height) == 320
    for rendition in photo.renditions:
        page = decode(rendition).convert("RGB")
        assert page.size == (rendition.width, rendition.height)
        red, green, blue = colour_at(page, page.width // 4, page.height // 4)
        assert red > 230
        assert green < 40
        assert blue < 40
        assert min(colour_at(page, page.width * 3 // 4, page.height // 4)) > 240


def test_a_turned_page_is_shown_turned(processor: PhotoProcessor) -> None:
    photo = processor.process(make_pdf(rotate=90), FileFormat.PDF)
    assert (photo.width, photo.height) == (1650, 1275)
    assert all(rendition.width > rendition.height for rendition in photo.renditions)


def test_a_small_page_is_not_enlarged(processor: PhotoProcessor) -> None:
    photo = processor.process(make_pdf(media_box=b"0 0 240 144"), FileFormat.PDF)
    assert (photo.width, photo.height) == (500, 300)
    assert (photo.renditions[0].width, photo.renditions[0].height) == (500, 300)


def test_a_page_as_large_as_a_field_is_rendered_small(processor: PhotoProcessor) -> None:
    photo = processor.process(make_pdf(media_box=b"0 0 1000000 500000"), FileFormat.PDF)
    assert (photo.renditions[0].width, photo.renditions[0].height) == (1280, 640)


def test_an_encrypted_document_is_refused_as_encrypted(processor: PhotoProcessor) -> None:
    with pytest.raises(ProcessingError) as refused:
        processor.process(make_pdf(trailer=ENCRYPTED), FileFormat.PDF)
    assert refused.value.code is FailureCode.ENCRYPTED_DOCUMENT


def test_a_document_without_pages_is_refused_as_corrupt(processor: PhotoProcessor) -> None:
    with pytest.raises(ProcessingError) as refused:
        processor.process(make_pdf(pages=0), FileFormat.PDF)
    assert refused.value.code is FailureCode.CORRUPT_IMAGE


def test_a_document_that_ends_after_its_header_is_refused_as_truncated(
    processor: PhotoProcessor,
) -> None:
    with pytest.raises(ProcessingError) as refused:
        processor.process(make_pdf()[:40], FileFormat.PDF)
    assert refused.value.code is FailureCode.TRUNCATED_IMAGE


def test_a_document_from_another_writer_is_rendered(
    processor: PhotoProcessor, picture: Draw, encode: Encode
) -> None:
    page = picture(800, 600).resize((1700, 2200), Image.Resampling.NEAREST)
    photo = processor.process(encode(page, "PDF", resolution=200), FileFormat.PDF)
    assert (photo.width, photo.height) == (1275, 1650)
