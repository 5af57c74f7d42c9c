"""From where a request comes."""

from starlette.requests import Request


def address_of(request: Request) -> str:
    """The address of the browser: of its proxy, where that is not among TRUSTED_PROXIES."""
    return request.client.host[:64] if request.client else ""
