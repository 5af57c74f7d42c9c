"""The texts of scripts: the same catalogue, filled in as the server does."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Error, Page

from upload_gateway.catalog import CATALOGS, plural_category
from upload_gateway.language import LANGUAGES
from upload_gateway.page_assets import PAGE_ASSETS

# On a page that is served: its Content-Security-Policy holds.
_SAY = """async ([module, language, key, values]) => {
  const { loadCatalog, t } = await import(module);
  await loadCatalog(language);
  return t(key, values);
}"""


@pytest.fixture
def say(visit: Callable[..., Page]) -> Callable[..., str]:
    """A text as i18n.js says it."""
    page = visit()

    def said(language: str, key: str, **values: Any) -> str:
        return str(page.evaluate(_SAY, [PAGE_ASSETS.url("i18n.js"), language, key, values]))

    return said


@pytest.mark.parametrize("language", LANGUAGES)
def test_scripts_say_what_the_server_says(say: Callable[..., str], language: Any) -> None:
    for count in (1, 2, 5, 11, 21, 22, 100):
        told = CATALOGS[language].text("home.count", count=count)
        assert say(language, "home.count", count=count) == told


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_server_counts_as_the_browser_does(visit: Callable[..., Page], language: Any) -> None:
    categories = visit().evaluate(
        "(language) => Array.from({ length: 300 },"
        " (_, count) => new Intl.PluralRules(language).select(count))",
        language,
    )
    assert categories == [plural_category(language, count) for count in range(300)]


def test_numbers_are_written_by_the_rules_of_the_language(say: Callable[..., str]) -> None:
    assert say("en", "home.count", count=1000) == "Up to 1,000 files at a time"
    assert say("ru", "home.count", count=1000) == "До 1\N{NO-BREAK SPACE}000 файлов за один раз"


@pytest.mark.parametrize(
    ("key", "told"), [("no.such", "No text has the key no.such"), ("home.limits", "needs")]
)
def test_a_text_that_cannot_be_said_is_a_fault(
    say: Callable[..., str], key: str, told: str
) -> None:
    with pytest.raises(Error, match=told):
        say("en", key)
