"""Profiles and EXIF blocks that lie; the picture around them is fine and has to succeed."""

import struct
from random import Random

from PIL import ImageCms

from hostile_files import jpeg_segments, webp_chunks
from hostile_files.hostile_file import MARK, SUCCESS, HostileFile, hostile
from hostile_files.pictures import any_image_format, draw, encode, photo
from hostile_files.png_writer import chunk
from photo_domain.file_format import FileFormat


def _profile() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # ICC.1 7.2: when it was made. The same seed is to give the same file tomorrow.
    return profile[:24] + bytes(12) + profile[36:]


_PROFILE = _profile()
# ICC.1 7.2: where the header has the size, the colour space, and the tags begin.
_SIZE, _SPACE, _TAGS = 0, 16, 128

_EXIF_SIZE = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8, 12: 8, 16: 8}
_ASCII, _SHORT, _LONG, _RATIONAL, _UNDEFINED = 2, 3, 4, 5, 7


def unusable_profile() -> bytes:
    """A profile without curves, which cannot be applied."""
    return _PROFILE.replace(b"para", b"none")


def profile_of_noise(rng: Random) -> HostileFile:
    """No profile at all, but bytes in its place."""
    return _with_profile(rng, rng.randbytes(rng.choice((1, 127, 128, 3_000, 60_000))))


def profile_that_is_huge(rng: Random) -> HostileFile:
    """Megabytes behind a valid beginning."""
    return _with_profile(rng, _PROFILE + rng.randbytes(rng.choice((500_000, 3_000_000))))


def profile_that_is_cut(rng: Random) -> HostileFile:
    """The beginning of a valid one."""
    return _with_profile(rng, _PROFILE[: rng.randint(1, len(_PROFILE) - 1)])


def profile_that_lies(rng: Random) -> HostileFile:
    """A wrong size, count or place of tags, or the colour space of another kind of image."""
    lying = bytearray(_PROFILE)
    lie = rng.choice((0, 1, 2**31 - 1, 2**32 - 1)).to_bytes(4)
    match rng.randrange(5):
        case 0:
            lying[_SIZE : _SIZE + 4] = lie
        case 1:
            lying[_TAGS : _TAGS + 4] = lie
        case 2:
            at = _TAGS + 4 + 12 * rng.randrange(6) + rng.choice((4, 8))
            lying[at : at + 4] = lie
        case 3:
            lying[_SPACE : _SPACE + 4] = rng.choice(
                (b"CMYK", b"GRAY", b"Lab ", b"8CLR", b"\0\0\0\0")
            )
        case _:
            for _ in range(40):
                lying[rng.randrange(len(lying))] = rng.randrange(256)
    return _with_profile(rng, bytes(lying))


def jpeg_profile_in_lying_pieces(rng: Random) -> HostileFile:
    """The pieces of a profile say that there are more, fewer or other ones."""
    number, total = rng.choice(((0, 1), (2, 1), (1, 255), (255, 255), (1, 0)))
    pieces = (
        jpeg_segments.segment(
            jpeg_segments.APP2, b"ICC_PROFILE\0" + bytes((number, total)) + _PROFILE
        )
        for _ in range(rng.randint(1, 300))
    )
    data = jpeg_segments.after_start(photo(rng, FileFormat.JPEG), *pieces)
    return hostile(data, FileFormat.JPEG, SUCCESS)


def exif_that_refers_to_itself(rng: Random) -> HostileFile:
    """Directories whose next, or whose child, they are themselves."""
    child = rng.choice((0x8769, 0x8825, 0xA005, 0x014A))
    entries = [_entry(child, _LONG, 1, struct.pack("<I", 8)), _orientation(1)]
    return _with_exif(rng, _tiff(entries, next_directory=8))


def exif_that_counts_too_far(rng: Random) -> HostileFile:
    """Values of billions of entries, or far behind the end."""
    entries = [
        _entry(tag, kind, rng.choice((2**32 - 1, 2**31, 2**28)), rng.randbytes(4))
        for tag in (0x010F, 0x0110, 0x9003, 0x829A, 0x8769, 0x8825)
        for kind in (rng.choice(list(_EXIF_SIZE)),)
    ]
    return _with_exif(rng, _tiff(entries, next_directory=rng.choice((0, 2**32 - 1))))


def exif_with_a_wrong_orientation(rng: Random) -> HostileFile:
    """There are eight; a ninth shows the picture as it is stored."""
    return _with_exif(rng, _tiff([_orientation(rng.choice((0, 9, 255, 32_768, 65_535)))]))


def exif_with_more_entries_than_bytes(rng: Random) -> HostileFile:
    """A directory of 65,535 entries, of which one is there."""
    block = bytearray(_tiff([_orientation(1)]))
    block[8:10] = b"\xff\xff"
    return _with_exif(rng, bytes(block))


def exif_with_wild_values(rng: Random) -> HostileFile:
    """Times, fractions and names that cannot be; and markup, which must not come out."""
    heap_at = 8 + 2 + 12 * 6 + 4
    heap = MARK * 20 + b"\x00\x1b[2J\xff\xfe" + rng.randbytes(64)
    fraction = heap_at + len(heap)
    heap += struct.pack("<II", rng.choice((0, 1, 2**32 - 1)), 0)
    entries = [
        _entry(0x010F, _ASCII, len(MARK) * 20, struct.pack("<I", heap_at)),
        _entry(0x0110, rng.choice((_UNDEFINED, _ASCII, _RATIONAL)), 30, struct.pack("<I", heap_at)),
        _entry(0x829A, _RATIONAL, 1, struct.pack("<I", fraction)),
        _entry(0x8827, _SHORT, rng.choice((0, 1, 9)), rng.randbytes(4)),
        _entry(0x9003, _ASCII, 20, struct.pack("<I", heap_at + rng.randrange(200))),
        _orientation(rng.randint(1, 8)),
    ]
    return _with_exif(rng, _tiff(entries) + heap)


def exif_of_noise(rng: Random) -> HostileFile:
    """Bytes in place of a block."""
    head = rng.choice((b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"))
    return _with_exif(rng, head + rng.randbytes(rng.choice((0, 1, 20, 3_000, 60_000))))


def _with_profile(rng: Random, profile: bytes) -> HostileFile:
    file_format = any_image_format(rng)
    image = draw(
        rng, mode=rng.choice(("L", "RGB")) if file_format is not FileFormat.WEBP else "RGB"
    )
    return hostile(encode(image, file_format, icc_profile=profile), file_format, SUCCESS)


def _with_exif(rng: Random, block: bytes) -> HostileFile:
    file_format = any_image_format(rng)
    data = photo(rng, file_format)
    if file_format is FileFormat.JPEG:
        segment = jpeg_segments.segment(jpeg_segments.APP1, b"Exif\0\0" + block)
        data = jpeg_segments.after_start(data, segment)
    elif file_format is FileFormat.PNG:
        data = data[:33] + chunk(b"eXIf", block) + data[33:]
    else:
        width, height = draw(rng).size
        image = encode(draw(rng, width, height), FileFormat.WEBP)
        data = webp_chunks.riff(
            webp_chunks.vp8x(webp_chunks.EXIF, width, height),
            webp_chunks.image_chunk(image),
            webp_chunks.chunk(b"EXIF", block),
        )
    return hostile(data, file_format, SUCCESS)


def _tiff(entries: list[bytes], next_directory: int = 0) -> bytes:
    # TIFF 6.0 section 2: byte order, 42, the place of the first directory; then that.
    directory = struct.pack("<H", len(entries)) + b"".join(entries)
    return b"II*\0" + struct.pack("<I", 8) + directory + struct.pack("<I", next_directory)


def _entry(tag: int, kind: int, count: int, value: bytes) -> bytes:
    return struct.pack("<HHI", tag, kind, count) + value


def _orientation(value: int) -> bytes:
    return _entry(0x0112, _SHORT, 1, struct.pack("<HH", value, 0))


KINDS = (
    profile_of_noise,
    profile_that_is_huge,
    profile_that_is_cut,
    profile_that_lies,
    jpeg_profile_in_lying_pieces,
    exif_that_refers_to_itself,
    exif_that_counts_too_far,
    exif_with_a_wrong_orientation,
    exif_with_more_entries_than_bytes,
    exif_with_wild_values,
    exif_of_noise,
)
