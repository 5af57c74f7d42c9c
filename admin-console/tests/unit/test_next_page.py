"""Where people go after signing in."""

import pytest

from admin_console.session_guard import next_page


@pytest.mark.parametrize(
    "address",
    ["/admin/", "/admin/photos/?status=FAILURE&name=a%20b", "/admin/batches/0191/"],
)
def test_people_get_the_page_that_they_asked_for(address: str) -> None:
    assert next_page(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/",
        "/elsewhere",
        "/administration",
        "https://evil.example/admin/",
        "//evil.example/admin/",
        "/\\evil.example/admin/",
        "/admin/\\evil",
        "/admin/\r\nSet-Cookie: a=b",
        "javascript:alert(1)//admin/",
        "admin/",
        " /admin/",
        "http://[::1/admin/",
        "/admin/" + "x" * 3000,
    ],
)
def test_nobody_is_led_out_of_the_console(address: str) -> None:
    assert next_page(address) == "/admin/"
