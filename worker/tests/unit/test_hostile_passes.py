"""What makes a decoder go over the same picture again and again is refused before it does."""

import struct
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
