"""Colour profiles that cannot be applied: the photo around them is fine."""

from collections.abc import Callable

import pytest
from PIL import Image, ImageCms

from hostile_files.hostile_file import SUCCESS, hostile
from hostile_files.pictures import encode as encode_hostile
from hostile_files.processing_child import ProcessingChild
from photo_domain.failure import FailureCode, ProcessingError
from photo_domain.file_format import FileFormat
from photo_worker.processing.photo_in_process import Rendition
from photo_worker.processing.photo_processor import PhotoProcessor

Draw = Callable[..., Image.Image]
Encode = Callable[..., bytes]
Decode = Callable[[Rendition], Image.Image]

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# Without curves; and with another space to connect with than it has tables for.
UNUSABLE = {
    "no curves": PROFILE.replace(b"para", b"none"),
    "no space": PROFILE.replace(b"XYZ ", b"none", 1),
}


@pytest.mark.parametrize("file_format", [FileFormat.JPEG, FileFormat.PNG, FileFormat.WEBP])
@pytest.mark.parametrize("flaw", UNUSABLE)
def test_a_photo_with_an_unusable_profile_is_shown_as_if_it_had_none(
    processor: PhotoProcessor, encode: Encode, decode: Decode, file_format: FileFormat, flaw: str
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.new("RGB", (400, 300), (200, 40, 60))
    data = encode(image, file_format.name, icc_profile=UNUSABLE[flaw], exif=exif)
    photo = processor.process(data, file_format)
    shown = decode(photo.renditions[0])
    assert shown.size == (300, 400)
    assert not {"icc_profile", "exif"} & set(shown.info)
    colour = shown.convert("RGB").getpixel((150, 200))
    assert isinstance(colour, tuple)
    assert all(abs(one - other) < 8 for one, other in zip(colour, (200, 40, 60), strict=True))


def test_a_photo_with_an_unusable_profile_takes_no_more_memory_than_others() -> None:
    image = Image.new("RGB", (9_900, 10_000), (200, 40, 60))
    data = encode_hostile(
        image, FileFormat.WEBP, quality=1, method=0, icc_profile=UNUSABLE["no curves"]
    )
    with ProcessingChild(time_limit=60) as child:
        processed = child.process(hostile(data, FileFormat.WEBP, SUCCESS))
    assert processed.outcome == SUCCESS
    # The picture alone has 297 MB.
    assert processed.peak_memory < 250_000_000


def test_a_truncated_photo_with_an_unusable_profile_is_refused_as_truncated(
    processor: PhotoProcessor, picture: Draw, encode: Encode
) -> None:
    data = encode(picture(), "PNG", icc_profile=UNUSABLE["no curves"])
    with pytest.raises(ProcessingError) as refused:
        processor.process(data[: len(data) * 2 // 3], FileFormat.PNG)
    assert refused.value.code is FailureCode.TRUNCATED_IMAGE
