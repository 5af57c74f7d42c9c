"""What is refused from the header alone, before any decoder can be made to allocate."""

import struct
from collections.abc import Callable

import pytest
from PIL import Image

from photo_domain.failure import FailureCode, ProcessingError
from photo_domain.file_format import FileFormat
from photo_worker.processing import probe
from photo_worker.processing.image_header import read_header
from photo_worker.processing.jpeg_frame import JpegFrame
from photo_worker.processing.photo_processor import PhotoProcessor

Draw = Callable[..., object]
Encode = Callable[..., bytes]


@pytest.mark.parametrize(
    ("file_format", "options"),
    [
        (FileFormat.PNG, {}),
        (FileFormat.JPEG, {}),
        (FileFormat.JPEG, {"progressive": True, "comment": b"c" * 300}),
        (FileFormat.WEBP, {}),
        (FileFormat.WEBP, {"lossless": True}),
        (FileFormat.WEBP, {"icc_profile": b"makes it an extended file"}),
    ],
)
def test_the_size_is_read_from_every_kind_of_header(
    picture: Draw, encode: Encode, file_format: FileFormat, options: dict[str, object]
) -> None:
    data = encode(picture(301, 97), file_format.name, **options)
    header = read_header(data, file_format)
    assert header
    assert (header.width, header.height) == (301, 97)


@pytest.mark.parametrize("file_format", [FileFormat.PNG, FileFormat.JPEG, FileFormat.WEBP])
def test_a_header_that_was_cut_has_no_size(
    picture: Draw, encode: Encode, file_format: FileFormat
) -> None:
    data = encode(picture(301, 97), file_format.name)
    assert read_header(data[:20], file_format) is None


def test_a_jpeg_larger_than_any_decoder_takes_has_too_many_pixels(
    processor: PhotoProcessor, picture: Draw, encode: Encode
) -> None:
    data = encode(picture(300, 200), "JPEG")
    frame = data.index(b"\xff\xc0")
    bomb = data[: frame + 5] + struct.pack(">HH", 65_535, 65_535) + data[frame + 9 :]
    _is_refused(processor, bomb, FileFormat.JPEG)


@pytest.mark.parametrize("size", [(100_001, 1), (1, 100_001)])
def test_a_line_of_pixels_that_takes_all_memory_has_too_many(
    processor: PhotoProcessor, encode: Encode, size: tuple[int, int]
) -> None:
    _is_refused(processor, encode(Image.new("1", size), "PNG"), FileFormat.PNG)


@pytest.mark.parametrize("flags", [0, 0x02])
def test_a_webp_with_a_huge_canvas_has_too_many_pixels(
    processor: PhotoProcessor, picture: Draw, encode: Encode, flags: int
) -> None:
    canvas = struct.pack("<I", 49_999)[:3] * 2
    body = b"WEBPVP8X\x0a\0\0\0" + bytes((flags, 0, 0, 0)) + canvas
    body += encode(picture(300, 200), "WEBP")[12:]
    bomb = b"RIFF" + struct.pack("<I", len(body)) + body
    _is_refused(processor, bomb, FileFormat.WEBP)


def test_a_header_that_only_the_decoder_can_read_is_refused_as_corrupt(
    processor: PhotoProcessor, picture: Draw, encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encode(picture(300, 200), "JPEG")
    for header in (None, JpegFrame(300, 199, ((1, 1),))):
        monkeypatch.setattr(probe, "read_header", lambda *_, header=header: header)
        with pytest.raises(ProcessingError) as refused:
            processor.process(data, FileFormat.JPEG)
        assert refused.value.code is FailureCode.CORRUPT_IMAGE


def _is_refused(processor: PhotoProcessor, bomb: bytes, claimed: FileFormat) -> None:
    with pytest.raises(ProcessingError) as refused:
        processor.process(bomb, claimed)
    assert refused.value.code is FailureCode.TOO_MANY_PIXELS
