"""Which calls need which scope: a call that is not named here is not free."""

from enum import Enum, auto
from http import HTTPStatus

from upload_gateway.api_key_file import Scope
from upload_gateway.caller import Caller
from upload_gateway.page_assets import ASSETS_PATH
from upload_gateway.problems import Problem


class Free(Enum):
    """What can be asked for without a scope; WITH_KEY brings a key, for its route to look at."""

    FOR_ALL = auto()
    WITH_KEY = auto()


_API = "/api/"

_FREE = {
    ("GET", "/api/"): Free.FOR_ALL,
    ("GET", "/api/csrf"): Free.FOR_ALL,
    ("GET", "/api/docs"): Free.FOR_ALL,
    ("GET", "/api/limits"): Free.FOR_ALL,
    ("GET", "/api/openapi.json"): Free.FOR_ALL,
    ("DELETE", "/api/session"): Free.FOR_ALL,
    ("POST", "/api/session"): Free.WITH_KEY,
    ("POST", "/api/session/end"): Free.FOR_ALL,
}
# What the page of the documentation consists of.
_FREE_FOLDER = "/api/docs/"
_SCOPE = {"GET": Scope.READ, "HEAD": Scope.READ, "OPTIONS": Scope.READ, "DELETE": Scope.DELETE}

Rule = Scope | Free


def is_guarded(path: str) -> bool:
    """Whether it is asked who calls, and how often: of the API all but the assets of the page.

    Those are the same for everybody and many to a page, which a whole office may open at once.
    """
    return path.startswith(_API) and not path.startswith(ASSETS_PATH)


def rule_of(method: str, path: str) -> Rule:
    """What a call needs: GET reads, DELETE deletes, all else uploads, but for the few free ones."""
    if (method, path) in _FREE:
        return _FREE[method, path]
    if method == "GET" and path.startswith(_FREE_FOLDER):
        return Free.FOR_ALL
    return _SCOPE.get(method, Scope.UPLOAD)


def refusal_of(caller: Caller, rule: Rule, *, keys_required: bool) -> Problem | None:
    """Why `caller` may not (401 authentication_required, 403 insufficient_scope), None if they may.

    `keys_required`: anonymous visitors may nothing that needs a scope.
    """
    if isinstance(rule, Free):
        return None
    if caller.key is None and keys_required:
        return authentication_required()
    if rule in caller.scopes:
        return None
    return Problem(
        HTTPStatus.FORBIDDEN, "insufficient_scope", f"The API key has not the scope `{rule}`."
    )


def authentication_required() -> Problem:
    """A key has to be there, and is not (401)."""
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "authentication_required",
        "Send an API key as `Authorization: Bearer …`, or trade it at POST /api/session.",
    )
