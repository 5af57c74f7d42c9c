"""Which calls need which scope: a call that is not named here is not free."""

from enum import Enum, auto
from http import HTTPStatus

from upload_gateway.api_key_file import Scope
from upload_gateway.caller import Caller
from upload_gateway.problems import Problem


class Free(Enum):
    """What can be asked for without a scope."""

    FOR_ALL = auto()
    WITH_KEY = auto()


_FREE = {
    ("GET", "/api/"): Free.FOR_ALL,
    ("GET", "/api/csrf"): Free.FOR_ALL,
    ("GET", "/api/docs"): Free.FOR_ALL,
    ("GET", "/api/limits"): Free.FOR_ALL,
    ("GET", "/api/openapi.json"): Free.FOR_ALL,
    ("DELETE", "/api/session"): Free.FOR_ALL,
    ("POST", "/api/session"): Free.WITH_KEY,
}
# What the page of the documentation consists of.
_FREE_FOLDER = "/api/docs/"
_SCOPE = {"GET": Scope.READ, "HEAD": Scope.READ, "OPTIONS": Scope.READ, "DELETE": Scope.DELETE}

Rule = Scope | Free


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
    if rule is Free.FOR_ALL:
        return None
    if rule is Free.WITH_KEY:
        return None if caller.sent_key else _authentication_required()
    if caller.key is None and keys_required:
        return _authentication_required()
    if rule in caller.scopes:
        return None
    return Problem(
        HTTPStatus.FORBIDDEN, "insufficient_scope", f"The API key has not the scope `{rule}`."
    )


def _authentication_required() -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "authentication_required",
        "Send an API key as `Authorization: Bearer …`, or trade it at POST /api/session.",
    )
