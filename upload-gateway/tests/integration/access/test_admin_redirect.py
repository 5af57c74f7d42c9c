"""`/admin` leads to the console where ADMIN_URL says where that is."""

from collections.abc import Callable
from typing import Any

import pytest

CONSOLE = "https://console.example.org:8443"


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        ("/admin", f"{CONSOLE}/admin"),
        ("/admin/", f"{CONSOLE}/admin/"),
        ("/admin/photos/?status=FAILURE", f"{CONSOLE}/admin/photos/?status=FAILURE"),
        ("/admin//elsewhere.example", f"{CONSOLE}/admin//elsewhere.example"),
    ],
)
@pytest.mark.parametrize("auth", ["open", "required"])
async def test_everybody_is_sent_to_the_same_page_of_the_console(
    open_gateway: Callable[..., Any], asked: str, target: str, auth: str
) -> None:
    gateway = await open_gateway(admin_url=CONSOLE, auth=auth)
    async with gateway.client() as client:
        answer = await client.get(asked)
    assert (answer.status_code, answer.headers["Location"]) == (303, target)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("asked", ["/admin", "/admin/", "/admin/photos/"])
async def test_without_an_address_of_the_console_there_is_no_such_page(
    open_gateway: Callable[..., Any], method: str, asked: str
) -> None:
    gateway = await open_gateway(admin_url=None)
    async with gateway.client() as client:
        answer = await client.request(method, asked)
    assert answer.status_code == 404


async def test_a_host_that_the_request_names_is_never_led_to(
    open_gateway: Callable[..., Any],
) -> None:
    gateway = await open_gateway(admin_url=CONSOLE)
    async with gateway.client() as client:
        answer = await client.get(
            "/admin/@evil.example", headers={"Host": "evil.example", "X-Forwarded-Host": "e"}
        )
    assert answer.headers["Location"].startswith(f"{CONSOLE}/admin/")
