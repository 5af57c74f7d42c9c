"""What the metrics tell of HTTP requests."""

from types import SimpleNamespace

import httpx
import pytest
from prometheus_client import REGISTRY
from starlette.types import Receive, Scope, Send

from service_kit.request_edge import RequestEdge

ROUTE = "/photos/{photo_id}"


async def answer(scope: Scope, _receive: Receive, send: Send) -> None:
    """As a framework that found the route; /photos/0 has a fault."""
    scope["route"] = SimpleNamespace(path=ROUTE)
    if scope["path"] == "/photos/0":
        raise ZeroDivisionError
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def counted(status: int, method: str = "GET") -> float | None:
    labels = {"method": method, "route": ROUTE, "status": str(status)}
    return REGISTRY.get_sample_value("http_requests_total", labels)


async def test_requests_are_counted_by_route_and_a_fault_is_told_before_the_first() -> None:
    transport = httpx.ASGITransport(RequestEdge(answer))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        ok, faults = counted(200) or 0, counted(500) or 0
        await http.get("/photos/1")
        await http.get("/photos/2")
        assert (counted(200), counted(500)) == (ok + 2, faults)
        with pytest.raises(ZeroDivisionError):
            await http.get("/photos/0")
        assert (counted(200), counted(500)) == (ok + 2, faults + 1)


async def test_methods_that_callers_make_up_are_one_label() -> None:
    transport = httpx.ASGITransport(RequestEdge(answer))
    before = counted(200, "other") or 0
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        for method in ("BREW", "WHEN"):
            await http.request(method, "/photos/1")
    assert counted(200, "other") == before + 2
