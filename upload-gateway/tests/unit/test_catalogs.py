"""Both catalogues say the same, all of it is said somewhere, and nothing unsaid is asked for."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

from photo_domain.errors import ErrorCode
from photo_domain.failure import FailureCode
from photo_domain.file_format import FORMAT_BY_EXTENSION
from photo_domain.limits import UPLOAD_LIMITS
from photo_domain.rejection import RejectionCode
from upload_gateway import problems
from upload_gateway.catalog import CATALOGS, Catalog, plural_category
from upload_gateway.language import LANGUAGES, Language

PACKAGE = files("upload_gateway")
TEXTS: dict[Language, dict[str, Any]] = {
    language: json.loads((PACKAGE / f"web/assets/catalog/{language}.json").read_text("utf-8"))
    for language in LANGUAGES
}
KEYS = set(TEXTS["en"])
# By CLDR; `other` in Russian is for what is no whole number.
CATEGORIES = {"en": {"one", "other"}, "ru": {"one", "few", "many", "other"}}


def sources() -> Iterator[tuple[str, str]]:
    """Every template and module with its text."""
    for folder, kind in (("web", ".html"), ("web/assets", ".js")):
        for entry in (PACKAGE / folder).iterdir():
            if entry.name.endswith(kind):
                yield entry.name, entry.read_text("utf-8")


def named_keys(text: str) -> set[str]:
    """What looks like a key: a literal of an area and a meaning."""
    areas = {key.partition(".")[0] for key in KEYS}
    literals = re.findall(r"[\"'`]([a-z_]+(?:\.[a-z0-9_]+)+)[\"'`]", text)
    called = re.findall(r"\bt\(\s*[\"'`]([^\"'`$]+)[\"'`]\s*[,)]", text)
    return {each for each in literals if each.partition(".")[0] in areas} | set(called)


def built_prefixes(text: str) -> set[str]:
    """How keys begin whose end is a code or a state: `failure.${code}`, "failure." + code."""
    return set(re.findall(r"`([a-z_]+\.[a-z0-9_.]*)\$\{", text)) | set(
        re.findall(r"[\"']([a-z_]+\.)[\"']\s*\+", text)
    )


def test_the_catalogues_have_the_same_keys_and_are_sorted() -> None:
    for texts in TEXTS.values():
        assert set(texts) == KEYS
        assert list(texts) == sorted(texts)


def placeholders(entry: str | dict[str, str]) -> set[str]:
    forms = [entry] if isinstance(entry, str) else entry.values()
    return {name for form in forms for name in re.findall(r"\{(\w+)\}", form)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_has_the_placeholders_of_its_translation_and_every_plural_form(
    language: Language,
) -> None:
    for key, entry in TEXTS[language].items():
        english = TEXTS["en"][key]
        counted = {"count"} if isinstance(entry, dict) else set()
        assert placeholders(entry) | counted == placeholders(english) | counted, key
        assert isinstance(entry, dict) == isinstance(english, dict), key
        if isinstance(entry, dict):
            assert set(entry) == CATEGORIES[language], key
        for form in [entry] if isinstance(entry, str) else entry.values():
            assert form.strip() == form != "", key


@pytest.mark.parametrize("name", [name for name, _ in sources()])
def test_every_key_that_a_template_or_module_names_is_in_the_catalogues(name: str) -> None:
    text = dict(sources())[name]
    assert named_keys(text) - KEYS == set()
    for prefix in built_prefixes(text):
        assert any(key.startswith(prefix) for key in KEYS), prefix


def test_every_text_is_said_somewhere() -> None:
    everything = "\n".join(text for _, text in sources())
    used = named_keys(everything) | {"language.name"}
    prefixes = tuple(built_prefixes(everything))
    assert {key for key in KEYS - used if not key.startswith(prefixes)} == set()


def of_area(area: str) -> set[str]:
    return {key.partition(".")[2] for key in KEYS if key.startswith(f"{area}.")}


def test_every_reason_has_a_text_and_there_are_no_others() -> None:
    assert of_area("rejection") == set(RejectionCode)
    assert of_area("failure") == set(FailureCode)


def test_every_problem_of_the_services_has_a_text_and_every_text_a_problem() -> None:
    assert set(problems._STATUS) - of_area("problem") == set()
    python = "\n".join(
        path.read_text("utf-8")
        for folder in (PACKAGE, PACKAGE / "routes", PACKAGE / "status_client")
        for path in folder.iterdir()
        if path.name.endswith(".py")
    )
    # Scripts have problems of their own; `other` is for all that have no text, and not_found is
    # the framework's.
    scripts = "\n".join(text for name, text in sources() if name.endswith(".js"))
    named = re.findall(r'"([a-z_]+)"', python + scripts)
    known = {*named, *ErrorCode, "other", "not_found"}
    assert of_area("problem") - known == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_limits_that_a_text_tells_are_those_that_hold(language: Language) -> None:
    texts = TEXTS[language]
    assert UPLOAD_LIMITS.max_file_size % 2**20 == 0
    told = {
        "rejection.file_too_large": str(UPLOAD_LIMITS.max_file_size // 2**20),
        "rejection.name_too_long": str(UPLOAD_LIMITS.max_file_name_characters),
        "rejection.unsupported_extension": ", ".join(FORMAT_BY_EXTENSION),
    }
    for key, limit in told.items():
        assert re.search(rf"(?<!\d){re.escape(limit)}(?!\d)", texts[key]), key


@pytest.mark.parametrize(
    ("count", "category"),
    [
        *((count, "one") for count in (1, 21, 101, 1001)),
        *((count, "few") for count in (2, 4, 22, 104)),
        *((count, "many") for count in (0, 5, 11, 12, 14, 20, 100, 111, 112)),
    ],
)
def test_russian_counts_by_its_own_rules(count: int, category: str) -> None:
    assert plural_category("ru", count) == category


def test_english_has_one_and_many() -> None:
    assert [plural_category("en", count) for count in (0, 1, 2, 21)] == [
        "other",
        "one",
        "other",
        "other",
    ]


def test_a_text_is_filled_in_and_counts() -> None:
    catalog = Catalog("ru", {"a.b": {"one": "{count} файл", "few": "{count} файла {more}"}})
    assert catalog.text("a.b", count=1, more="x") == "1 файл"
    assert catalog.text("a.b", count=3, more="{count}") == "3 файла {count}"
    for key, values in (("a.c", {}), ("a.b", {"count": 2})):
        with pytest.raises(KeyError):
            catalog.text(key, **values)


def test_each_language_names_itself() -> None:
    names = {language: catalog.text("language.name") for language, catalog in CATALOGS.items()}
    assert names == {"en": "English", "ru": "Русский"}
