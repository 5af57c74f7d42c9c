"""Which of the languages of the pages a visitor reads."""

import re
from http import HTTPStatus
from typing import Literal, get_args

from fastapi.responses import RedirectResponse
from starlette.requests import Request
from starlette.responses import Response

Language = Literal["en", "ru"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
LANGUAGE_COOKIE = "language"

_PARAMETER = "language"
_YEAR = 365 * 24 * 3600
_MAX_RANGES = 20
# RFC 9110 12.5.4 and 12.4.2: a language range and, maybe, its weight.
_RANGE = re.compile(r"\s*(\*|[a-z]{1,8})(?:-[a-z0-9]{1,8})*\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?")


def language_of(request: Request) -> Language:
    """What the visitor chose, else what their browser asks for, else English."""
    chosen = _known(request.cookies.get(LANGUAGE_COOKIE))
    return chosen or preferred(request.headers.get("accept-language", ""))


def preferred(accept_language: str) -> Language:
    """The language with the highest weight in Accept-Language (RFC 9110 12.5.4), else English."""
    weights: dict[str, float] = {}
    for part in accept_language.lower().split(",")[:_MAX_RANGES]:
        if found := _RANGE.fullmatch(part):
            weight = float(found[2] or 1)
            weights[found[1]] = max(weight, weights.get(found[1], 0))
    others = weights.get("*", 0)
    # The first of equals: English.
    return max(LANGUAGES, key=lambda language: weights.get(language, others))


def choice_of_language(request: Request) -> Response | None:
    """Where `?language=` chooses one: back to the same page, which speaks it from now on."""
    chosen = _known(request.query_params.get(_PARAMETER))
    if chosen is None:
        return None
    response = RedirectResponse(request.url.path, HTTPStatus.SEE_OTHER)
    response.headers["Cache-Control"] = "no-store"
    response.set_cookie(
        LANGUAGE_COOKIE,
        chosen,
        max_age=_YEAR,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


def _known(name: str | None) -> Language | None:
    return next((language for language in LANGUAGES if language == name), None)
