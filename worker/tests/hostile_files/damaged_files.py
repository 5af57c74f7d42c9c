"""Files that were cut, flipped, or never were what their first bytes say."""

from random import Random

from hostile_files.hostile_file import (
    ANY_REFUSAL,
    CORRUPT,
    ENCRYPTED,
    SUCCESS,
    TRUNCATED,
    UNSUPPORTED,
    HostileFile,
    hostile,
)
from hostile_files.jpeg_segments import SOF0, segment_offsets
from hostile_files.pdf_writer import one_page
from hostile_files.pictures import draw, encode, photo
from hostile_files.png_writer import chunk, chunk_offsets, header, png, zeros_deflated
from photo_domain.file_format import SNIFF_SIZE, FileFormat

SIGNATURES = {
    FileFormat.JPEG: b"\xff\xd8\xff\xe0",
    FileFormat.PNG: b"\x89PNG\r\n\x1a\n",
    FileFormat.WEBP: b"RIFF\x40\x42\x0f\x00WEBP",
    FileFormat.PDF: b"%PDF-1.7\n",
}


def valid_file(rng: Random, file_format: FileFormat) -> bytes:
    """A small file of that format without any fault."""
    if file_format is FileFormat.PDF:
        return one_page(b"%d 0 0 rg 20 20 100 200 re f" % rng.randrange(2))
    return photo(rng, file_format)


def cut_jpeg(rng: Random) -> HostileFile:
    """Ends anywhere, plain or progressive."""
    data = encode(draw(rng), FileFormat.JPEG, progressive=rng.random() < 0.5)
    return hostile(_cut(rng, data), FileFormat.JPEG, TRUNCATED)


def cut_png(rng: Random) -> HostileFile:
    """Ends anywhere before the last chunk."""
    return hostile(_cut(rng, photo(rng, FileFormat.PNG)), FileFormat.PNG, TRUNCATED)


def cut_webp(rng: Random) -> HostileFile:
    """Ends anywhere, lossy, lossless or with alpha."""
    image = draw(rng, mode=rng.choice(("RGB", "RGBA")))
    data = encode(image, FileFormat.WEBP, lossless=rng.random() < 0.5)
    return hostile(_cut(rng, data), FileFormat.WEBP, TRUNCATED)


def cut_animation(rng: Random) -> HostileFile:
    """Ends in a later frame, or in the first."""
    frames = [draw(rng, 90, 60) for _ in range(4)]
    data = encode(frames[0], FileFormat.WEBP, save_all=True, append_images=frames[1:])
    return hostile(_cut(rng, data), FileFormat.WEBP, TRUNCATED)


def cut_pdf(rng: Random) -> HostileFile:
    """Ends anywhere before the cross-reference table is found."""
    data = valid_file(rng, FileFormat.PDF)
    return hostile(_cut(rng, data), FileFormat.PDF, TRUNCATED)


def cut_at_its_very_end(rng: Random) -> HostileFile:
    """All pixels are there, only the end marker is not."""
    file_format = rng.choice(list(FileFormat))
    data = valid_file(rng, file_format)
    return hostile(data[: -rng.randint(1, 12)], file_format, TRUNCATED, SUCCESS)


def end_never_written(rng: Random) -> HostileFile:
    """As downloads leave it: the size is right, the rest is zeros."""
    file_format = rng.choice(list(FileFormat))
    data = valid_file(rng, file_format)
    kept = rng.randint(len(data) // 4, len(data) * 9 // 10)
    blank = data[:kept] + bytes(len(data) - kept)
    return hostile(blank, file_format, SUCCESS, TRUNCATED, CORRUPT)


def zeros_behind_the_end(rng: Random) -> HostileFile:
    """What a disk block leaves behind a file; readers stop at its end."""
    file_format = rng.choice(list(FileFormat))
    data = valid_file(rng, file_format)
    return hostile(data + bytes(rng.randint(1, 8192)), file_format, SUCCESS)


def flipped_bits(rng: Random) -> HostileFile:
    """A few bits of a valid file are different."""
    file_format = rng.choice(list(FileFormat))
    data = bytearray(valid_file(rng, file_format))
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        data[rng.randrange(SNIFF_SIZE, len(data))] ^= 1 << rng.randrange(8)
    return hostile(bytes(data), file_format, SUCCESS, ENCRYPTED, *ANY_REFUSAL)


def flipped_header(rng: Random) -> HostileFile:
    """The same in the first 200 bytes, where lengths and tables are."""
    file_format = rng.choice(list(FileFormat))
    data = bytearray(valid_file(rng, file_format))
    for _ in range(rng.randint(1, 6)):
        data[rng.randrange(SNIFF_SIZE, min(200, len(data)))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
    return hostile(bytes(data), file_format, SUCCESS, ENCRYPTED, *ANY_REFUSAL)


def png_chunk_length_lies(rng: Random) -> HostileFile:
    """A chunk that is longer or shorter than it says; its checksum gives it away."""
    data = bytearray(photo(rng, FileFormat.PNG))
    position, _, length = rng.choice(list(chunk_offsets(bytes(data)))[:-1])
    lie = rng.choice((0, 1, length + 1, length + 4096, 2**31 - 1, 2**32 - 1))
    data[position : position + 4] = lie.to_bytes(4)
    return hostile(bytes(data), FileFormat.PNG, CORRUPT)


def png_of_many_pixels_that_are_not_there(rng: Random) -> HostileFile:
    """Damaged, however large it is: that is no matter of memory."""
    lines = chunk(b"IDAT", zeros_deflated(rng.randint(1, 9)))
    return hostile(png(header(9_900, 10_000, 8, 0), lines), FileFormat.PNG, CORRUPT)


def jpeg_segment_length_lies(rng: Random) -> HostileFile:
    """A segment that is longer or shorter than it says."""
    data = bytearray(photo(rng, FileFormat.JPEG))
    position, _ = rng.choice(list(segment_offsets(bytes(data))))
    length = int.from_bytes(data[position + 2 : position + 4])
    lie = rng.choice((0, 1, 2, length + 1, length + 40, 65535))
    data[position + 2 : position + 4] = lie.to_bytes(2)
    return hostile(bytes(data), FileFormat.JPEG, SUCCESS, CORRUPT, TRUNCATED)


def jpeg_of_another_process(rng: Random) -> HostileFile:
    """The frame header names another way of coding, or another depth, than that of the data."""
    data = bytearray(photo(rng, FileFormat.JPEG))
    for position, marker in segment_offsets(bytes(data)):
        if marker == SOF0:
            data[position + 1] = rng.choice((0xC1, 0xC2, 0xC3, 0xC5, 0xC7, 0xC9, 0xCA, 0xCB, 0xCF))
            data[position + 4] = rng.choice((8, 8, 8, 0, 2, 12, 16))
    return hostile(bytes(data), FileFormat.JPEG, SUCCESS, CORRUPT, TRUNCATED)


def webp_size_lies(rng: Random) -> HostileFile:
    """The size of the file, or that of its first chunk, is not what it is."""
    data = bytearray(photo(rng, FileFormat.WEBP))
    at = rng.choice((4, 16))
    size = int.from_bytes(data[at : at + 4], "little")
    lie = rng.choice((0, 4, size // 2, size + 2, 2**31 - 1, 2**32 - 2, 2**32 - 1))
    data[at : at + 4] = lie.to_bytes(4, "little")
    return hostile(bytes(data), FileFormat.WEBP, CORRUPT, TRUNCATED)


def signature_only(rng: Random) -> HostileFile:
    """Nothing comes after the first bytes, or only a few do."""
    file_format = rng.choice(list(FileFormat))
    data = SIGNATURES[file_format] + b"\0" * rng.choice((0, 1, 4, 30))
    return hostile(data, file_format, CORRUPT, TRUNCATED)


def noise_behind_a_signature(rng: Random) -> HostileFile:
    """Random bytes; what they claim to be, nobody knows."""
    file_format = rng.choice(list(FileFormat))
    data = SIGNATURES[file_format] + rng.randbytes(rng.choice((20, 500, 20_000, 1_000_000)))
    return hostile(data, file_format, CORRUPT, TRUNCATED)


def claimed_as_another_format(rng: Random) -> HostileFile:
    """A valid file under a wrong name."""
    real, claimed = rng.sample(list(FileFormat), 2)
    return hostile(valid_file(rng, real), claimed, UNSUPPORTED)


def _cut(rng: Random, data: bytes) -> bytes:
    return data[: rng.randint(SNIFF_SIZE, len(data) - 40)]


KINDS = (
    cut_jpeg,
    cut_png,
    cut_webp,
    cut_animation,
    cut_pdf,
    cut_at_its_very_end,
    end_never_written,
    zeros_behind_the_end,
    flipped_bits,
    flipped_header,
    png_chunk_length_lies,
    png_of_many_pixels_that_are_not_there,
    jpeg_segment_length_lies,
    jpeg_of_another_process,
    webp_size_lies,
    signature_only,
    noise_behind_a_signature,
    claimed_as_another_format,
)
