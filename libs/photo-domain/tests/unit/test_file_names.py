"""Which file names are accepted."""

import pytest

from photo_domain.limits import UPLOAD_LIMITS, UploadLimits
from photo_domain.rejection import RejectionCode, reject_name

LONGEST_STEM = 255 - len(".jpg")


def codes_of(file_name: str, limits: UploadLimits = UPLOAD_LIMITS) -> list[RejectionCode]:
    return [rejection.code for rejection in reject_name(file_name, limits)]


@pytest.mark.parametrize(
    "file_name",
    [
        "a.jpg",
        "A.JPG",
        "holiday 2026 (1).jpeg",
        "archive.tar.png",
        "ünïcödé.webp",
        "📷🏝️.jpg",
        "👩\u200d👩\u200d👧.png",  # joined by zero width joiners
        "תמונה.pdf",
        "\u202eexe.jpg",  # right-to-left override: odd, but a character like any other
        "x" * LONGEST_STEM + ".jpg",
        "📷" * LONGEST_STEM + ".jpg",  # characters count, not bytes
        "..jpg",
        "-rf.png",
    ],
)
def test_a_printable_name_with_an_accepted_extension_breaks_no_rule(file_name: str) -> None:
    assert codes_of(file_name) == []


def test_a_name_of_256_characters_is_too_long_and_the_detail_says_so() -> None:
    [rejection] = reject_name("x" * 252 + ".jpg", UPLOAD_LIMITS)
    assert rejection.code is RejectionCode.NAME_TOO_LONG
    assert "256" in rejection.detail
    assert "255" in rejection.detail


def test_the_longest_name_is_a_limit_that_the_caller_chooses() -> None:
    limits = UploadLimits(max_file_name_characters=5)
    assert codes_of("a.jpg", limits) == []
    assert codes_of("ab.jpg", limits) == [RejectionCode.NAME_TOO_LONG]


def test_an_empty_name_is_missing_and_nothing_else() -> None:
    assert codes_of("") == [RejectionCode.NAME_MISSING]


@pytest.mark.parametrize(
    "character",
    list("\x00\t\n\r\x1f\x7f\x85\u2028\u2029\ud800\udfff/\\"),
    ids=ascii,
)
def test_controls_line_breaks_separators_and_lone_surrogates_make_a_name_invalid(
    character: str,
) -> None:
    assert codes_of(f"a{character}b.jpg") == [RejectionCode.NAME_INVALID]


@pytest.mark.parametrize(
    "file_name",
    ["a", "a.", "a.gif", "a.jpg.exe", ".jpg", "jpg", "a.jpg ", "a.jpƃ", "a.svg", "a .pdf2"],
)
def test_a_name_without_an_accepted_extension_is_unsupported(file_name: str) -> None:
    assert codes_of(file_name) == [RejectionCode.UNSUPPORTED_EXTENSION]


def test_every_broken_rule_is_named_at_once() -> None:
    assert codes_of("x" * 260 + "/.gif") == [
        RejectionCode.NAME_TOO_LONG,
        RejectionCode.NAME_INVALID,
        RejectionCode.UNSUPPORTED_EXTENSION,
    ]
