"""Files whose header a decoder finds, and whoever reads it otherwise may not.

What is too large behind the disguise has to be refused, and what is not has to succeed.
"""

import zlib
from random import Random

from PIL import Image

from hostile_files import jpeg_segments, webp_chunks
from hostile_files.hostile_file import CORRUPT, SUCCESS, TOO_MANY_PIXELS, HostileFile, hostile
from hostile_files.jpeg_segments import (
    APP2,
    DHT,
    SOF0,
    SOF2,
    SOI,
    SOS,
    segment,
    segment_offsets,
)
from hostile_files.metadata_bombs import unusable_profile
from hostile_files.pictures import draw, encode, photo
from hostile_files.png_writer import chunk, header, png, zeros_deflated
from photo_domain.file_format import FileFormat

_TEM, _RESTART, _FILL, _STUFFED, _JUNK = b"\xff\x01", b"\xff\xd0", b"\xff", b"\xff\0", b"\0junk"
_DNL, _DHP = 0xDC, 0xDE
_LARGE = (9_900, 10_000)
_FEW_SCANS = [(0, 0, 0, 0), (1, 63, 0, 0)]


def jpeg_with_bytes_between_its_segments(rng: Random) -> HostileFile:
    """Bytes that decoders pass over, before every segment of a small picture but the first."""
    data = encode(draw(rng), FileFormat.JPEG, progressive=rng.random() < 0.5)
    starts = [position for position, _ in segment_offsets(data)]
    parts = [data[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]
    disguised = SOI + parts[0] + b"".join(_passed_over(rng) + part for part in parts[1:])
    return hostile(disguised, FileFormat.JPEG, SUCCESS)


def jpeg_frame_behind_lone_markers(rng: Random) -> HostileFile:
    """Progressive, without subsampling: its decoder would keep 600 to 800 MB."""
    data = jpeg_segments.progressive(*_LARGE, rng.choice((3, 4)), _FEW_SCANS)
    return hostile(_before(data, SOF2, _passed_over(rng)), FileFormat.JPEG, TOO_MANY_PIXELS)


def jpeg_frame_behind_a_small_one(rng: Random) -> HostileFile:
    """Who takes a restart marker for a segment lands on another frame, inside of a profile."""
    small = segment(SOF0, b"\x08\0\x10\0\x10\1\1\x11\0") + segment(SOS, b"\1\1\0\0\x3f\0")
    # As long as the two bytes behind the lone marker say, which are those of the profile's.
    length = int.from_bytes(bytes((0xFF, APP2)))
    profile = segment(APP2, bytes(length - 4) + small)
    data = jpeg_segments.progressive(*_LARGE, rng.choice((3, 4)), _FEW_SCANS)
    return hostile(_before(data, SOF2, _RESTART + profile), FileFormat.JPEG, TOO_MANY_PIXELS)


def jpeg_scans_behind_lone_markers(rng: Random) -> HostileFile:
    """Each of too many scans comes after bytes that decoders pass over."""
    scans = [(0, 0, 0, 0)] + [(1, 63, 0, 0)] * 2_000
    data = jpeg_segments.progressive(*_LARGE, 1, scans)
    lone = rng.choice((_TEM, _RESTART, _FILL * 3, _STUFFED))
    return hostile(data.replace(b"\xff\xda", lone + b"\xff\xda"), FileFormat.JPEG, CORRUPT)


def jpeg_with_two_headers(rng: Random) -> HostileFile:
    """A second frame or start, a hierarchy, or a height that comes after the scan."""
    data = photo(rng, FileFormat.JPEG)
    at = next(position for position, marker in segment_offsets(data) if marker == SOF0)
    frame = data[at : at + 2 + int.from_bytes(data[at + 2 : at + 4])]
    no_height = data[: at + 5] + b"\0\0" + data[at + 7 :]
    broken = rng.choice(
        (
            data[:at] + frame + data[at:],
            data[:at] + SOI + data[at:],
            data[:at] + segment(_DHP, frame[4:]) + data[at:],
            no_height[:-2] + segment(_DNL, b"\1\0") + no_height[-2:],
        )
    )
    return hostile(broken, FileFormat.JPEG, CORRUPT)


def jpeg_of_empty_segments(rng: Random) -> HostileFile:
    """A million segments without content take libvips seconds."""
    empty = segment(rng.choice((APP2, DHT, _DNL, jpeg_segments.COMMENT)), b"")
    data = jpeg_segments.after_start(photo(rng, FileFormat.JPEG), empty * 1_000_000)
    return hostile(data, FileFormat.JPEG, CORRUPT)


def png_transparency_behind_a_comment(rng: Random) -> HostileFile:
    """Interlaced, of 62 megapixels with three samples; the fourth is too much."""
    text = chunk(b"tEXt", b"Comment\0" + rng.choice((b"IDAT", b"tRNS", b"IEND")))
    clear = chunk(b"tRNS", b"\0\1" * 3)
    body = chunk(b"IDAT", zeros_deflated(1))
    data = png(header(7_900, 7_900, 16, 2, 1), text, clear, body)
    return hostile(data, FileFormat.PNG, TOO_MANY_PIXELS)


def png_with_two_headers(rng: Random) -> HostileFile:
    """A second IHDR, or one that is not the first chunk."""
    first, second = header(100, 100), header(9_000, 9_000, interlace=1)
    body = chunk(b"IDAT", zlib.compress(bytes(100 * 301)))
    before = rng.choice((first, chunk(b"tEXt", b"Comment\0IHDR"), chunk(b"abCd", b"")))
    return hostile(png(before, second, body), FileFormat.PNG, CORRUPT)


def png_with_chunks_that_are_warned_of(rng: Random) -> HostileFile:
    """Each is wrong, and only that; libvips takes a tenth of a millisecond to say so."""
    wrong = rng.choice((chunk(b"tIME", b""), chunk(b"zTXt", b""), chunk(b"sPLT", b"")))
    data = photo(rng, FileFormat.PNG)
    return hostile(data[:33] + wrong * 400_000 + data[33:], FileFormat.PNG, CORRUPT)


def webp_alpha_of_many_bytes(rng: Random) -> HostileFile:
    """A compressed alpha channel can take five bytes a pixel, beside colours that take none."""
    lossy = webp_chunks.lossy_header(*_LARGE) + rng.randbytes(2_000)
    data = webp_chunks.riff(
        webp_chunks.vp8x(webp_chunks.ALPHA, *_LARGE),
        webp_chunks.chunk(b"none", b"odd"),
        webp_chunks.chunk(b"ALPH", b"\1" + rng.randbytes(200)),
        webp_chunks.chunk(b"VP8 ", lossy),
    )
    return hostile(data, FileFormat.WEBP, TOO_MANY_PIXELS)


def webp_canvas_that_lies(rng: Random) -> HostileFile:
    """A small canvas around a large picture."""
    large = webp_chunks.image_chunk(encode(draw(rng, 900, 700), FileFormat.WEBP))
    data = webp_chunks.riff(webp_chunks.vp8x(0, 16, 16), large)
    return hostile(data, FileFormat.WEBP, CORRUPT)


def webp_of_many_pixels_with_an_unusable_profile(rng: Random) -> HostileFile:
    """Decoded without its profile, it must not be decoded whole."""
    image = Image.new("RGB", _LARGE, (rng.randrange(256), 90, 200))
    options = {"quality": 1, "method": 0, "icc_profile": unusable_profile()}
    return hostile(encode(image, FileFormat.WEBP, **options), FileFormat.WEBP, SUCCESS)


def _passed_over(rng: Random) -> bytes:
    kinds = (_TEM, _RESTART, _FILL * 5, _STUFFED, _JUNK)
    return b"".join(rng.choice(kinds) for _ in range(rng.randint(1, 3)))


def _before(data: bytes, wanted: int, inserted: bytes) -> bytes:
    at = next(position for position, marker in segment_offsets(data) if marker == wanted)
    return data[:at] + inserted + data[at:]


KINDS = (
    jpeg_with_bytes_between_its_segments,
    jpeg_frame_behind_lone_markers,
    jpeg_frame_behind_a_small_one,
    jpeg_scans_behind_lone_markers,
    jpeg_with_two_headers,
    jpeg_of_empty_segments,
    png_transparency_behind_a_comment,
    png_with_two_headers,
    png_with_chunks_that_are_warned_of,
    webp_alpha_of_many_bytes,
    webp_canvas_that_lies,
    webp_of_many_pixels_with_an_unusable_profile,
)
