"""What is told of a photo by its EXIF block, value by value."""

import io
import logging
import math
import struct
from collections.abc import Mapping
from dataclasses import replace

import pytest
import pyvips
from PIL import Image

from photo_domain.photo_facts import Camera, PhotoMetadata
from photo_worker.processing.exif import metadata_of

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SRATIONAL, FLOAT = 1, 2, 3, 4, 5, 7, 10, 11

MAKE, MODEL, ORIENTATION, CHANGED = 0x10F, 0x110, 0x112, 0x132
EXIF_POINTER, GPS_POINTER = 0x8769, 0x8825
EXPOSURE_TIME, F_NUMBER, ISO, FOCAL_LENGTH, LENS = 0x829A, 0x829D, 0x8827, 0x920A, 0xA434
ISO_INDEX = 0x8832
ORIGINAL, DIGITIZED = 0x9003, 0x9004
CHANGED_OFFSET, ORIGINAL_OFFSET, DIGITIZED_OFFSET = 0x9010, 0x9011, 0x9012
CHANGED_FRACTION, ORIGINAL_FRACTION, DIGITIZED_FRACTION = 0x9290, 0x9291, 0x9292
MAKER_NOTE = 0x927C

# Type, number of values, their bytes.
Entry = tuple[int, int, bytes]


def text(value: str | bytes) -> Entry:
    data = (value.encode() if isinstance(value, str) else value) + b"\0"
    return ASCII, len(data), data


def short(*values: int) -> Entry:
    return SHORT, len(values), struct.pack(f"<{len(values)}H", *values)


def rational(numerator: int, denominator: int) -> Entry:
    return RATIONAL, 1, struct.pack("<2L", numerator, denominator)


def directory(entries: Mapping[int, Entry], offset: int) -> bytes:
    """A directory that will stand at `offset`, little-endian, with its values behind it."""
    table, values = struct.pack("<H", len(entries)), b""
    values_at = offset + 2 + 12 * len(entries) + 4
    for tag, (kind, count, data) in sorted(entries.items()):
        if len(data) > 4:
            place = struct.pack("<L", values_at + len(values))
            values += data + b"\0" * (len(data) % 2)
        else:
            place = data.ljust(4, b"\0")
        table += struct.pack("<HHL", tag, kind, count) + place
    return table + bytes(4) + values


def block(
    first: Mapping[int, Entry] | None = None,
    exif: Mapping[int, Entry] | None = None,
    gps: Mapping[int, Entry] | None = None,
) -> bytes:
    """An EXIF block with these entries, wrong ones too."""
    directories = {tag: d for tag, d in ((EXIF_POINTER, exif), (GPS_POINTER, gps)) if d is not None}
    pointers = {tag: (LONG, 1, bytes(4)) for tag in directories}
    end = 8 + len(directory({**(first or {}), **pointers}, 8))
    behind = b""
    for tag, entries in directories.items():
        pointers[tag] = (LONG, 1, struct.pack("<L", end + len(behind)))
        behind += directory(entries, end + len(behind))
    # What is given by hand goes before what is right.
    return b"II*\0\x08\0\0\0" + directory({**pointers, **(first or {})}, 8) + behind


CAMERA = Camera("Canon", "EOS R5", "RF24-70mm F2.8 L", 0.008, 2.8, 400, 50.0)
WHOLE = PhotoMetadata("2026-05-01T12:30:15.120+02:00", CAMERA, 6)
FIRST = {MAKE: text("Canon"), MODEL: text("EOS R5"), ORIENTATION: short(6)}
EXIF = {
    ORIGINAL: text("2026:05:01 12:30:15"),
    ORIGINAL_FRACTION: text("12"),
    ORIGINAL_OFFSET: text("+02:00"),
    LENS: text("RF24-70mm F2.8 L"),
    EXPOSURE_TIME: rational(1, 125),
    F_NUMBER: rational(28, 10),
    ISO: short(400),
    FOCAL_LENGTH: rational(50, 1),
    MAKER_NOTE: (UNDEFINED, 300, b"\x07" * 300),
}
GPS = {
    1: text("N"),
    2: (RATIONAL, 3, struct.pack("<6L", 52, 1, 31, 1, 12, 1)),
    0x1D: text("2026:05:01"),
    0x1B: (UNDEFINED, 14, b"ASCII\0\0\0Berlin"),
}


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_everything_that_a_camera_wrote_is_read(file_format: str) -> None:
    buffer = io.BytesIO()
    exif = b"Exif\0\0" + block(FIRST, EXIF, GPS)
    Image.new("RGB", (8, 8)).save(buffer, file_format, exif=exif)
    image = pyvips.Image.new_from_buffer(buffer.getvalue(), "")
    assert metadata_of(image.get("exif-data")) == WHOLE


def test_either_byte_order_is_read() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif.get_ifd(EXIF_POINTER).update({FOCAL_LENGTH: 50.0, ISO: 400})
    for byte_order in "<>":
        exif.endian = byte_order
        assert metadata_of(exif.tobytes()) == PhotoMetadata(
            camera=Camera(focal_length=50.0, iso=400), orientation=6
        )


@pytest.mark.parametrize("preamble", [b"", b"Exif\0\0", b"Exif\0\0Exif\0\0"])
def test_the_preamble_of_a_block_does_not_matter(preamble: bytes) -> None:
    assert metadata_of(preamble + block(FIRST, EXIF)) == WHOLE


@pytest.mark.parametrize(
    "nothing", [None, b"", b"Exif\0\0", b"II*\0", b"BM" + bytes(60), block(), block({}, {})]
)
def test_a_photo_that_tells_nothing_is_upright(nothing: bytes | None) -> None:
    assert metadata_of(nothing) == PhotoMetadata(orientation=1)


def test_a_place_does_not_appear(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    metadata = metadata_of(block(FIRST, EXIF, GPS))
    assert metadata == WHOLE
    assert metadata_of(block(gps=GPS)) == PhotoMetadata(orientation=1)
    # Directories that pass for others: the place as the camera's data, or as the first one.
    with_place = block(FIRST, EXIF, GPS)
    at = struct.unpack("<L", with_place[with_place.index(struct.pack("<H", GPS_POINTER)) + 8 :][:4])
    as_exif = block({**FIRST, EXIF_POINTER: (LONG, 1, struct.pack("<L", *at))}, EXIF, GPS)
    as_first = with_place[:4] + struct.pack("<L", *at) + with_place[8:]
    for told in (metadata_of(as_exif), metadata_of(as_first)):
        assert told.taken_at is None
        assert "Berlin" not in repr(told)
    assert not caplog.records


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("2026:05:01 12:30:15", "2026-05-01T12:30:15"),
        ("2026-05-01T12:30:15", "2026-05-01T12:30:15"),
        ("1826:01:01 00:00:00", "1826-01-01T00:00:00"),
        ("0000:00:00 00:00:00", None),
        ("    :  :     :  :  ", None),
        ("", None),
        ("2026:02:30 12:00:00", None),
        ("2026:05:01 24:00:00", None),
        ("1825:12:31 23:59:59", None),
        ("9999:12:31 23:59:59", None),
        ("2026:05:01", None),
        ("2026:05:01 12:30:15 in Berlin", None),
        ("٢٠٢٦:05:01 12:30:15", None),
    ],
)
def test_only_a_time_that_can_be_is_told(written: str, told: str | None) -> None:
    assert metadata_of(block(exif={ORIGINAL: text(written)})).taken_at == told


@pytest.mark.parametrize(
    ("fraction", "offset", "told"),
    [
        ("5", "-03:30", "2026-05-01T12:30:15.500-03:30"),
        ("005", "+00:00", "2026-05-01T12:30:15.005+00:00"),
        ("123456789", "+14:00", "2026-05-01T12:30:15.123+14:00"),
        ("00 ", "   :  ", "2026-05-01T12:30:15.000"),
        ("-5", "+14:15", "2026-05-01T12:30:15"),
        ("", "+02:60", "2026-05-01T12:30:15"),
        ("1234567890", "02:00", "2026-05-01T12:30:15"),
    ],
)
def test_fraction_and_offset_are_told_where_they_are_valid(
    fraction: str, offset: str, told: str
) -> None:
    exif = {
        ORIGINAL: text("2026:05:01 12:30:15"),
        ORIGINAL_FRACTION: text(fraction),
        ORIGINAL_OFFSET: text(offset),
    }
    assert metadata_of(block(exif=exif)).taken_at == told


def test_the_best_time_that_is_there_is_told_with_its_own_offset() -> None:
    first = {CHANGED: text("2026:03:03 03:03:03")}
    exif = {
        ORIGINAL: text("2026:01:01 01:01:01"),
        ORIGINAL_OFFSET: text("+01:00"),
        ORIGINAL_FRACTION: text("1"),
        DIGITIZED: text("2026:02:02 02:02:02"),
        DIGITIZED_OFFSET: text("+02:00"),
        DIGITIZED_FRACTION: text("2"),
        CHANGED_OFFSET: text("+03:00"),
        CHANGED_FRACTION: text("3"),
    }
    assert metadata_of(block(first, exif)).taken_at == "2026-01-01T01:01:01.100+01:00"
    exif[ORIGINAL] = text("0000:00:00 00:00:00")
    assert metadata_of(block(first, exif)).taken_at == "2026-02-02T02:02:02.200+02:00"
    del exif[DIGITIZED]
    assert metadata_of(block(first, exif)).taken_at == "2026-03-03T03:03:03.300+03:00"
    assert metadata_of(block(first)).taken_at == "2026-03-03T03:03:03"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (b"Canon", "Canon"),
        (b"  NIKON \t CORPORATION\r\n ", "NIKON CORPORATION"),
        (b"Canon\0\0\0secret", "Canon"),
        ("Käse 写真".encode(), "Käse 写真"),
        (b"K\xe4se", "Käse"),
        (b"\x1b[31mred\x07", "[31mred"),
        ("a\u202egnp\u2066.exe\u200b\ufeff".encode(), "agnp.exe"),
        ("no\u00a0break\u2028line".encode(), "no break line"),
        (b"x" * 5_000, "x" * 100),
        (b"y" * 99 + b" zzz", "y" * 99),
        (b"", None),
        (b"----", None),
        ("\u200f\u202e".encode(), None),
    ],
)
def test_names_are_plain_and_short(written: bytes, told: str | None) -> None:
    camera = metadata_of(block({MAKE: text(written)}, {LENS: text(written)})).camera
    assert camera == (None if told is None else Camera(make=told, lens=told))


def test_a_name_may_be_stored_as_bytes() -> None:
    exif = {LENS: (UNDEFINED, 2, b"L1")}
    camera = metadata_of(block({MAKE: (BYTE, 6, b"Canon\0")}, exif)).camera
    assert camera == Camera(make="Canon", lens="L1")


@pytest.mark.parametrize(
    ("tag", "field"),
    [
        (EXPOSURE_TIME, "exposure_time"),
        (F_NUMBER, "f_number"),
        (FOCAL_LENGTH, "focal_length"),
        (ISO, "iso"),
    ],
)
@pytest.mark.parametrize(
    "invalid",
    [
        rational(0, 0),
        rational(1, 0),
        rational(0, 1),
        rational(0xFFFFFFFF, 1),
        rational(1, 0xFFFFFFFF),
        (SRATIONAL, 1, struct.pack("<2l", -1, 125)),
        (FLOAT, 1, struct.pack("<f", math.inf)),
        (FLOAT, 1, struct.pack("<f", math.nan)),
        text("1/125"),
        (UNDEFINED, 4, b"\1\2\3\4"),
    ],
)
def test_an_invalid_number_costs_nothing_but_itself(tag: int, field: str, invalid: Entry) -> None:
    metadata = metadata_of(block(FIRST, {**EXIF, tag: invalid}))
    assert metadata == replace(WHOLE, camera=replace(CAMERA, **{field: None}))


def test_a_number_of_another_type_counts() -> None:
    exif = {
        EXPOSURE_TIME: (SRATIONAL, 1, struct.pack("<2l", -1, -4)),
        F_NUMBER: (FLOAT, 1, struct.pack("<f", 2.5)),
        FOCAL_LENGTH: short(35),
        ISO: (SHORT, 2, struct.pack("<2H", 100, 0)),
    }
    assert metadata_of(block(exif=exif)).camera == Camera(
        exposure_time=0.25, f_number=2.5, focal_length=35.0, iso=100
    )


def test_a_sensitivity_too_large_for_its_tag_is_read_from_another() -> None:
    exif = {ISO: short(65_535), ISO_INDEX: (LONG, 1, struct.pack("<L", 102_400))}
    assert metadata_of(block(exif=exif)).camera == Camera(iso=102_400)
    assert metadata_of(block(exif={ISO: short(65_535)})).camera is None


@pytest.mark.parametrize(
    "invalid", [short(0), short(9), short(65_535), text("6"), rational(6, 1), (LONG, 0, b"")]
)
def test_an_invalid_orientation_is_upright(invalid: Entry) -> None:
    told = metadata_of(block({**FIRST, ORIENTATION: invalid}, EXIF))
    assert told == replace(WHOLE, orientation=1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_is_told_as_stored(orientation: int) -> None:
    assert metadata_of(block({ORIENTATION: short(orientation)})).orientation == orientation
