"""The texts of the pages: one file a language, which templates and scripts share."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from upload_gateway.language import LANGUAGES, Language
from upload_gateway.page_assets import PAGE_ASSETS

Text = str | Mapping[str, str]

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Catalog:
    """The texts of one language by their keys; a text that counts has one form a plural category.

    As `i18n.js` reads the same files.
    """

    def __init__(self, language: Language, texts: Mapping[str, Text]) -> None:
        self.language = language
        self._texts = texts

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def text(self, key: str, **values: Any) -> str:
        """The text with `values` in its placeholders; `count` chooses the plural form.

        Raises KeyError for an unknown key and for a placeholder without its value.
        """
        text = self._texts[key]
        if not isinstance(text, str):
            text = text[plural_category(self.language, values["count"])]
        return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), text)


def plural_category(language: Language, count: int) -> str:
    """The category of a whole number (CLDR plural rules, cardinals)."""
    if language == "en":
        return "one" if count == 1 else "other"
    ten, hundred = count % 10, count % 100
    if ten == 1 and hundred != 11:
        return "one"
    return "few" if ten in {2, 3, 4} and hundred not in {12, 13, 14} else "many"


def _load(language: Language) -> Catalog:
    asset = PAGE_ASSETS.find(f"catalog/{language}.json")
    assert asset is not None
    return Catalog(language, orjson.loads(asset.content))


CATALOGS: dict[Language, Catalog] = {language: _load(language) for language in LANGUAGES}
