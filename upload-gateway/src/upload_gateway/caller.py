"""Who asks, how that was proved, and what they may do."""

import time
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request

from service_kit.client_address import visitor_at
from upload_gateway.api_key_file import ApiKey, Scope
from upload_gateway.api_keys import ApiKeys
from upload_gateway.problems import Problem
from upload_gateway.session import Session, SessionCookies


@dataclass(frozen=True, slots=True)
class Caller:
    """The one who sent a request.

    A session alone is an anonymous visitor, a key alone came with the request itself, and both
    are a session that was traded for the key.
    """

    session: Session | None = None
    key: ApiKey | None = None

    @property
    def owner(self) -> str:
        """The owner in the records; empty for a visitor without a session."""
        if self.key is not None:
            return f"key:{self.key.owner}"
        return self.session.owner if self.session else ""

    @property
    def scopes(self) -> frozenset[Scope]:
        """What the caller may do with what is theirs."""
        return self.key.scopes if self.key else frozenset(Scope)

    def visitor(self, host: str) -> str:
        """Whom limits of use count: the owner of a key, else whoever asks from `host`.

        Not the session of an anonymous visitor: those are free to make.
        """
        return self.owner if self.key else f"address:{visitor_at(host)}"

    @property
    def sent_key(self) -> bool:
        """Whether the request carries the key itself, which no browser adds on its own."""
        return self.key is not None and self.session is None


def bearer_token(request: Request) -> str | None:
    """The token of `Authorization: Bearer` (RFC 6750 2.1); other schemes are none of ours."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def invalid_api_key() -> Problem:
    """What was sent as a key is none, or none any more (401)."""
    return Problem(
        HTTPStatus.UNAUTHORIZED, "invalid_api_key", "The API key is unknown or has expired."
    )


def identify(request: Request, keys: ApiKeys, cookies: SessionCookies) -> Caller:
    """Who sent `request`; a key wins over a cookie. Raises Problem (401 invalid_api_key)."""
    token = bearer_token(request)
    if token is not None:
        key = keys.find(token)
        if key is None:
            raise invalid_api_key()
        return Caller(key=key)
    session = cookies.read(request)
    if session is None or not session.key_id:
        return Caller(session)
    key = keys.holding(session.key_id)
    # The session of a key that was withdrawn is none at all.
    return Caller(session, key) if key else Caller()


def still_holds(caller: Caller, keys: ApiKeys) -> bool:
    """Whether one who was identified earlier still is the same owner and may do no less."""
    if caller.session and caller.session.has_ended(time.time()):
        return False
    if caller.key is None:
        return True
    key = keys.holding(caller.key.key_id)
    return key is not None and key.owner == caller.key.owner and caller.key.scopes <= key.scopes
