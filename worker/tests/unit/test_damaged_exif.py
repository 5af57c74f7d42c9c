"""EXIF blocks that are damaged, or made to do damage: something plausible is told of each."""

import math
import random
import struct
from collections.abc import Iterator

import pytest
from PIL import Image

from photo_domain.photo_facts import Camera, PhotoMetadata
from photo_worker.processing.exif import metadata_of

EXIF_POINTER, GPS_POINTER, MAKER_NOTE = 0x8769, 0x8825, 0x927C
RATIONAL, LONG = 5, 4
HEADER = b"II*\0"


@pytest.fixture(scope="module")
def whole() -> bytes:
    """The block of a camera: little-endian, without preamble, its first directory at 8."""
    exif = Image.Exif()
    exif.endian = "<"
    exif[0x10F], exif[0x110], exif[0x112], exif[0x132] = "Canon", "R5", 6, "2026:05:01 12:30:15"
    exif.get_ifd(EXIF_POINTER).update(
        {
            **dict.fromkeys((0x9003, 0x9004), "2026:05:01 12:30:15"),
            **dict.fromkeys((0x9290, 0x9291, 0x9292), "12"),
            **dict.fromkeys((0x9010, 0x9011, 0x9012), "+02:00"),
            0xA434: "RF24-70mm F2.8 L",
            0x829A: 0.008,
            0x829D: 2.8,
            0x8827: 400,
            0x8832: 400,
            0x920A: 50.0,
            MAKER_NOTE: b"\7" * 300,
        }
    )
    exif.get_ifd(GPS_POINTER).update({1: "N", 2: (52.0, 31.0, 12.0)})
    return exif.tobytes().removeprefix(b"Exif\0\0")


def entries(block: bytes, directory: int) -> Iterator[int]:
    """Where the entries of the directory at `directory` stand."""
    (count,) = struct.unpack_from("<H", block, directory)
    return iter(range(directory + 2, directory + 2 + 12 * count, 12))


def exif_directory(block: bytes) -> int:
    """Where the `Exif` directory stands."""
    pointers = (struct.unpack_from("<HHLL", block, at) for at in entries(block, 8))
    return next(int(offset) for tag, _, _, offset in pointers if tag == EXIF_POINTER)


def assert_plausible(metadata: PhotoMetadata) -> None:
    assert metadata.orientation in range(1, 9)
    assert metadata.taken_at is None or 19 <= len(metadata.taken_at) <= 32
    camera = metadata.camera or Camera()
    for name in (camera.make, camera.model, camera.lens):
        assert name is None or (0 < len(name) <= 100 and name.isprintable())
    for number in (camera.exposure_time, camera.f_number, camera.iso, camera.focal_length):
        assert number is None or (math.isfinite(number) and number > 0)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 20, 300, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("kind", [*range(20), 129, 0xFFFF])
def test_any_type_and_count_of_any_value_is_survived(whole: bytes, kind: int, count: int) -> None:
    for directory in (8, exif_directory(whole)):
        for at in entries(whole, directory):
            for value in (whole[at + 8 : at + 12], bytes(4), b"\xff" * 4):
                lying = bytearray(whole)
                lying[at + 2 : at + 12] = struct.pack("<HL", kind, count) + value
                told = metadata_of(bytes(lying))
                assert_plausible(told)
                # What the other directory says does not suffer.
                if directory != 8:
                    assert told.orientation == 6


def test_a_pointer_beyond_any_address_leads_nowhere() -> None:
    # Of the type LONG8, which EXIF does not know but the parser does.
    entry = struct.pack("<HHLL", EXIF_POINTER, 16, 1, 26)
    for pointer in (2**63, 2**64 - 1, 2**40):
        block = HEADER + struct.pack("<LH", 8, 1) + entry + struct.pack("<LQ", 0, pointer)
        assert metadata_of(block) == PhotoMetadata(orientation=1)


def test_undamaged_it_tells_everything(whole: bytes) -> None:
    assert metadata_of(whole) == PhotoMetadata(
        "2026-05-01T12:30:15.120+02:00",
        Camera("Canon", "R5", "RF24-70mm F2.8 L", 0.008, 2.8, 400, 50.0),
        6,
    )


def test_directories_that_lead_in_circles_have_an_end(whole: bytes) -> None:
    pointer_at = next(
        at for at in entries(whole, 8) if whole[at : at + 2] == struct.pack("<H", EXIF_POINTER)
    )
    for target in (0, 8, 9, 26, len(whole), 0x7FFFFFFF, 0xFFFFFFFF):
        circle = bytearray(whole)
        struct.pack_into("<L", circle, pointer_at + 8, target)
        told = metadata_of(bytes(circle))
        assert (told.orientation, told.camera) == (6, Camera(make="Canon", model="R5"))
    for target in range(12):
        assert_plausible(metadata_of(HEADER + struct.pack("<L", target) + b"\0\1" * 40))


@pytest.mark.parametrize(
    "filling",
    [
        b"\0",
        b"\xff",
        struct.pack("<HHLL", EXIF_POINTER, LONG, 1, 8),
        struct.pack("<HHLL", 0x8827, RATIONAL, 0x1FFF, 8),
        b"".join(struct.pack("<HHLL", tag, RATIONAL, 0x3FF, 8) for tag in range(0x8800, 0x8900)),
    ],
)
def test_blocks_of_any_size_have_an_end(filling: bytes) -> None:
    start = HEADER + struct.pack("<LH", 8, 0xFFFF)
    assert_plausible(metadata_of(start + filling * (20_000_000 // len(filling))))


@pytest.mark.parametrize("seed", range(8))
def test_random_damage_is_survived(whole: bytes, seed: int) -> None:
    randomness = random.Random(seed)
    told = {metadata_of(damaged(whole, randomness)) for _ in range(500)}
    for metadata in told:
        assert_plausible(metadata)
    # It is not by finding nothing that it is survived.
    assert len(told) > 30


def damaged(whole: bytes, randomness: random.Random) -> bytes:
    data = bytearray(whole)
    for _ in range(randomness.choice((1, 1, 2, 5, 20))):
        at = randomness.randrange(len(data) - 4)
        match randomness.randrange(6):
            case 0:
                data[at] ^= 1 << randomness.randrange(8)
            case 1:
                data[at : at + 4] = randomness.randbytes(4)
            case 2:
                number = randomness.choice((0, 1, 8, at, len(data), 0x7FFFFFFF, 0xFFFFFFFF))
                data[at : at + 4] = struct.pack(randomness.choice("<>") + "L", number)
            case 3:
                data[at : at + 2] = struct.pack("<H", randomness.randrange(20))
            case 4:
                data[at:at] = randomness.randbytes(randomness.randrange(1, 16))
            case 5 if len(data) > 100:
                del data[randomness.randrange(60, len(data)) :]
    return bytes(data)


def test_bytes_of_no_kind_are_survived() -> None:
    randomness = random.Random(0)
    for size in range(300):
        noise = randomness.randbytes(size)
        for start in (b"", b"Exif\0\0", HEADER, b"MM\0*", b"II+\0", b"MM\0+"):
            assert_plausible(metadata_of(start + noise))
            assert_plausible(metadata_of(start + b"\x08\0\0\0" + noise))


def test_a_truncated_block_is_survived(whole: bytes) -> None:
    for length in range(len(whole)):
        assert_plausible(metadata_of(whole[:length]))
