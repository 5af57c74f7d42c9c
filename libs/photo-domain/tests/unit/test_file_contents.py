"""Sizes, and what the first bytes say against what the name promises."""

import pytest

from photo_domain.file_format import (
    FORMAT_BY_CONTENT_TYPE,
    FORMAT_BY_EXTENSION,
    SIGNATURES,
    SNIFF_SIZE,
    FileFormat,
    format_of_name,
    sniff_format,
)
from photo_domain.limits import UPLOAD_LIMITS, UploadLimits
from photo_domain.rejection import RejectionCode, reject_content, reject_size

HEADS = {
    FileFormat.JPEG: b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
    FileFormat.PNG: b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d",
    FileFormat.WEBP: b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    FileFormat.PDF: b"%PDF-1.7\n%\xe2\xe3\xcf",
}


def test_the_limits_are_those_that_were_asked_for() -> None:
    assert (
        UploadLimits(max_files=100, max_file_size=5_242_880, max_file_name_characters=255)
        == UPLOAD_LIMITS
    )


def test_a_body_of_the_most_and_largest_files_fits_the_largest_body() -> None:
    assert UPLOAD_LIMITS.max_body_size > 100 * (5_242_880 + 4_224)


@pytest.mark.parametrize("size", [1, 5_242_879, 5_242_880])
def test_a_size_within_the_limit_breaks_no_rule(size: int) -> None:
    assert reject_size(size, UPLOAD_LIMITS) is None


def test_an_empty_file_is_refused() -> None:
    rejection = reject_size(0, UPLOAD_LIMITS)
    assert rejection is not None
    assert rejection.code is RejectionCode.EMPTY_FILE


def test_one_byte_over_the_limit_is_too_large_and_the_detail_names_the_limit() -> None:
    rejection = reject_size(5_242_881, UPLOAD_LIMITS)
    assert rejection is not None
    assert rejection.code is RejectionCode.FILE_TOO_LARGE
    assert "5242880" in rejection.detail


@pytest.mark.parametrize("file_format", FileFormat)
def test_every_format_is_told_by_its_first_bytes(file_format: FileFormat) -> None:
    head = HEADS[file_format]
    assert sniff_format(head) is file_format
    assert sniff_format(head[:SNIFF_SIZE]) is file_format


@pytest.mark.parametrize("file_format", FileFormat)
def test_no_byte_of_a_signature_may_differ(file_format: FileFormat) -> None:
    for fixed in SIGNATURES[file_format]:
        for at in range(fixed.offset, fixed.end):
            head = bytearray(HEADS[file_format])
            head[at] ^= 1
            assert sniff_format(bytes(head)) is None


def test_the_twelve_first_bytes_tell_every_format() -> None:
    assert SNIFF_SIZE == 12


@pytest.mark.parametrize("file_format", FileFormat)
def test_every_format_has_a_content_type_and_an_extension(file_format: FileFormat) -> None:
    assert FORMAT_BY_CONTENT_TYPE[file_format.content_type] is file_format
    assert file_format in FORMAT_BY_EXTENSION.values()


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff\xd8",
        b"\x89PNG\r\n\x1a",
        b"\x89PNG\n\x1a\n\x00",  # line ends converted by a transfer in text mode
        b"RIFF\x24\x00\x00\x00WAVEfmt ",
        b"RIFF\x24\x00\x00\x00WEB",
        b" %PDF-1.7",
        b"GIF89a",
        b"<svg xmlns=",
        b"plain text, by name a photo",
    ],
)
def test_other_first_bytes_are_no_accepted_format(head: bytes) -> None:
    assert sniff_format(head) is None


@pytest.mark.parametrize(
    ("file_name", "file_format"),
    [
        ("a.jpg", FileFormat.JPEG),
        ("a.JPeG", FileFormat.JPEG),
        ("a.b.PNG", FileFormat.PNG),
        ("a.webp", FileFormat.WEBP),
        ("a.pdf", FileFormat.PDF),
        ("a", None),
        (".pdf", None),
        ("a.gif", None),
    ],
)
def test_the_last_extension_promises_a_format_in_any_case(
    file_name: str, file_format: FileFormat
) -> None:
    assert format_of_name(file_name) is file_format


@pytest.mark.parametrize("file_format", FileFormat)
def test_content_that_keeps_the_promise_of_the_name_is_accepted(file_format: FileFormat) -> None:
    assert reject_content(f"a.{file_format}", sniff_format(HEADS[file_format])) is None


@pytest.mark.parametrize(
    ("file_name", "promised"), [("a.jpg", "jpeg"), ("a.JPEG", "jpeg"), ("a.pdf", "pdf")]
)
def test_content_of_another_format_is_a_mismatch_that_names_both(
    file_name: str, promised: str
) -> None:
    rejection = reject_content(file_name, FileFormat.PNG)
    assert rejection is not None
    assert rejection.code is RejectionCode.CONTENT_MISMATCH
    assert "png" in rejection.detail
    assert promised in rejection.detail


def test_content_of_no_accepted_format_is_a_mismatch() -> None:
    rejection = reject_content("a.jpg", sniff_format(b"just a text"))
    assert rejection is not None
    assert rejection.code is RejectionCode.CONTENT_MISMATCH
    assert "None" not in rejection.detail


def test_a_name_that_promises_nothing_is_no_matter_of_the_content() -> None:
    assert reject_content("a.gif", FileFormat.PNG) is None
    assert reject_content("a", None) is None
