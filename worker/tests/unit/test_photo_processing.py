"""What comes out of the processing of images."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from PIL import Image, ImageChops, ImageCms, ImageStat

from photo_domain.failure import FailureCode, ProcessingError
from photo_domain.file_format import FileFormat, format_of_name
from photo_worker.processing.photo_in_process import Rendition
from photo_worker.processing.photo_processor import PhotoProcessor

Draw = Callable[..., Image.Image]
Encode = Callable[..., bytes]
Decode = Callable[[Rendition], Image.Image]
MakeProcessor = Callable[..., PhotoProcessor]

SAMPLES = Path(__file__).parents[4] / "shared" / "samples"
SAMPLE_SIZES = {
    "Landscape_1.jpg": (1800, 1200),
    "Landscape_3.jpg": (1800, 1200),
    "Landscape_6.jpg": (1800, 1200),
    "Landscape_8.jpg": (1800, 1200),
    "Portrait_2.jpg": (1200, 1800),
    "Portrait_5.jpg": (1200, 1800),
    "cmyk.jpg": None,
    "flowers_2725x2225.jpg": (2725, 2225),
    "leaf.webp": None,
    "paper_alpha.png": None,
}

EXIF_ORIENTATION = 0x0112
# How a camera that holds the sensor that way would have stored the upright picture.
STORED_AS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures a channel, 0 to 255."""
    assert one.size == other.size
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


def colour_at(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    return cast("tuple[int, ...]", image.getpixel((x, y)))


@pytest.mark.parametrize("orientation", STORED_AS)
def test_every_exif_orientation_comes_out_upright(
    processor: PhotoProcessor, picture: Draw, encode: Encode, decode: Decode, orientation: int
) -> None:
    upright = picture(1600, 1000)
    transpose = STORED_AS[orientation]
    stored = upright if transpose is None else upright.transpose(transpose)
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    photo = processor.process(encode(stored, "JPEG", quality=95, exif=exif), FileFormat.JPEG)

    assert (photo.width, photo.height) == (1600, 1000)
    preview, thumbnail = photo.renditions
    assert (preview.name, preview.width, preview.height) == ("preview", 1280, 800)
    assert (thumbnail.name, thumbnail.width, thumbnail.height) == ("thumbnail", 320, 200)
    for rendition in photo.renditions:
        shown = decode(rendition)
        assert shown.format == "WEBP"
        expected = upright.resize((rendition.width, rendition.height))
        assert difference(shown.convert("RGB"), expected) < 4


def test_a_small_image_is_never_enlarged(
    processor: PhotoProcessor, picture: Draw, encode: Encode, decode: Decode
) -> None:
    photo = processor.process(encode(picture(200, 100), "PNG"), FileFormat.PNG)
    assert [(r.width, r.height) for r in photo.renditions] == [(200, 100), (200, 100)]
    assert [decode(rendition).size for rendition in photo.renditions] == [(200, 100), (200, 100)]


def test_an_image_between_the_two_sizes_shrinks_to_the_smaller_only(
    processor: PhotoProcessor, picture: Draw, encode: Encode
) -> None:
    photo = processor.process(encode(picture(500, 1000), "WEBP"), FileFormat.WEBP)
    assert [(r.width, r.height) for r in photo.renditions] == [(500, 1000), (160, 320)]


@pytest.mark.parametrize("size", [(60_000, 1), (1, 60_000)])
def test_a_line_of_pixels_keeps_an_edge_of_one(
    processor: PhotoProcessor, encode: Encode, size: tuple[int, int]
) -> None:
    photo = processor.process(encode(Image.new("RGB", size), "PNG"), FileFormat.PNG)
    assert (photo.width, photo.height) == size
    assert all(min(r.width, r.height) == 1 for r in photo.renditions)


@pytest.mark.parametrize("file_format", [FileFormat.PNG, FileFormat.WEBP])
def test_transparency_is_kept(
    processor: PhotoProcessor,
    picture: Draw,
    encode: Encode,
    decode: Decode,
    file_format: FileFormat,
) -> None:
    image = picture(1600, 1000, "RGBA")
    image.paste((0, 0, 0, 0), (800, 500, 1600, 1000))
    photo = processor.process(encode(image, file_format.name), file_format)
    for rendition in photo.renditions:
        shown = decode(rendition)
        assert shown.mode == "RGBA"
        assert colour_at(shown, rendition.width - 5, rendition.height - 5)[3] == 0
        assert colour_at(shown, 5, 5)[3] == 255


@pytest.mark.parametrize("mode", ["L", "I;16", "P", "1", "LA"])
def test_every_kind_of_png_becomes_srgb(
    processor: PhotoProcessor, encode: Encode, decode: Decode, mode: str
) -> None:
    photo = processor.process(encode(Image.new(mode, (400, 300)), "PNG"), FileFormat.PNG)
    assert decode(photo.renditions[0]).mode in {"RGB", "RGBA"}


def test_cmyk_becomes_srgb(processor: PhotoProcessor, encode: Encode, decode: Decode) -> None:
    red = Image.new("CMYK", (400, 300), (0, 255, 255, 0))
    photo = processor.process(encode(red, "JPEG"), FileFormat.JPEG)
    red_channel, green, blue = colour_at(decode(photo.renditions[0]).convert("RGB"), 200, 150)
    assert red_channel > 180
    assert green < 90
    assert blue < 90


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description'
    b' exif:GPSLatitude="52,31.2N"/></rdf:RDF></x:xmpmeta>'
)


@pytest.mark.parametrize("made", ["webp", "avif", "jpeg"])
@pytest.mark.parametrize("uploaded", ["JPEG", "PNG", "WEBP"])
def test_metadata_does_not_leave_the_original(
    make_processor: MakeProcessor,
    picture: Draw,
    encode: Encode,
    decode: Decode,
    uploaded: str,
    made: str,
) -> None:
    exif = Image.Exif()
    exif[0x010F] = "MakerOfTheCamera"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encode(picture(), uploaded, exif=exif, xmp=XMP, icc_profile=profile)
    processor = make_processor(f"preview:1280:{made},thumbnail:320:{made}")
    photo = processor.process(data, FileFormat[uploaded])
    for rendition in photo.renditions:
        shown = decode(rendition)
        assert not shown.getexif()
        assert not {"exif", "icc_profile", "xmp"} & set(shown.info)
        for secret in (b"MakerOfTheCamera", b"GPSLatitude", b"xmpmeta", b"Exif", b"ICC_PROFILE"):
            assert secret not in rendition.data


@pytest.mark.parametrize("file_format", [FileFormat.JPEG, FileFormat.PNG, FileFormat.WEBP])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.9])
def test_a_truncated_image_is_refused_as_truncated(
    processor: PhotoProcessor, encode: Encode, file_format: FileFormat, kept: float
) -> None:
    noise = Image.effect_noise((900, 700), 80).convert("RGB")
    data = encode(noise, file_format.name)
    with pytest.raises(ProcessingError) as refused:
        processor.process(data[: int(len(data) * kept)], file_format)
    assert refused.value.code is FailureCode.TRUNCATED_IMAGE


def test_a_damaged_png_is_refused_as_corrupt(processor: PhotoProcessor, encode: Encode) -> None:
    data = bytearray(encode(Image.effect_noise((900, 700), 80), "PNG"))
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(64)
    with pytest.raises(ProcessingError) as refused:
        processor.process(bytes(data), FileFormat.PNG)
    assert refused.value.code is FailureCode.CORRUPT_IMAGE


@pytest.mark.parametrize(
    ("head", "claimed"),
    [
        (b"\xff\xd8\xff\xe0not really", FileFormat.JPEG),
        (b"\x89PNG\r\n\x1a\nnot really, and it goes on for a while", FileFormat.PNG),
        (b"RIFF\x04\x00\x00\x00WEBP", FileFormat.WEBP),
    ],
)
def test_a_signature_alone_is_no_image(
    processor: PhotoProcessor, head: bytes, claimed: FileFormat
) -> None:
    with pytest.raises(ProcessingError) as refused:
        processor.process(head, claimed)
    assert refused.value.code in {FailureCode.CORRUPT_IMAGE, FailureCode.TRUNCATED_IMAGE}


def test_too_many_pixels_are_refused_from_the_header(
    make_processor: MakeProcessor, encode: Encode
) -> None:
    data = encode(Image.new("1", (2000, 2000)), "PNG")
    # The pixels are cut off: only the header can have been read.
    with pytest.raises(ProcessingError) as refused:
        make_processor(max_pixels=3_999_999).process(data[:60], FileFormat.PNG)
    assert refused.value.code is FailureCode.TOO_MANY_PIXELS


def test_as_many_pixels_as_allowed_are_processed(
    make_processor: MakeProcessor, encode: Encode
) -> None:
    data = encode(Image.new("1", (2000, 2000)), "PNG")
    photo = make_processor(max_pixels=4_000_000).process(data, FileFormat.PNG)
    assert (photo.width, photo.height) == (2000, 2000)


def test_content_that_is_not_what_was_claimed_is_refused(
    processor: PhotoProcessor, picture: Draw, encode: Encode
) -> None:
    with pytest.raises(ProcessingError) as refused:
        processor.process(encode(picture(), "PNG"), FileFormat.JPEG)
    assert refused.value.code is FailureCode.UNSUPPORTED_CONTENT


def test_formats_beyond_ours_never_reach_a_decoder(
    processor: PhotoProcessor, picture: Draw, encode: Encode
) -> None:
    import pyvips

    for other in ("GIF", "TIFF"):
        with pytest.raises(pyvips.Error):
            pyvips.Image.new_from_buffer(encode(picture(), other), "")


@pytest.mark.parametrize("name", SAMPLE_SIZES)
def test_real_photos_get_two_renditions(
    processor: PhotoProcessor, decode: Decode, name: str
) -> None:
    file = SAMPLES / name
    if not file.is_file():
        pytest.skip(f"no sample photo {name} in ../shared/samples")
    file_format = format_of_name(name)
    assert file_format is not None
    photo = processor.process(file.read_bytes(), file_format)
    size = SAMPLE_SIZES[name]
    assert size is None or (photo.width, photo.height) == size
    for rendition, longest_edge in zip(photo.renditions, (1280, 320), strict=True):
        assert decode(rendition).size == (rendition.width, rendition.height)
        assert max(rendition.width, rendition.height) == min(
            longest_edge, max(photo.width, photo.height)
        )
        assert (rendition.width > rendition.height) == (photo.width > photo.height)


@pytest.mark.parametrize("motif", [("Landscape", 1, (3, 6, 8)), ("Portrait", 2, (5,))])
def test_a_real_photo_looks_the_same_however_the_camera_was_held(
    processor: PhotoProcessor, decode: Decode, motif: tuple[str, int, tuple[int, ...]]
) -> None:
    name, first, others = motif
    shown = []
    for orientation in (first, *others):
        file = SAMPLES / f"{name}_{orientation}.jpg"
        if not file.is_file():
            pytest.skip(f"no sample photo {file.name} in ../shared/samples")
        photo = processor.process(file.read_bytes(), FileFormat.JPEG)
        assert photo.metadata.orientation == orientation
        # Small enough that the number painted on each does not count.
        shown.append(decode(photo.renditions[0]).convert("RGB").resize((60, 60)))
    assert all(difference(shown[0], other) < 6 for other in shown[1:])
