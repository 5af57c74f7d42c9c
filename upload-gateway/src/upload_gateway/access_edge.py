"""What a call of the API passes before its route: who asks, how often, and may they."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from upload_gateway.access_rules import is_guarded, refusal_of, rule_of
from upload_gateway.api_key_file import KeyLimits
from upload_gateway.api_keys import ApiKeys
from upload_gateway.caller import Caller, identify
from upload_gateway.problems import Problem, problem_response
from upload_gateway.rate_limits import RateLimits
from upload_gateway.session import SessionCookies

_NO_LIMITS_OF_THEIR_OWN = KeyLimits()


class AccessEdge:
    """ASGI middleware; leaves the caller in the request's state.

    `max_body_size` in bytes: a body that says that it is larger is the route's to refuse.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        keys: ApiKeys,
        cookies: SessionCookies,
        rates: RateLimits,
        keys_required: bool,
        max_body_size: int,
    ) -> None:
        self._app = app
        self._keys = keys
        self._cookies = cookies
        self._rates = rates
        self._keys_required = keys_required
        self._max_body_size = max_body_size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not is_guarded(scope["path"]):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        caller, refusal = self._identified(request)
        visitor = caller.visitor(request.client.host if request.client else "")
        own = caller.key.limits if caller.key else _NO_LIMITS_OF_THEIR_OWN
        usage = self._rates.count(visitor, self._announced_size(request), own)
        if usage.retry_after is not None:
            # Before all else, so that guessing keys is limited too.
            refusal = _rate_limited()
        elif refusal is None:
            rule = rule_of(request.method, scope["path"])
            refusal = refusal_of(caller, rule, keys_required=self._keys_required)
        send = _with_fields(send, usage.fields)
        if refusal is not None:
            await _refuse(refusal, usage.retry_after, scope, receive, send)
            return
        request.state.caller = caller
        if "transfer-encoding" in request.headers:
            receive = self._counted(receive, visitor, own)
        await self._app(scope, receive, send)

    def _identified(self, request: Request) -> tuple[Caller, Problem | None]:
        try:
            return identify(request, self._keys, self._cookies), None
        except Problem as problem:
            return Caller(), problem

    def _announced_size(self, request: Request) -> int | None:
        if "transfer-encoding" in request.headers:
            return None
        length = request.headers.get("content-length", "")
        size = int(length) if length.isdecimal() else 0
        return size if size <= self._max_body_size else 0

    def _counted(self, receive: Receive, visitor: str, own: KeyLimits) -> Receive:
        async def received() -> Message:
            message = await receive()
            if body := message.get("body"):
                self._rates.count_bytes(visitor, len(body), own)
            return message

        return received


def _with_fields(send: Send, fields: Mapping[str, str]) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(fields)
        await send(message)

    return sent


async def _refuse(
    problem: Problem, retry_after: int | None, scope: Scope, receive: Receive, send: Send
) -> None:
    response = problem_response(problem, Request(scope))
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    await response(scope, receive, send)


def _rate_limited() -> Problem:
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "rate_limited",
        "Too many requests or bytes; the RateLimit fields tell which, Retry-After until when.",
    )
