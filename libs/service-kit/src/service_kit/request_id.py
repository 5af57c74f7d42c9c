"""The id of a request, from the caller's header to the worker's log."""

import re
import secrets

import structlog

from service_kit.rpc_edge import REQUEST_ID

REQUEST_ID_HEADER = b"x-request-id"
_ACCEPTED = re.compile(rb"[A-Za-z0-9._-]{1,64}")


def request_id_of(headers: list[tuple[bytes, bytes]]) -> str:
    """The id that the caller gave, if it is a sane one, else a fresh one."""
    for name, value in headers:
        if name == REQUEST_ID_HEADER and _ACCEPTED.fullmatch(value):
            return value.decode()
    return secrets.token_hex(8)


def current_request_id() -> str:
    """The id of the request that is being served, empty outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def rpc_metadata() -> tuple[tuple[str, str], ...]:
    """The metadata that carries the id of the current request to another service."""
    request_id = current_request_id()
    return ((REQUEST_ID, request_id),) if request_id else ()
