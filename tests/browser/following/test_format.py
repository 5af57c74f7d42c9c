"""Numbers, sizes and times as the reader's language writes them."""

from typing import Any

import pytest

# ruff: noqa: RUF001 - letters of Russian

CALL = """async ({ name, values }) => {
  const formats = await following.load("format.js");
  return values.map((value) => formats[name](value));
}"""


def formatted(visitor: Any, language: str, name: str, *values: object) -> list[str]:
    visitor.follow(language=language, start=False)
    texts: list[str] = visitor.page.evaluate(CALL, {"name": name, "values": values})
    # Some spaces of Intl do not break; which ones depends on the version of its data.
    return [text.replace("\u00a0", " ").replace("\u202f", " ") for text in texts]


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en", ["0 bytes", "1 byte", "999 bytes", "1 kB", "245 kB", "1 MB", "2.5 MB", "1.2 GB"]),
        ("ru", ["0 байт", "1 байт", "999 байт", "1 кБ", "245 кБ", "1 МБ", "2,5 МБ", "1,2 ГБ"]),
    ],
)
def test_sizes(visitor: Any, language: str, texts: list[str]) -> None:
    sizes = (0, 1, 999, 1_000, 244_600, 999_999, 2_483_017, 1_200_000_000)
    assert formatted(visitor, language, "formatBytes", *sizes) == texts


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en", ["0.41 sec", "3.3 sec", "59 sec", "1 min", "3 min 20 sec", "1 hr 1 min"]),
        ("ru", ["0,41 с", "3,3 с", "59 с", "1 мин", "3 мин 20 с", "1 ч 1 мин"]),
    ],
)
def test_durations(visitor: Any, language: str, texts: list[str]) -> None:
    seconds = (0.414, 3.25, 59.4, 59.6, 200, 3660)
    assert formatted(visitor, language, "formatSeconds", *seconds) == texts


def test_when_a_photo_was_taken_is_what_the_clock_of_its_camera_showed(visitor: Any) -> None:
    times = ("2026-05-01T12:30:15+02:00", "2026-05-01T12:30:15", "2026-05-01T12:30:15Z", "once")
    assert formatted(visitor, "en", "formatTakenAt", *times) == [
        "May 1, 2026 at 12:30 PM (UTC+02:00)",
        "May 1, 2026 at 12:30 PM",
        "May 1, 2026 at 12:30 PM (UTC+00:00)",
        "once",
    ]
    assert formatted(visitor, "ru", "formatTakenAt", times[1]) == ["1 мая 2026 г. в 12:30"]


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en", ["1/125 sec", "1/4000 sec", "0.5 sec", "2 sec"]),
        ("ru", ["1/125 с", "1/4000 с", "0,5 с", "2 с"]),
    ],
)
def test_exposures(visitor: Any, language: str, texts: list[str]) -> None:
    seconds = (0.008, 0.00025, 0.5, 2)
    assert formatted(visitor, language, "formatExposure", *seconds) == texts
