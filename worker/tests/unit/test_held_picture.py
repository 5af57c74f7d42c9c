"""What a decoder keeps of a picture, told from its header."""

import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from photo_domain.failure import FailureCode, ProcessingError
from photo_domain.file_format import FileFormat
from photo_worker.processing.held_picture import held_bytes
from photo_worker.processing.photo_processor import PhotoProcessor

Draw = Callable[..., Image.Image]
Encode = Callable[..., bytes]
JPEG, PNG, WEBP = FileFormat.JPEG, FileFormat.PNG, FileFormat.WEBP
WIDTH, HEIGHT = 301, 97
PIXELS = WIDTH * HEIGHT
# Chroma is half in both directions, rounded up.
SUBSAMPLED = PIXELS + 2 * 151 * 49


@pytest.mark.parametrize(
    ("file_format", "mode", "options", "expected"),
    [
        (JPEG, "RGB", {}, 0),
        (JPEG, "CMYK", {}, 0),
        (JPEG, "L", {"progressive": True}, 2 * PIXELS),
        (JPEG, "RGB", {"progressive": True, "subsampling": "4:4:4"}, 6 * PIXELS),
        (JPEG, "RGB", {"progressive": True, "subsampling": "4:2:0"}, 2 * SUBSAMPLED),
        (JPEG, "CMYK", {"progressive": True}, 8 * PIXELS),
        (PNG, "RGBA", {}, 0),
        (WEBP, "RGB", {}, 0),
        (WEBP, "RGBA", {}, PIXELS),
        (WEBP, "RGB", {"lossless": True}, 4 * PIXELS),
        (WEBP, "RGB", {"lossless": True, "icc_profile": b"extended"}, 4 * PIXELS),
    ],
)
def test_a_decoder_keeps_what_it_cannot_give_line_by_line(
    picture: Draw,
    encode: Encode,
    file_format: FileFormat,
    mode: str,
    options: dict[str, object],
    expected: int,
) -> None:
    image = picture(WIDTH, HEIGHT).convert(mode)
    if mode == "RGBA":
        image.putalpha(128)
    data = encode(image, file_format.name, **options)
    assert held_bytes(data, file_format, WIDTH, HEIGHT) == expected


def test_an_animation_is_kept_with_its_canvas(encode: Encode, picture: Draw) -> None:
    frames = [picture(WIDTH, HEIGHT), picture(WIDTH, HEIGHT).rotate(180)]
    data = encode(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    assert held_bytes(data, WEBP, WIDTH, HEIGHT) == 8 * PIXELS


def png_header(depth: int, color_type: int, *, interlaced: bool, clear: bool = False) -> bytes:
    header = struct.pack(">IIBBBBB", 8000, 7500, depth, color_type, 0, 0, interlaced)
    chunks = [(b"IHDR", header), *([(b"tRNS", b"\0")] if clear else []), (b"IDAT", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(content))
        for kind, content in chunks
    )


@pytest.mark.parametrize(
    ("depth", "color_type", "clear", "pixel_bytes"),
    [
        (1, 0, False, 1),
        (8, 2, False, 3),
        (8, 2, True, 4),
        (4, 3, False, 3),
        (4, 3, True, 4),
        (16, 4, False, 4),
        (8, 6, False, 4),
        (16, 6, False, 8),
    ],
)
def test_an_interlaced_png_is_kept_whole_as_it_comes_out(
    depth: int, color_type: int, *, clear: bool, pixel_bytes: int
) -> None:
    data = png_header(depth, color_type, interlaced=True, clear=clear)
    assert held_bytes(data, PNG, 10, 10) == 100 * pixel_bytes
    straight = png_header(depth, color_type, interlaced=False, clear=clear)
    assert held_bytes(straight, PNG, 10, 10) == 0


def test_a_baseline_jpeg_whose_colours_come_one_after_another_is_kept_whole(
    picture: Draw, encode: Encode
) -> None:
    data = encode(picture(WIDTH, HEIGHT), "JPEG", subsampling="4:4:4")
    scan = data.index(b"\xff\xda")
    assert data[scan + 4] == 3
    first_of_three = data[: scan + 4] + b"\x01" + data[scan + 5 :]
    assert held_bytes(first_of_three, JPEG, WIDTH, HEIGHT) == 6 * PIXELS


@pytest.mark.parametrize("file_format", [JPEG, PNG, WEBP])
@pytest.mark.parametrize("size", [0, 12, 22, 27, 40])
def test_a_header_that_was_cut_keeps_nothing(
    picture: Draw, encode: Encode, file_format: FileFormat, size: int
) -> None:
    data = encode(picture(WIDTH, HEIGHT), file_format.name)[:size]
    assert held_bytes(data, file_format, WIDTH, HEIGHT) == 0


def test_a_picture_that_needs_more_memory_than_a_photo_may_has_too_many_pixels(
    make_processor: Callable[..., PhotoProcessor], picture: Draw, encode: Encode
) -> None:
    data = encode(picture(WIDTH, HEIGHT), "JPEG", progressive=True, subsampling="4:4:4")
    make_processor(max_held_bytes=6 * PIXELS).process(data, JPEG)
    with pytest.raises(ProcessingError) as caught:
        make_processor(max_held_bytes=6 * PIXELS - 1).process(data, JPEG)
    assert caught.value.code is FailureCode.TOO_MANY_PIXELS


def test_an_interlaced_bomb_is_refused_before_it_is_decoded(processor: PhotoProcessor) -> None:
    with pytest.raises(ProcessingError) as caught:
        processor.process(png_header(16, 6, interlaced=True), PNG)
    assert caught.value.code is FailureCode.TOO_MANY_PIXELS
