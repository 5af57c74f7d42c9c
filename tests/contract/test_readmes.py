"""README.ru.md says what README.md says: the same parts, commands, answers and links."""

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)]+)\)")


@pytest.fixture(scope="module")
def english() -> str:
    return (_ROOT / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def russian() -> str:
    return (_ROOT / "README.ru.md").read_text("utf-8")


def headings(text: str) -> list[int]:
    """The levels of the headings, in their order."""
    return [len(each) for each in re.findall(r"^(#+) ", _FENCE.sub("", text), re.MULTILINE)]


def blocks(text: str) -> list[tuple[str, str]]:
    """What can be copied, without the comments, which are for people."""
    return [(kind, re.sub(r" +# .*", "", content)) for kind, content in _FENCE.findall(text)]


def links(text: str) -> list[str]:
    """Where links and pictures lead, but for the way to the other language."""
    return [each for each in _LINK.findall(text) if not each.startswith("README")]


def words_of_code(text: str) -> list[str]:
    """Names of files, commands, fields and addresses within sentences; languages order them."""
    bare = _FENCE.sub("", text)
    return sorted(re.findall(r"`[^`]+`|https?://[^\s),;]+[^\s),;.]", bare))


def test_they_have_the_same_parts(english: str, russian: str) -> None:
    assert headings(russian) == headings(english)


def test_they_show_the_same_commands_and_answers(english: str, russian: str) -> None:
    assert blocks(russian) == blocks(english)


def test_they_lead_to_the_same_places(english: str, russian: str) -> None:
    assert links(russian) == links(english)


def test_they_name_the_same_things(english: str, russian: str) -> None:
    assert words_of_code(russian) == words_of_code(english)


def test_each_leads_to_the_other(english: str, russian: str) -> None:
    assert "](README.ru.md)" in english
    assert "](README.md)" in russian


def test_the_russian_one_is_in_russian(russian: str) -> None:
    for paragraph in _FENCE.sub("", russian).split("\n\n"):
        prose = re.sub(r"`[^`]+`|\]\([^)]*\)|https?://\S+", "", paragraph)
        if "README.md" not in paragraph and prose.strip():
            assert len(re.findall(r"[\u0430-\u044f]", prose.lower())) >= 5, paragraph
