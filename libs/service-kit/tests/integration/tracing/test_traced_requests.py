"""HTTP requests, and where traces begin."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from service_kit.request_edge import RequestEdge
from service_kit.settings import TracedSettings
from service_kit.traced_requests import with_spans
from service_kit.tracing import start_tracing, stop_tracing, traceparent

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
Spans = Callable[[int], Awaitable[list[Any]]]
SECRET = "what nobody is to know"


async def show(_request: Request) -> PlainTextResponse:
    return PlainTextResponse(traceparent() or "")


async def break_down(_request: Request) -> PlainTextResponse:
    raise RuntimeError(SECRET)


def is_sampled(name: str) -> bool:
    """The first bit of the flags; the second says that the id is random (W3C, level 2)."""
    return bool(int(name.split("-")[3], 16) & 1)


@pytest.fixture
def http() -> Any:
    routes = [Route("/photos/{name}", show), Route("/livez", show), Route("/broken", break_down)]
    # The name of a route is put where FastAPI puts it.
    for route in routes:
        route.app = _named(route)
    transport = httpx.ASGITransport(
        RequestEdge(Starlette(routes=routes)), raise_app_exceptions=False
    )
    return httpx.AsyncClient(transport=transport, base_url="http://test")


def _named(route: Route) -> Any:
    answer = route.app

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["route"] = route
        await answer(scope, receive, send)

    return app


async def test_a_request_is_named_by_its_route_and_tells_no_path_query_or_address(
    http: httpx.AsyncClient, spans: Spans
) -> None:
    headers = {"traceparent": PARENT, "User-Agent": SECRET, "baggage": f"a={SECRET}"}
    answer = await http.get("/photos/holiday.jpg?owner=ann", headers=headers)
    (span,) = await spans(1)
    assert answer.text == f"00-{span.trace_id}-{span.span_id}-01"
    assert (span.name, span.kind) == ("GET /photos/{name}", "SERVER")
    assert f"00-{span.trace_id}-{span.parent_id}-01" == PARENT
    assert span.attributes == {
        "http.request.method": "GET",
        "http.route": "/photos/{name}",
        "http.response.status_code": 200,
    }


async def test_what_nobody_awaits_has_no_name_and_strange_methods_have_one(
    http: httpx.AsyncClient, spans: Spans
) -> None:
    await http.request("BREW", "/coffee")
    (span,) = await spans(1)
    assert (span.name, span.attributes["http.response.status_code"]) == ("_OTHER", 404)
    assert not span.is_error


async def test_an_unexpected_error_is_an_error_without_its_text(
    http: httpx.AsyncClient, spans: Spans
) -> None:
    assert (await http.get("/broken")).status_code == 500
    (span,) = await spans(1)
    assert (span.is_error, span.attributes["error.type"]) == (True, "500")
    assert SECRET not in repr(span)


async def leave_quietly(scope: Any, receive: Any, send: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def miss_the_visitor(scope: Any, receive: Any, send: Any) -> None:
    """As frameworks do that answer a fault before they hand it on."""
    await send({"type": "http.response.start", "status": 500, "headers": []})
    raise ClientDisconnect


async def be_ended(scope: Any, receive: Any, send: Any) -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize("app", [leave_quietly, miss_the_visitor, be_ended])
async def test_a_visitor_who_leaves_before_the_answer_is_no_fault_and_gets_no_status(
    spans: Spans, app: Any
) -> None:
    with contextlib.suppress(ClientDisconnect, asyncio.CancelledError):
        await with_spans(app)(*one_request())
    (span,) = await spans(1)
    assert (span.is_error, span.attributes) == (False, {"http.request.method": "GET"})


async def test_what_answers_nothing_while_its_visitor_waits_is_a_fault(spans: Spans) -> None:
    async def answer_nothing(scope: Any, receive: Any, send: Any) -> None:
        pass

    await with_spans(answer_nothing)(*one_request())
    (span,) = await spans(1)
    assert (span.is_error, span.attributes["http.response.status_code"]) == (True, 500)


def one_request() -> tuple[Any, Any, Any]:
    """A request whose reader hears that the visitor has left."""

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(_message: Any) -> None:
        pass

    return {"type": "http", "method": "GET", "path": "/photos", "headers": []}, receive, send


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("traceparent", "nonsense")],
        [("traceparent", PARENT + "-more")],
        [("traceparent", "00-" + "é" * 52)],
        [("traceparent", "0" * 5_000)],
        [("traceparent", PARENT), ("traceparent", PARENT)],
    ],
)
async def test_a_request_that_names_no_span_begins_a_trace(
    http: httpx.AsyncClient, spans: Spans, headers: list[tuple[str, str]]
) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    assert (await http.get("/photos/a", headers=raw)).status_code == 200
    (span,) = await spans(1)
    assert (span.parent_id, span.trace_id in PARENT) == ("", False)


async def test_probes_are_not_traced(http: httpx.AsyncClient, spans: Spans) -> None:
    assert (await http.get("/livez")).text == ""
    assert await spans(0) == []


async def test_a_caller_who_does_not_sample_is_obeyed_all_the_way(
    http: httpx.AsyncClient, spans: Spans
) -> None:
    answer = await http.get("/photos/a", headers={"traceparent": PARENT[:-1] + "0"})
    assert answer.text.split("-")[1] == PARENT.split("-")[1]
    assert not is_sampled(answer.text)
    assert await spans(0) == []


async def test_the_sampler_of_the_sdk_decides_where_nobody_has(
    trace_collector: Any, spans: Spans, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_tracing()
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
    endpoint = trace_collector.endpoint
    start_tracing(TracedSettings(otel_exporter_otlp_endpoint=endpoint), "tests", "service-kit")
    transport = httpx.ASGITransport(RequestEdge(Starlette(routes=[Route("/a", show)])))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        assert not is_sampled((await http.get("/a")).text)
        assert is_sampled((await http.get("/a", headers={"traceparent": PARENT})).text)
    (span,) = await spans(1)
    assert span.trace_id in PARENT
