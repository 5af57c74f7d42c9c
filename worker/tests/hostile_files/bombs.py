"""Small files that unpack, or claim to unpack, into something huge."""

import zlib
from random import Random

from hostile_files import jpeg_segments, webp_chunks
from hostile_files.hostile_file import (
    CORRUPT,
    SUCCESS,
    TOO_MANY_PAGES,
    TOO_MANY_PIXELS,
    HostileFile,
    hostile,
)
from hostile_files.pictures import draw, encode, photo
from hostile_files.png_writer import DEPTHS, chunk, header, png, zeros_deflated
from photo_domain.file_format import FileFormat

_BOMB_EDGE = 50_000
_LONGEST_WEBP = 16_383
_HALF_HEIGHT = 5_000


def png_header_bomb(rng: Random) -> HostileFile:
    """50,000 x 50,000 and more, of any colour type."""
    edge = rng.choice((_BOMB_EDGE, 65_535, 1_000_000, 2**31 - 1))
    colour = rng.choice(list(DEPTHS))
    head = header(edge, rng.choice((edge, _BOMB_EDGE)), DEPTHS[colour][-1], colour)
    return hostile(png(head, chunk(b"IDAT", zeros_deflated(1))), FileFormat.PNG, TOO_MANY_PIXELS)


def png_of_endless_lines(rng: Random) -> HostileFile:
    """A few lines of millions of pixels; decoders keep several whole lines."""
    width, height = rng.choice((1_000_000, 2_961_667)), rng.randint(1, 30)
    head = header(width, height, 16, rng.choice((4, 6)), rng.randrange(2))
    return hostile(png(head, chunk(b"IDAT", zeros_deflated(300))), FileFormat.PNG, TOO_MANY_PIXELS)


def jpeg_header_bomb(rng: Random) -> HostileFile:
    """A frame header of 50,000 x 50,000, or of the most that it can hold."""
    data = encode(draw(rng), FileFormat.JPEG, progressive=rng.random() < 0.5)
    edge = rng.choice((_BOMB_EDGE, 65_500, 65_535))
    bomb = jpeg_segments.with_size(data, edge, rng.choice((edge, _BOMB_EDGE)))
    return hostile(bomb, FileFormat.JPEG, TOO_MANY_PIXELS)


def webp_header_bomb(rng: Random) -> HostileFile:
    """Canvas or frame as large as the format can say."""
    small = webp_chunks.image_chunk(photo(rng, FileFormat.WEBP))
    edge = rng.choice((_BOMB_EDGE, 65_535))
    large = _LONGEST_WEBP
    data = rng.choice(
        (
            webp_chunks.riff(webp_chunks.vp8x(0, edge, edge), small),
            webp_chunks.riff(
                webp_chunks.vp8x(webp_chunks.ANIMATION, edge, edge),
                webp_chunks.animation(),
                webp_chunks.frame(small, 24, 24),
            ),
            webp_chunks.riff(
                webp_chunks.chunk(
                    b"VP8L", webp_chunks.lossless_header(large, large) + rng.randbytes(200)
                )
            ),
            webp_chunks.riff(
                webp_chunks.chunk(
                    b"VP8 ", webp_chunks.lossy_header(large, large) + rng.randbytes(200)
                )
            ),
        )
    )
    return hostile(data, FileFormat.WEBP, TOO_MANY_PIXELS)


def png_chunk_that_unpacks_to_gigabytes(rng: Random) -> HostileFile:
    """A comment, a profile or a translated text of 2 GiB of zeros; the picture is fine."""
    packed = zeros_deflated(2048)
    bomb = rng.choice(
        (
            chunk(b"zTXt", b"Comment\0\0" + packed),
            chunk(b"iCCP", b"profile\0\0" + packed),
            chunk(b"iTXt", b"Comment\0\1\0en\0\0" + packed),
        )
    )
    data = photo(rng, FileFormat.PNG)
    # Behind IHDR, which is as long everywhere.
    return hostile(data[:33] + bomb + data[33:], FileFormat.PNG, SUCCESS)


def png_pixels_that_unpack_to_gigabytes(rng: Random) -> HostileFile:
    """IDAT unpacks to 2 GiB, of which the picture takes a little."""
    width, height = rng.randint(1, 300), rng.randint(1, 300)
    head = header(width, height, 8, 2, rng.randrange(2))
    return hostile(png(head, chunk(b"IDAT", zeros_deflated(2048))), FileFormat.PNG, SUCCESS)


def png_of_800_megabytes(rng: Random) -> HostileFile:
    """Few enough pixels, with eight bytes each; interlaced, they are all needed at once."""
    interlace = rng.randrange(2)
    head = header(9_990, 10_000, 16, 6, interlace)
    body = chunk(b"IDAT", zeros_deflated(763 + 1, level=9))
    right = TOO_MANY_PIXELS if interlace else SUCCESS
    return hostile(png(head, body), FileFormat.PNG, right)


def png_with_many_chunks(rng: Random) -> HostileFile:
    """Thousands of comments, or more than any encoder writes."""
    data = photo(rng, FileFormat.PNG)
    count = rng.choice((5_000, 50_000))
    comments = chunk(b"tEXt", b"Comment\0" + rng.randbytes(4).hex().encode()) * count
    right = SUCCESS if count == 5_000 else CORRUPT
    return hostile(data[:33] + comments + data[33:], FileFormat.PNG, right)


def png_in_empty_chunks(rng: Random) -> HostileFile:
    """Pixels in chunks of one byte, between a hundred thousand empty ones."""
    packed = zlib.compress(bytes(100 * 301), 9)
    chunks = [chunk(b"IDAT", packed[at : at + 1]) for at in range(len(packed))]
    empty = chunk(b"IDAT", b"") * 100_000
    return hostile(png(header(100, 100), *chunks[:1], empty, *chunks[1:]), FileFormat.PNG, SUCCESS)


def jpeg_with_too_many_scans(rng: Random) -> HostileFile:
    """Each scan goes over all pixels again, and is a hundred bytes."""
    scans = [(0, 0, 0, 0)] + [(1, 63, 0, 0)] * rng.choice((2_000, 20_000))
    data = jpeg_segments.progressive(9_900, 10_000, 1, scans)
    return hostile(data, FileFormat.JPEG, CORRUPT)


def jpeg_with_all_its_scans(rng: Random) -> HostileFile:
    """One scan for each coefficient of a large picture, as the standard allows."""
    scans = [(0, 0, 0, 0)] + [(number, number, 0, 0) for number in range(1, 64)]
    return hostile(jpeg_segments.progressive(6_000, 5_000, 1, scans), FileFormat.JPEG, SUCCESS)


def jpeg_of_800_megabytes(rng: Random) -> HostileFile:
    """Four inks, progressive: the decoder keeps every coefficient until the last scan."""
    scans = [(0, 0, 0, 0), (1, 63, 0, 0)]
    data = jpeg_segments.progressive(9_900, 10_000, rng.choice((3, 4)), scans)
    return hostile(data, FileFormat.JPEG, TOO_MANY_PIXELS)


def webp_with_too_many_frames(rng: Random) -> HostileFile:
    """More frames than are allowed, each a few bytes."""
    tiny = webp_chunks.image_chunk(encode(draw(rng, 1, 1), FileFormat.WEBP, lossless=True))
    frames = webp_chunks.frame(tiny, 1, 1) * rng.choice((1_001, 5_000, 60_000))
    data = webp_chunks.riff(
        webp_chunks.vp8x(webp_chunks.ANIMATION, 64, 64), webp_chunks.animation(), frames
    )
    return hostile(data, FileFormat.WEBP, TOO_MANY_PAGES)


def webp_with_many_frames(rng: Random) -> HostileFile:
    """As many frames as are allowed, on a canvas far larger than each."""
    tiny = webp_chunks.image_chunk(encode(draw(rng, 1, 1), FileFormat.WEBP, lossless=True))
    data = webp_chunks.riff(
        webp_chunks.vp8x(webp_chunks.ANIMATION, 4_000, 3_000),
        webp_chunks.animation(),
        webp_chunks.frame(tiny, 1, 1) * 1_000,
    )
    return hostile(data, FileFormat.WEBP, SUCCESS)


def webp_with_many_chunks(rng: Random) -> HostileFile:
    """Empty chunks that nobody knows, behind the picture: thousands, or hundreds of thousands."""
    image = draw(rng)
    count = rng.choice((5_000, 300_000))
    data = webp_chunks.riff(
        webp_chunks.vp8x(0, *image.size),
        webp_chunks.image_chunk(encode(image, FileFormat.WEBP)),
        webp_chunks.chunk(b"none", b"") * count,
    )
    return hostile(data, FileFormat.WEBP, SUCCESS if count == 5_000 else CORRUPT)


def webp_with_a_huge_canvas(rng: Random) -> HostileFile:
    """A frame of one pixel on a canvas of almost 50 or 100 megapixels."""
    height = rng.choice((_HALF_HEIGHT, 2 * _HALF_HEIGHT))
    tiny = webp_chunks.image_chunk(encode(draw(rng, 1, 1), FileFormat.WEBP, lossless=True))
    data = webp_chunks.riff(
        webp_chunks.vp8x(webp_chunks.ANIMATION, 9_990, height),
        webp_chunks.animation(),
        webp_chunks.frame(tiny, 1, 1) * 2,
    )
    right = SUCCESS if height == _HALF_HEIGHT else TOO_MANY_PIXELS
    return hostile(data, FileFormat.WEBP, right)


KINDS = (
    png_header_bomb,
    png_of_endless_lines,
    jpeg_header_bomb,
    webp_header_bomb,
    png_chunk_that_unpacks_to_gigabytes,
    png_pixels_that_unpack_to_gigabytes,
    png_of_800_megabytes,
    png_with_many_chunks,
    png_in_empty_chunks,
    jpeg_with_too_many_scans,
    jpeg_with_all_its_scans,
    jpeg_of_800_megabytes,
    webp_with_too_many_frames,
    webp_with_many_frames,
    webp_with_many_chunks,
    webp_with_a_huge_canvas,
)
