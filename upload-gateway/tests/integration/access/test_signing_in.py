"""Signing in and out with the forms of the page, as a browser without scripts does."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


class Visitor:
    """A browser at the page: fills forms in, with what is hidden in them."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        client.headers["Accept"] = ACCEPT
        client.headers["Sec-Fetch-Site"] = "same-origin"

    async def look(self) -> str:
        return (await self.client.get("/api/")).text

    async def fill_in(self, form_id: str, **fields: str) -> httpx.Response:
        found = re.search(rf'<form id="{form_id}".*?</form>', await self.look(), re.DOTALL)
        assert found
        action = re.search(r'action="([^"]+)"', found[0])
        hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)"', found[0])
        assert action
        return await self.client.post(
            action[1], data={**dict(hidden), **fields}, follow_redirects=True
        )


async def test_a_visitor_signs_in_and_out_without_scripts(open_gateway: Callable[..., Any]) -> None:
    gateway = await open_gateway(auth="required")
    key = gateway.issue("alice")
    async with gateway.client() as client:
        visitor = Visitor(client)
        assert 'id="upload-form"' not in await visitor.look()
        page = await visitor.fill_in("sign-in-form", api_key=f" {key} ")
        assert [step.status_code for step in page.history] == [303]
        assert 'id="upload-form"' in page.text
        assert key not in page.text
        assert '"signedIn": true' in page.text
        assert (await client.get("/api/tasks")).status_code != 401
        page = await visitor.fill_in("sign-out-form")
        assert [step.status_code for step in page.history] == [303]
        assert 'id="sign-in-form"' in page.text
        assert (await client.get("/api/tasks")).status_code == 401


async def test_a_wrong_key_is_told_beside_the_form(open_gateway: Callable[..., Any]) -> None:
    gateway = await open_gateway(auth="required")
    async with gateway.client() as client:
        client.headers["Accept-Language"] = "ru"
        visitor = Visitor(client)
        for wrong in ("photo_guess<b>", ""):
            page = await visitor.fill_in("sign-in-form", api_key=wrong)
            assert page.status_code == 401
            assert 'id="sign-in-form"' in page.text
            told = re.search(r'<p id="sign-in-problem" role="alert">([^<]+)</p>', page.text)
            assert told
            assert told[1].startswith("Этот ключ API неизвестен")
            assert "photo_guess" not in page.text
            # Not of the address that the form was sent to, which is no page.
            assert '<a href="/api/?language=en"' in page.text


async def test_a_script_that_sends_the_form_gets_json(open_gateway: Callable[..., Any]) -> None:
    gateway = await open_gateway(auth="required")
    async with gateway.client() as client:
        token = (await client.get("/api/csrf")).json()["csrf_token"]
        client.headers["X-CSRFToken"] = token
        wrong = await client.post("/api/session", data={"api_key": "photo_guess"})
        assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_api_key")
        assert "invalid_token" in wrong.headers["WWW-Authenticate"]
        right = await client.post("/api/session", data={"api_key": gateway.issue("alice")})
        assert (right.status_code, right.json()["owner"]) == (201, "key:alice")


async def test_a_visitor_who_has_signed_in_to_an_open_service_can_sign_out(
    open_gateway: Callable[..., Any],
) -> None:
    gateway = await open_gateway()
    async with gateway.client() as client:
        await client.post(
            "/api/session", headers={"Authorization": f"Bearer {gateway.issue('alice')}"}
        )
        visitor = Visitor(client)
        assert 'id="sign-in-form"' not in await visitor.look()
        page = await visitor.fill_in("sign-out-form")
        assert 'id="sign-out-form"' not in page.text
        assert 'id="upload-form"' in page.text


@pytest.mark.parametrize("path", ["/api/session", "/api/session/end"])
@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, None),
        ({"Sec-Fetch-Site": "same-site"}, None),
        ({"Origin": "https://evil.example"}, None),
        ({}, ""),
        ({}, "somebody-elses"),
    ],
)
async def test_nobody_else_signs_a_visitor_in_or_out(
    open_gateway: Callable[..., Any], path: str, headers: dict[str, str], token: str | None
) -> None:
    gateway = await open_gateway(auth="required")
    key = gateway.issue("mallory")
    async with gateway.client() as client:
        genuine = (await client.get("/api/csrf")).json()["csrf_token"]
        before = client.cookies["session"]
        answer = await client.post(
            path,
            headers={"Accept": ACCEPT, **headers},
            data={
                "api_key": key,
                "csrfmiddlewaretoken": genuine if token is None else token,
            },
        )
        assert answer.status_code == 403
        assert "csrf_failed" in answer.text
        assert client.cookies["session"] == before


async def test_a_form_is_no_way_to_fill_the_memory(open_gateway: Callable[..., Any]) -> None:
    gateway = await open_gateway(auth="required")
    async with gateway.client() as client:
        await client.get("/api/csrf")
        answer = await client.post("/api/session", data={"api_key": "x" * 5000})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_form_that_arrives_in_pieces_is_read_to_its_end(
    open_gateway: Callable[..., Any],
) -> None:
    gateway = await open_gateway(auth="required")
    key = gateway.issue("alice")
    async with gateway.client() as client:
        token = (await client.get("/api/csrf")).json()["csrf_token"]

        async def pieces() -> Any:
            for byte in f"csrfmiddlewaretoken={token}&api_key={key}".encode():
                yield bytes([byte])

        answer = await client.post(
            "/api/session",
            content=pieces(),
            headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
        )
    assert answer.status_code == 201
