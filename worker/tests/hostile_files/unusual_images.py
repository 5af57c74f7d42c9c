"""Valid files that few writers make: every one has to succeed."""

import zlib
from random import Random

import numpy as np
from PIL import Image

from hostile_files.hostile_file import SUCCESS, HostileFile, hostile
from hostile_files.pictures import any_image_format, draw, encode
from hostile_files.png_writer import DEPTHS, chunk, header, palette, png, random_scanlines
from photo_domain.file_format import FileFormat


def png_of_any_kind(rng: Random) -> HostileFile:
    """Every colour type, depth and interlacing, sizes down to one pixel."""
    colour = rng.choice(list(DEPTHS))
    depth, interlace = rng.choice(DEPTHS[colour]), rng.randrange(2)
    width, height = rng.choice((1, 2, 3, 7, 33, 200)), rng.choice((1, 2, 5, 9, 150))
    lines = random_scanlines(rng, width, height, depth, colour, interlace)
    chunks = [header(width, height, depth, colour, interlace)]
    if colour == 3:
        # Fewer entries would leave indexes without a colour.
        chunks.append(palette(1 << depth))
        if rng.random() < 0.5:
            chunks.append(chunk(b"tRNS", rng.randbytes(rng.randint(1, 1 << depth))))
    elif colour in {0, 2} and rng.random() < 0.5:
        chunks.append(chunk(b"tRNS", b"\0\1" * (1 if colour == 0 else 3)))
    chunks.append(chunk(b"IDAT", zlib.compress(lines)))
    return hostile(png(*chunks), FileFormat.PNG, SUCCESS)


def png_of_16_bits(rng: Random) -> HostileFile:
    """More depth than any rendition has."""
    width, height = rng.randint(1, 500), rng.randint(1, 300)
    lines = random_scanlines(rng, width, height, 16, 6, 0)
    data = png(header(width, height, 16, 6), chunk(b"IDAT", zlib.compress(lines, 1)))
    return hostile(data, FileFormat.PNG, SUCCESS)


def png_of_1_bit(rng: Random) -> HostileFile:
    """Eight pixels a byte."""
    return hostile(
        encode(draw(rng, mode="L").convert("1"), FileFormat.PNG), FileFormat.PNG, SUCCESS
    )


def png_interlaced(rng: Random) -> HostileFile:
    """Seven passes, which no decoder can read line by line."""
    lines = random_scanlines(rng, 300, 200, 8, 2, 1)
    data = png(header(300, 200, interlace=1), chunk(b"IDAT", zlib.compress(lines, 1)))
    return hostile(data, FileFormat.PNG, SUCCESS)


def png_palette(rng: Random) -> HostileFile:
    """A palette with a transparent entry."""
    image = draw(rng).quantize(rng.randint(2, 256))
    return hostile(encode(image, FileFormat.PNG, transparency=0), FileFormat.PNG, SUCCESS)


def png_animated(rng: Random) -> HostileFile:
    """APNG: a decoder that does not know it shows the first frame."""
    frames = [draw(rng, 90, 60) for _ in range(rng.randint(2, 12))]
    data = encode(frames[0], FileFormat.PNG, save_all=True, append_images=frames[1:], duration=40)
    return hostile(data, FileFormat.PNG, SUCCESS)


def webp_animated(rng: Random) -> HostileFile:
    """The first frame is the photo."""
    frames = [draw(rng, 90, 60, "RGBA") for _ in range(rng.randint(2, 12))]
    data = encode(frames[0], FileFormat.WEBP, save_all=True, append_images=frames[1:], duration=40)
    return hostile(data, FileFormat.WEBP, SUCCESS)


def webp_lossless(rng: Random) -> HostileFile:
    """VP8L, with and without alpha."""
    image = draw(rng, mode=rng.choice(("RGB", "RGBA")))
    return hostile(encode(image, FileFormat.WEBP, lossless=True), FileFormat.WEBP, SUCCESS)


def webp_with_alpha(rng: Random) -> HostileFile:
    """Lossy colours with lossless alpha."""
    data = encode(draw(rng, mode="RGBA"), FileFormat.WEBP, quality=rng.randint(0, 100))
    return hostile(data, FileFormat.WEBP, SUCCESS)


def jpeg_cmyk(rng: Random) -> HostileFile:
    """As printers have it, with Adobe's inverted inks."""
    return hostile(encode(draw(rng, mode="CMYK"), FileFormat.JPEG), FileFormat.JPEG, SUCCESS)


def jpeg_progressive(rng: Random) -> HostileFile:
    """Ten scans instead of one."""
    data = encode(draw(rng), FileFormat.JPEG, progressive=True, subsampling=rng.choice((0, 1, 2)))
    return hostile(data, FileFormat.JPEG, SUCCESS)


def jpeg_with_restarts(rng: Random) -> HostileFile:
    """Restart markers inside the scan."""
    data = encode(draw(rng), FileFormat.JPEG, restart_marker_blocks=rng.randint(1, 9))
    return hostile(data, FileFormat.JPEG, SUCCESS)


def grey_with_and_without_alpha(rng: Random) -> HostileFile:
    """One or two channels."""
    file_format = any_image_format(rng)
    mode = "LA" if file_format is FileFormat.PNG and rng.random() < 0.5 else "L"
    return hostile(encode(draw(rng, mode=mode), file_format), file_format, SUCCESS)


def one_pixel(rng: Random) -> HostileFile:
    """1 x 1."""
    file_format = any_image_format(rng)
    mode = "L" if file_format is not FileFormat.WEBP and rng.random() < 0.5 else "RGB"
    return hostile(encode(draw(rng, 1, 1, mode), file_format), file_format, SUCCESS)


def line_of_pixels(rng: Random) -> HostileFile:
    """30,000 x 1 and 1 x 30,000; in WebP as long as it can be."""
    file_format = any_image_format(rng)
    length = 16_383 if file_format is FileFormat.WEBP else 30_000
    width, height = rng.choice(((length, 1), (1, length)))
    return hostile(encode(draw(rng, width, height), file_format), file_format, SUCCESS)


def as_many_pixels_as_allowed(rng: Random) -> HostileFile:
    """Just below the limit, of one colour, so that it is small all the same."""
    file_format = rng.choice((FileFormat.JPEG, FileFormat.PNG))
    colour = np.uint8(rng.randrange(256))
    image = Image.fromarray(np.full((9_900, 10_000), colour, np.uint8), "L")
    options = {"compress_level": 1} if file_format is FileFormat.PNG else {}
    return hostile(encode(image, file_format, **options), file_format, SUCCESS)


KINDS = (
    png_of_any_kind,
    png_of_16_bits,
    png_of_1_bit,
    png_interlaced,
    png_palette,
    png_animated,
    webp_animated,
    webp_lossless,
    webp_with_alpha,
    jpeg_cmyk,
    jpeg_progressive,
    jpeg_with_restarts,
    grey_with_and_without_alpha,
    one_pixel,
    line_of_pixels,
    as_many_pixels_as_allowed,
)
