"""What the settings of processing change."""

import io
from collections.abc import Callable

import pytest
from PIL import Image, ImageCms

from photo_domain.failure import FailureCode, ProcessingError
from photo_domain.file_format import FileFormat
from photo_worker.processing.photo_in_process import Rendition
from photo_worker.processing.photo_processor import PhotoProcessor

Draw = Callable[..., Image.Image]
Encode = Callable[..., bytes]
Decode = Callable[[Rendition], Image.Image]
MakeProcessor = Callable[..., PhotoProcessor]


def test_the_listed_renditions_are_made_in_their_formats_largest_first(
    make_processor: MakeProcessor, picture: Draw, encode: Encode, decode: Decode
) -> None:
    processor = make_processor("tiny:64:jpeg,full:1500:avif,card:600:webp:60")
    photo = processor.process(encode(picture(), "JPEG"), FileFormat.JPEG)
    assert [(r.name, r.width, r.height, r.content_type) for r in photo.renditions] == [
        ("full", 1500, 938, "image/avif"),
        ("card", 600, 375, "image/webp"),
        ("tiny", 64, 40, "image/jpeg"),
    ]
    for rendition in photo.renditions:
        shown = decode(rendition)
        assert f"image/{str(shown.format).lower()}" == rendition.content_type
        assert shown.size == (rendition.width, rendition.height)


def test_a_lower_quality_takes_fewer_bytes(
    make_processor: MakeProcessor, picture: Draw, encode: Encode
) -> None:
    noisy = Image.effect_noise((800, 600), 40).convert("RGB")
    data = encode(noisy, "JPEG")
    for file_format in ("webp", "avif", "jpeg"):
        spec = f"good:800:{file_format}:90,poor:799:{file_format}:30"
        good, poor = make_processor(spec).process(data, FileFormat.JPEG).renditions
        assert len(poor.data) < len(good.data)


def test_what_shines_through_a_jpeg_rendition_is_white(
    make_processor: MakeProcessor, encode: Encode, decode: Decode
) -> None:
    clear = Image.new("RGBA", (400, 300), (200, 0, 0, 0))
    photo = make_processor("only:320:jpeg").process(encode(clear, "PNG"), FileFormat.PNG)
    assert decode(photo.renditions[0]).getpixel((10, 10)) == (255, 255, 255)


def test_avif_keeps_transparency(
    make_processor: MakeProcessor, encode: Encode, decode: Decode
) -> None:
    clear = Image.new("RGBA", (400, 300), (200, 0, 0, 0))
    photo = make_processor("only:320:avif").process(encode(clear, "PNG"), FileFormat.PNG)
    shown = decode(photo.renditions[0])
    assert shown.mode == "RGBA"
    assert shown.getpixel((10, 10))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize("file_format", [FileFormat.JPEG, FileFormat.PNG])
def test_a_truncated_image_is_taken_where_the_settings_say_so(
    make_processor: MakeProcessor, encode: Encode, decode: Decode, file_format: FileFormat
) -> None:
    noise = Image.effect_noise((900, 700), 80).convert("RGB")
    data = encode(noise, file_format.name)
    photo = make_processor(accept_truncated=True).process(data[: len(data) * 2 // 3], file_format)
    assert (photo.width, photo.height) == (900, 700)
    assert decode(photo.renditions[0]).size == (900, 700)


def test_a_truncated_webp_is_refused_all_the_same(
    make_processor: MakeProcessor, encode: Encode
) -> None:
    data = encode(Image.effect_noise((900, 700), 80).convert("RGB"), "WEBP")
    with pytest.raises(ProcessingError) as refused:
        make_processor(accept_truncated=True).process(data[: len(data) // 2], FileFormat.WEBP)
    assert refused.value.code is FailureCode.TRUNCATED_IMAGE


def test_a_wide_gamut_becomes_srgb(
    processor: PhotoProcessor, encode: Encode, decode: Decode
) -> None:
    # In this profile red and green are exchanged: what it calls green is shown red.
    photo = processor.process(
        encode(Image.new("RGB", (400, 300), (0, 255, 0)), "PNG", icc_profile=swapped_profile()),
        FileFormat.PNG,
    )
    for rendition in photo.renditions:
        red, green, _ = decode(rendition).convert("RGB").getpixel((5, 5))  # type: ignore[misc]
        assert red > 240
        assert green < 30
        assert "icc_profile" not in decode(rendition).info


def swapped_profile() -> bytes:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # The tag table (ICC.1:2022 7.3): a count, then signature, offset and size of each tag.
    for index in range(int.from_bytes(profile[128:132])):
        place = 132 + 12 * index
        swap = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}
        name = bytes(profile[place : place + 4])
        profile[place : place + 4] = swap.get(name, name)
    return bytes(profile)


def test_the_first_frame_of_an_animation_is_shown(
    processor: PhotoProcessor, decode: Decode
) -> None:
    for file_format in (FileFormat.WEBP, FileFormat.PNG):
        photo = processor.process(animation(file_format, frames=3), file_format)
        red, green, _ = decode(photo.renditions[0]).convert("RGB").getpixel((5, 5))  # type: ignore[misc]
        assert red > 240
        assert green < 30
        assert (photo.width, photo.height, photo.pages) == (64, 48, None)


def test_an_animation_with_too_many_frames_is_refused(make_processor: MakeProcessor) -> None:
    data = animation(FileFormat.WEBP, frames=5)
    make_processor(max_pages=5).process(data, FileFormat.WEBP)
    with pytest.raises(ProcessingError) as refused:
        make_processor(max_pages=4).process(data, FileFormat.WEBP)
    assert refused.value.code is FailureCode.TOO_MANY_PAGES


def animation(file_format: FileFormat, frames: int) -> bytes:
    colours = ["red", *(("green", "blue", "white", "black")[n % 4] for n in range(frames - 1))]
    pictures = [Image.new("RGB", (64, 48), colour) for colour in colours]
    buffer = io.BytesIO()
    pictures[0].save(
        buffer, file_format.name, save_all=True, append_images=pictures[1:], duration=100
    )
    return buffer.getvalue()


def test_the_time_of_every_step_is_told(
    processor: PhotoProcessor, picture: Draw, encode: Encode
) -> None:
    photo = processor.process(encode(picture(), "JPEG"), FileFormat.JPEG)
    assert list(photo.step_seconds) == [
        "probe",
        "read_metadata",
        "decode",
        "make_renditions",
        "make_placeholder",
    ]
    assert all(seconds >= 0 for seconds in photo.step_seconds.values())


def test_markup_behind_an_image_stays_in_the_original(
    processor: PhotoProcessor, picture: Draw, encode: Encode
) -> None:
    for name in ("JPEG", "PNG", "WEBP"):
        data = encode(picture(), name) + b"<script>alert(1)</script>"
        photo = processor.process(data, FileFormat[name])
        assert all(b"<script>" not in rendition.data for rendition in photo.renditions)
