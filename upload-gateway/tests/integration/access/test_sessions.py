"""Sessions: anonymous ones, and those that were traded for a key."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from upload_gateway.api_key_file import Scope
from upload_gateway.session import Session

TASK = "/api/tasks/01919a3c-5e00-7abc-8def-0123456789ab"


async def begin(gateway: Any, client: Any, key: str) -> Any:
    answer = await client.post("/api/session", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 201
    return answer


async def test_a_key_is_traded_for_a_session_with_its_owner_and_scopes(
    open_gateway: Callable[..., Any],
) -> None:
    gateway = await open_gateway(auth="required")
    key = gateway.issue("alice", Scope.READ, Scope.DELETE)
    async with gateway.client() as client:
        body = (await begin(gateway, client, key)).json()
        assert (body["owner"], body["scopes"]) == ("key:alice", ["delete", "read"])
        client.headers["X-CSRFToken"] = body["csrf_token"]
        assert (await client.delete(TASK)).status_code not in {401, 403}
        assert (await client.post(f"{TASK}/retry")).json()["code"] == "insufficient_scope"
    assert gateway.asked.calls
    assert all(b"key:alice" in request for _, request in gateway.asked.calls)
    assert key.encode() not in str(body).encode()


async def test_a_session_ends_with_its_key(open_gateway: Callable[..., Any]) -> None:
    gateway = await open_gateway(auth="required")
    async with gateway.client() as client:
        await begin(gateway, client, gateway.issue("alice"))
        assert (await client.get(f"{TASK}/original")).status_code != 401
        gateway.withdraw_all()
        assert (await client.get(f"{TASK}/original")).status_code == 401


async def test_a_token_tells_whether_its_session_still_stands_for_a_key(
    open_gateway: Callable[..., Any],
) -> None:
    gateway = await open_gateway()
    async with gateway.client() as client:
        await begin(gateway, client, gateway.issue("alice"))
        assert (await client.get("/api/csrf")).json()["signed_in"] is True
        gateway.withdraw_all()
        assert (await client.get("/api/csrf")).json()["signed_in"] is False


async def test_a_session_ends_at_its_time(open_gateway: Callable[..., Any]) -> None:
    gateway = await open_gateway(auth="required")
    key_id = gateway.fastapi.state.adapters.keys.find(gateway.issue("alice")).key_id
    cookies = gateway.fastapi.state.adapters.cookies
    for left, status in ((60, 404), (-1, 401)):
        session = Session("id", key_id, int(time.time()) + left)
        value = f"id~{key_id}~{session.expires_at}"
        async with gateway.client() as client:
            client.cookies.set("session", cookies._sessions.sign(value).decode())
            answer = await client.get(f"{TASK}/original")
            assert (answer.status_code == 401) == (status == 401)


async def test_a_session_that_is_ended_is_forgotten(open_gateway: Callable[..., Any]) -> None:
    gateway = await open_gateway(auth="required")
    async with gateway.client() as client:
        body = (await begin(gateway, client, gateway.issue("alice"))).json()
        assert (await client.delete("/api/session")).json()["code"] == "csrf_failed"
        ended = await client.delete("/api/session", headers={"X-CSRFToken": body["csrf_token"]})
        assert ended.status_code == 204
        assert not client.cookies
        assert (await client.get(f"{TASK}/original")).status_code == 401


async def test_only_a_key_that_is_sent_becomes_a_session(open_gateway: Callable[..., Any]) -> None:
    gateway = await open_gateway()
    async with gateway.client() as client:
        await client.get("/api/csrf")
        answer = await client.post("/api/session")
        assert (answer.status_code, answer.json()["code"]) == (401, "authentication_required")
        await begin(gateway, client, gateway.issue("alice"))
        assert (await client.post("/api/session")).status_code == 401


async def test_a_request_with_a_key_gets_no_cookie_and_needs_no_token(
    open_gateway: Callable[..., Any],
) -> None:
    gateway = await open_gateway()
    async with gateway.client(gateway.issue("alice")) as client:
        assert (await client.get("/api/csrf")).json() == {"csrf_token": None, "signed_in": True}
        assert (await client.delete(TASK)).status_code not in {401, 403}
        await client.get("/api/")
        assert not client.cookies


async def test_a_key_wins_over_a_cookie(open_gateway: Callable[..., Any]) -> None:
    gateway = await open_gateway()
    async with gateway.client() as client:
        await client.get("/api/csrf")
        client.headers["Authorization"] = f"Bearer {gateway.issue('alice')}"
        await client.delete(TASK)
    [(_, request)] = gateway.asked.calls
    assert b"key:alice" in request


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        # As a proxy that asks for a password of its own may pass it on.
        ("Basic YTpi", "unknown_task"),
        ("Bearer", "invalid_api_key"),
        ("Bearer unknown", "invalid_api_key"),
    ],
)
async def test_only_a_key_that_is_wrong_undoes_a_session(
    open_gateway: Callable[..., Any], authorization: str, code: str
) -> None:
    gateway = await open_gateway()
    async with gateway.client() as client:
        client.headers["X-CSRFToken"] = (await client.get("/api/csrf")).json()["csrf_token"]
        answer = await client.delete(TASK, headers={"Authorization": authorization})
    assert answer.json()["code"] == code


@pytest.mark.parametrize(
    ("headers", "accepted"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://gateway"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "http://gateway"}, True),
        ({"Origin": "https://gateway"}, True),
        ({"Origin": "https://gateway.evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://["}, False),
        ({"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"}, True),
    ],
)
async def test_a_session_acts_only_from_pages_of_ours(
    open_gateway: Callable[..., Any], headers: dict[str, str], accepted: bool
) -> None:
    gateway = await open_gateway(cors_origins="https://app.example")
    async with gateway.client() as client:
        token = (await client.get("/api/csrf")).json()["csrf_token"]
        answer = await client.delete(TASK, headers={"X-CSRFToken": token, **headers})
    assert (answer.status_code != 403) == accepted
    if not accepted:
        assert answer.json()["code"] == "csrf_failed"
        assert gateway.asked.calls == []


@pytest.mark.parametrize("method", ["OPTIONS", "GET", "PUT", "QUERY"])
async def test_the_address_of_sessions_names_every_method_that_it_knows(
    open_gateway: Callable[..., Any], method: str
) -> None:
    gateway = await open_gateway()
    async with gateway.client() as client:
        answer = await client.request(method, "/api/session")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "DELETE, POST"
