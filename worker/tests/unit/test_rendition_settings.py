"""The setting RENDITIONS."""

import pytest

from photo_worker.processing.rendition_spec import (
    RenditionFormat,
    RenditionSpec,
    parse_renditions,
)


def test_a_name_and_a_long_edge_are_enough() -> None:
    assert parse_renditions("preview:1280") == (
        RenditionSpec("preview", 1280, RenditionFormat.WEBP, 80),
    )


def test_format_and_quality_can_be_chosen() -> None:
    assert parse_renditions("a:640:avif,b:320:jpeg:70") == (
        RenditionSpec("a", 640, RenditionFormat.AVIF, RenditionFormat.AVIF.default_quality),
        RenditionSpec("b", 320, RenditionFormat.JPEG, 70),
    )


def test_they_are_sorted_largest_first() -> None:
    parsed = parse_renditions(" small:100 , large:2000,medium:500")
    assert [spec.name for spec in parsed] == ["large", "medium", "small"]


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ("", "must be name:long_edge"),
        (":1280", "no name"),
        ("preview", "must be name:long_edge"),
        ("preview:1280:webp:80:more", "must be name:long_edge"),
        ("Preview:1280", "'Preview' is no name"),
        ("../x:1280", "is no name"),
        (f"{'a' * 33}:1280", "is no name"),
        ("preview:0", "the long edge is 16 to 8192"),
        ("preview:99999999999999999999", "the long edge is 16 to 8192"),
        ("preview:-5", "the long edge is 16 to 8192"),
        ("preview:١٢٨٠", "the long edge is 16 to 8192"),
        ("preview:1280:gif", "the format is one of webp, avif, jpeg"),
        ("preview:1280:webp:0", "the quality is 1 to 100"),
        ("preview:1280:webp:101", "the quality is 1 to 100"),
        ("preview:1280:webp:", "the quality is 1 to 100"),
        ("a:100,a:200", "twice"),
        (",".join(f"r{n}:100" for n in range(9)), "at most 8"),
    ],
)
def test_a_wrong_list_is_refused_with_what_it_should_be(wrong: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_renditions(wrong)
