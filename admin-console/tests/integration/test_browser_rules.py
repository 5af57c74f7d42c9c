"""What browsers are told about every answer."""

import re
from typing import Any

import pytest

PAGES = ["/admin/login", "/admin/sessions/", "/admin/records/operators/", "/admin/nothing/"]


async def test_nothing_inline_runs_and_nobody_frames_keeps_or_sniffs_a_page(site: Any) -> None:
    signed_in = await site.signed_in()
    for address in PAGES:
        visitor = site.visit() if address == "/admin/login" else signed_in
        answer = await visitor.get(address)
        rules = dict(
            rule.strip().partition(" ")[::2]
            for rule in answer.headers["Content-Security-Policy"].split(";")
        )
        assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
        assert rules["script-src"] == rules["style-src"] == rules["form-action"] == "'self'"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        inline = r'<style|<script(?! type="module" src=)|\sstyle=|\son\w+='
        assert not re.search(inline, answer.text), address


async def test_what_pages_consist_of_comes_from_here_and_is_kept_for_a_year(site: Any) -> None:
    page = (await site.visit().get("/admin/login")).text
    found = re.findall(r'<link rel="(?:stylesheet|icon)" href="([^"]+)"', page)
    assert len(found) >= 3
    for address in found:
        assert address.startswith("/admin/static/")
        answer = await site.visit().get(address)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "url(http" not in answer.text
        older = address.replace(address.split("/")[3], "0123456789abcdef")
        assert (await site.visit().get(older)).headers["Cache-Control"] == "no-cache"


async def test_nothing_but_assets_is_served_as_an_asset(site: Any) -> None:
    visitor = site.visit()
    for path in ("nothing.css", "..%2fconsole.py", "x/..%2f..%2fconsole.py", "%2e%2e/a.py", ""):
        answer = await visitor.get(f"/admin/static/0/{path}")
        assert answer.status_code == 404, path


async def test_an_unexpected_error_says_nothing_of_itself(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = await site.signed_in()

    async def fail(_self: Any) -> Any:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(type(site.console.sessions), "open_sessions", fail)
    answer = await visitor.get("/admin/sessions/")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Something went wrong" in answer.text
    assert answer.headers["X-Request-ID"]
    assert answer.headers["Cache-Control"] == "no-store"


async def test_the_root_leads_to_the_console(site: Any) -> None:
    for address in ("/", "/admin"):
        answer = await site.visit().get(address)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/")
