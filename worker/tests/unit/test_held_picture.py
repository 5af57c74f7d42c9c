"""What a decoder keeps of a picture, told from its header."""

import struct
import zlib
from collections.abc import Callable

import pytest
import pyvips
from PIL import Image

from photo_domain.failure import FailureCode, ProcessingError
from photo_domain.file_format import FileFormat
from photo_worker.processing.held_picture import held_bytes
from photo_worker.processing.image_header import read_header
from photo_worker.processing.photo_processor import PhotoProcessor

Draw = Callable[..., Image.Image]
Encode = Callable[..., bytes]
JPEG, PNG, WEBP = FileFormat.JPEG, FileFormat.PNG, FileFormat.WEBP
WIDTH, HEIGHT = 301, 97
PIXELS = WIDTH * HEIGHT
# Chroma is half in both directions, rounded up.
SUBSAMPLED = PIXELS + 2 * 151 * 49


def held(data: bytes, file_format: FileFormat) -> int:
    header = read_header(data, file_format)
    assert header
    return held_bytes(pyvips.Image.new_from_buffer(data, ""), header)


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
        (WEBP, "RGBA", {}, 5 * PIXELS),
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
    assert held(data, file_format) == expected


def test_an_animation_is_kept_with_its_canvas(encode: Encode, picture: Draw) -> None:
    frames = [picture(WIDTH, HEIGHT), picture(WIDTH, HEIGHT).rotate(180)]
    data = encode(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    assert held(data, WEBP) == 8 * PIXELS


def png(
    depth: int,
    color_type: int,
    *chunks: tuple[bytes, bytes],
    interlaced: bool = True,
    size: tuple[int, int] = (10, 10),
) -> bytes:
    header = struct.pack(">IIBBBBB", *size, depth, color_type, 0, 0, interlaced)
    palette = [(b"PLTE", b"abc")] if color_type == 3 else []
    pixels = (b"IDAT", zlib.compress(b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in [(b"IHDR", header), *palette, *chunks, pixels, (b"IEND", b"")]
    )


def transparent(color_type: int) -> tuple[bytes, bytes]:
    return b"tRNS", {0: b"\0\1", 2: b"\0\1" * 3, 3: b"\0"}[color_type]


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
    chunks = [transparent(color_type)] if clear else []
    assert held(png(depth, color_type, *chunks), PNG) == 100 * pixel_bytes
    assert held(png(depth, color_type, *chunks, interlaced=False), PNG) == 0


@pytest.mark.parametrize("text", [b"a\0IDAT", b"a\0tRNS"])
def test_what_a_comment_of_a_png_says_counts_for_nothing(text: bytes) -> None:
    comment = (b"tEXt", text)
    assert held(png(8, 2, comment), PNG) == 100 * 3
    assert held(png(8, 2, comment, transparent(2)), PNG) == 100 * 4


def test_a_baseline_jpeg_whose_colours_come_one_after_another_is_kept_whole(
    picture: Draw, encode: Encode
) -> None:
    data = encode(picture(WIDTH, HEIGHT), "JPEG", subsampling="4:4:4")
    scan = data.index(b"\xff\xda")
    assert data[scan + 2 : scan + 5] == b"\0\x0c\x03"
    # The first component and its tables, as the only one of this scan.
    of_one = b"\xff\xda\0\x08\x01" + data[scan + 5 : scan + 7] + data[scan + 11 : scan + 14]
    first_of_three = data[:scan] + of_one + data[scan + 14 :]
    assert held(first_of_three, JPEG) == 6 * PIXELS


def test_a_picture_that_needs_more_memory_than_a_photo_may_has_too_many_pixels(
    make_processor: Callable[..., PhotoProcessor], picture: Draw, encode: Encode
) -> None:
    data = encode(picture(WIDTH, HEIGHT), "JPEG", progressive=True, subsampling="4:4:4")
    make_processor(max_held_bytes=6 * PIXELS).process(data, JPEG)
    with pytest.raises(ProcessingError) as caught:
        make_processor(max_held_bytes=6 * PIXELS - 1).process(data, JPEG)
    assert caught.value.code is FailureCode.TOO_MANY_PIXELS


@pytest.mark.parametrize("passed_over", [b"\xff\xd0", b"\xff\x01", b"\xff\xff", b"\0", b"\xff\0"])
@pytest.mark.parametrize("marker", [b"\xff\xdb", b"\xff\xc2"])
def test_bytes_that_the_decoder_passes_over_hide_no_frame(
    make_processor: Callable[..., PhotoProcessor],
    picture: Draw,
    encode: Encode,
    passed_over: bytes,
    marker: bytes,
) -> None:
    data = encode(picture(WIDTH, HEIGHT), "JPEG", progressive=True, subsampling="4:4:4")
    hidden = data.replace(marker, passed_over + marker, 1)
    photo = make_processor(max_held_bytes=6 * PIXELS).process(hidden, JPEG)
    assert (photo.width, photo.height) == (WIDTH, HEIGHT)
    with pytest.raises(ProcessingError) as caught:
        make_processor(max_held_bytes=6 * PIXELS - 1).process(hidden, JPEG)
    assert caught.value.code is FailureCode.TOO_MANY_PIXELS


def test_an_interlaced_bomb_is_refused_before_it_is_decoded(processor: PhotoProcessor) -> None:
    with pytest.raises(ProcessingError) as caught:
        processor.process(png(16, 6, size=(8000, 7500)), PNG)
    assert caught.value.code is FailureCode.TOO_MANY_PIXELS
