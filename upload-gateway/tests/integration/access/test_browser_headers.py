"""What browsers are told: nothing to load, no frames, and which other pages may ask."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize("path", ["/api/limits", "/api/nothing", "/livez", "/api/csrf"])
async def test_no_answer_can_load_run_or_be_framed(
    open_gateway: Callable[..., Any], path: str
) -> None:
    gateway = await open_gateway()
    async with gateway.client() as client:
        answer = await client.get(path)
    policy = answer.headers["content-security-policy"]
    assert policy == "default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-request-id"]


async def test_the_page_keeps_its_own_rules(open_gateway: Callable[..., Any]) -> None:
    gateway = await open_gateway()
    async with gateway.client() as client:
        answer = await client.get("/api/")
    assert "form-action 'self'" in answer.headers["content-security-policy"]
    assert len(answer.headers.get_list("content-security-policy")) == 1


async def test_other_origins_may_not_ask_unless_named(open_gateway: Callable[..., Any]) -> None:
    gateway = await open_gateway()
    async with gateway.client() as client:
        answer = await client.get("/api/limits", headers={"Origin": "https://app.example"})
    assert "access-control-allow-origin" not in answer.headers


async def test_a_named_origin_may_ask_and_read_the_headers(
    open_gateway: Callable[..., Any],
) -> None:
    gateway = await open_gateway(cors_origins="https://app.example", auth="required")
    asks = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    async with gateway.client() as client:
        named = await client.get("/api/limits", headers={"Origin": "https://app.example"})
        preflight = await client.options(
            "/api/upload/", headers={"Origin": "https://app.example", **asks}
        )
        other = await client.options(
            "/api/upload/", headers={"Origin": "https://evil.example", **asks}
        )
        refused = await client.get("/api/tasks", headers={"Origin": "https://app.example"})
    assert named.headers["access-control-allow-origin"] == "https://app.example"
    exposed = named.headers["access-control-expose-headers"]
    assert {"ETag", "Location", "RateLimit", "Retry-After"} <= set(exposed.split(", "))
    assert preflight.status_code == 200
    assert "access-control-allow-origin" not in other.headers
    # A page has to be able to read why it was refused.
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "https://app.example"
