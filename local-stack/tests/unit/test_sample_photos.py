from io import BytesIO

import pytest
from PIL import ExifTags, Image

from local_stack.sample_photos import Expected, SamplePhoto, sample_jpeg, sample_photos, sample_png
from photo_domain.file_format import SNIFF_SIZE, format_of_name, sniff_format


@pytest.mark.parametrize("photo", sample_photos(), ids=lambda photo: photo.file_name)
def test_only_the_rejected_file_has_a_content_that_its_name_does_not_promise(
    photo: SamplePhoto,
) -> None:
    promised = format_of_name(photo.file_name)
    found = sniff_format(photo.content[:SNIFF_SIZE])

    assert (found is promised) == (photo.expected is not Expected.REJECTED)


def test_the_broken_file_cannot_be_decoded() -> None:
    broken = next(each for each in sample_photos() if each.expected is Expected.FAILURE)

    with pytest.raises((OSError, SyntaxError)):
        Image.open(BytesIO(broken.content))


def test_the_jpeg_lies_on_its_side_and_says_so() -> None:
    with Image.open(BytesIO(sample_jpeg())) as photo:
        assert photo.width > photo.height
        assert photo.getexif()[ExifTags.Base.Orientation] == 6
        assert photo.getexif()[ExifTags.Base.Model] == "Sample Camera"


def test_the_png_has_transparent_pixels() -> None:
    with Image.open(BytesIO(sample_png())) as photo:
        assert photo.mode == "RGBA"
        assert photo.getpixel((0, 0)) == (0, 0, 0, 0)


def test_the_photos_are_the_same_each_time() -> None:
    assert [each.content for each in sample_photos() if not each.file_name.endswith("pdf")] == [
        each.content for each in sample_photos() if not each.file_name.endswith("pdf")
    ]
