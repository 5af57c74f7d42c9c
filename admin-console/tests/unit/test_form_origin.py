"""What a browser says of where a form is from."""

import pytest
from starlette.requests import Request

from admin_console.csrf import comes_from_us


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://console"}, False),
        ({"origin": "http://console"}, True),
        ({"origin": "https://console"}, True),
        ({"origin": "http://console:8000"}, False),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://[::1"}, False),
    ],
)
def test_only_pages_of_the_console_send_forms(headers: dict[str, str], expected: bool) -> None:
    sent = {"host": "console", **headers}
    raw = [(name.encode(), value.encode()) for name, value in sent.items()]
    request = Request({"type": "http", "method": "POST", "headers": raw})
    assert comes_from_us(request) is expected
