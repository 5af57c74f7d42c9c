"""Files that are two things at once: what is not the picture must not come out."""

import io
import zipfile
from random import Random

from hostile_files import jpeg_segments, webp_chunks
from hostile_files.damaged_files import valid_file
from hostile_files.hostile_file import MARK, SUCCESS, UNSUPPORTED, HostileFile, hostile
from hostile_files.pdf_writer import one_page
from hostile_files.pictures import any_image_format, draw, encode, photo
from hostile_files.png_writer import IEND, chunk
from photo_domain.file_format import FileFormat


def html_behind_the_end(rng: Random) -> HostileFile:
    """A browser that guesses would run it."""
    file_format = rng.choice(list(FileFormat))
    data = valid_file(rng, file_format) + b"<html><body>" + MARK * rng.randint(1, 99)
    return hostile(data, file_format, SUCCESS)


def archive_behind_the_end(rng: Random) -> HostileFile:
    """ZIP is read from its end, so this is a ZIP (a JAR, a document) as well."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        # With a time of its own, or the file would not be the same again.
        archive.writestr(zipfile.ZipInfo("index.html"), MARK)
    file_format = rng.choice(list(FileFormat))
    return hostile(valid_file(rng, file_format) + buffer.getvalue(), file_format, SUCCESS)


def document_behind_the_end(rng: Random) -> HostileFile:
    """A PDF after an image; the image's first bytes decide."""
    file_format = any_image_format(rng)
    return hostile(photo(rng, file_format) + one_page(MARK), file_format, SUCCESS)


def document_claimed_as_image(rng: Random) -> HostileFile:
    """A PDF named .jpg."""
    return hostile(one_page(b"0 0 9 9 re f"), any_image_format(rng), UNSUPPORTED)


def image_behind_the_header_of_a_document(rng: Random) -> HostileFile:
    """Claimed as the image that is inside; its first bytes are not that image's."""
    file_format = any_image_format(rng)
    return hostile(b"%PDF-1.7\n" + photo(rng, file_format), file_format, UNSUPPORTED)


def markup_as_whole(rng: Random) -> HostileFile:
    """SVG, HTML or a script, named as a picture."""
    head = rng.choice(
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", b"<!doctype html>", b"#!/bin/sh\n")
    )
    return hostile(head + MARK, rng.choice(list(FileFormat)), UNSUPPORTED)


def jpeg_with_markup_in_its_segments(rng: Random) -> HostileFile:
    """Comments and application segments of markup."""
    markers = (jpeg_segments.COMMENT, 0xED, 0xEE, 0xEF, jpeg_segments.APP1)
    payload = rng.choice((b"", b"http://ns.adobe.com/xap/1.0/\0", b"Photoshop 3.0\0"))
    segments = (jpeg_segments.segment(marker, payload + MARK * 40) for marker in markers)
    data = jpeg_segments.after_start(photo(rng, FileFormat.JPEG), *segments)
    return hostile(data, FileFormat.JPEG, SUCCESS)


def jpeg_with_pictures_inside(rng: Random) -> HostileFile:
    """A thumbnail in a segment, and another picture behind the end."""
    thumbnail = jpeg_segments.segment(0xE5, photo(rng, FileFormat.JPEG)[:60_000])
    data = jpeg_segments.after_start(photo(rng, FileFormat.JPEG), thumbnail)
    return hostile(data + photo(rng, FileFormat.JPEG), FileFormat.JPEG, SUCCESS)


def png_with_markup_in_its_chunks(rng: Random) -> HostileFile:
    """Text, and chunks that nobody knows, before and behind the end."""
    data = photo(rng, FileFormat.PNG)
    markup = chunk(b"tEXt", b"Comment\0" + MARK) + chunk(b"maLf", MARK * 99)
    return hostile(data[:33] + markup + data[33:] + markup + IEND, FileFormat.PNG, SUCCESS)


def webp_with_markup_in_its_chunks(rng: Random) -> HostileFile:
    """XMP, and chunks that nobody knows."""
    image = draw(rng)
    data = webp_chunks.riff(
        webp_chunks.vp8x(webp_chunks.XMP, *image.size),
        webp_chunks.image_chunk(encode(image, FileFormat.WEBP)),
        webp_chunks.chunk(b"XMP ", MARK * rng.randint(1, 500)),
        webp_chunks.chunk(b"html", MARK),
    )
    return hostile(data, FileFormat.WEBP, SUCCESS)


KINDS = (
    html_behind_the_end,
    archive_behind_the_end,
    document_behind_the_end,
    document_claimed_as_image,
    image_behind_the_header_of_a_document,
    markup_as_whole,
    jpeg_with_markup_in_its_segments,
    jpeg_with_pictures_inside,
    png_with_markup_in_its_chunks,
    webp_with_markup_in_its_chunks,
)
