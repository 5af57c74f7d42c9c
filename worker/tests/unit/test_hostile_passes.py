"""What makes a decoder go over the same picture again and again is refused before it does."""

import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from photo_domain.failure import FailureCode, ProcessingError
from photo_domain.file_format import FileFormat
from photo_worker.processing.photo_processor import PhotoProcessor

Draw = Callable[..., Any]
Encode = Callable[..., bytes]

SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + b"\x55" * 9


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_with_more_scans_than_any_encoder_writes_is_refused(
    processor: PhotoProcessor, picture: Draw, encode: Encode, progressive: bool
) -> None:
    data = encode(picture(300, 200), "JPEG", progressive=progressive)
    assert data.endswith(b"\xff\xd9")
    with pytest.raises(ProcessingError) as refused:
        processor.process(data[:-2] + SCAN * 200 + data[-2:], FileFormat.JPEG)
    assert refused.value.code is FailureCode.CORRUPT_IMAGE


@pytest.mark.parametrize("passed_over", [b"\xff\xd0", b"\xff\x01", b"\xff\xff", b"\0", b"\xff\0"])
def test_bytes_that_the_decoder_passes_over_hide_no_scans(
    processor: PhotoProcessor, picture: Draw, encode: Encode, passed_over: bytes
) -> None:
    data = encode(picture(300, 200), "JPEG", progressive=True)
    hidden = data[:-2] + (passed_over + SCAN) * 200 + data[-2:]
    with pytest.raises(ProcessingError) as refused:
        processor.process(hidden, FileFormat.JPEG)
    assert refused.value.code is FailureCode.CORRUPT_IMAGE


@pytest.mark.parametrize("marker", [0xC4, 0xDC, 0xE1, 0xE2, 0xFE])
def test_a_jpeg_of_more_segments_than_any_encoder_writes_is_refused(
    processor: PhotoProcessor, picture: Draw, encode: Encode, marker: int
) -> None:
    data = encode(picture(300, 200), "JPEG")
    empty = struct.pack(">BBH", 0xFF, marker, 2)
    assert processor.process(data[:2] + empty * 1_000 + data[2:], FileFormat.JPEG).renditions
    with pytest.raises(ProcessingError) as refused:
        processor.process(data[:2] + empty * 10_000 + data[2:], FileFormat.JPEG)
    assert refused.value.code is FailureCode.CORRUPT_IMAGE


def test_a_png_of_more_chunks_before_its_pixels_than_any_encoder_writes_is_refused(
    processor: PhotoProcessor, picture: Draw, encode: Encode
) -> None:
    data = encode(picture(300, 200), "PNG")
    unknown = b"\0\0\0\0abCd" + struct.pack(">I", zlib.crc32(b"abCd"))
    # Behind IHDR, which is as long everywhere.
    assert processor.process(data[:33] + unknown * 9_000 + data[33:], FileFormat.PNG).renditions
    with pytest.raises(ProcessingError) as refused:
        processor.process(data[:33] + unknown * 10_000 + data[33:], FileFormat.PNG)
    assert refused.value.code is FailureCode.CORRUPT_IMAGE


def test_what_only_looks_like_scans_counts_for_nothing(
    processor: PhotoProcessor, picture: Draw, encode: Encode
) -> None:
    segment = b"\xff\xe5" + struct.pack(">H", 2 + len(SCAN) * 200) + SCAN * 200
    data = encode(picture(300, 200), "JPEG", progressive=True)
    photo = processor.process(data[:2] + segment + data[2:] + SCAN * 200, FileFormat.JPEG)
    assert (photo.width, photo.height) == (300, 200)


def test_a_webp_with_more_frames_than_allowed_is_refused(
    make_processor: Callable[..., PhotoProcessor], picture: Draw, encode: Encode
) -> None:
    # Frames that differ, or the writer would join them.
    frames = [picture(50, 50).rotate(90 * number) for number in range(2)] * 2
    frames.append(picture(50, 50).rotate(180))
    data = encode(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    assert make_processor(max_pages=5).process(data, FileFormat.WEBP).renditions
    with pytest.raises(ProcessingError) as refused:
        make_processor(max_pages=4).process(data, FileFormat.WEBP)
    assert refused.value.code is FailureCode.TOO_MANY_PAGES
