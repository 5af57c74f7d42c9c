"""The page, what it consists of, and the languages that it speaks."""

import re
from collections.abc import AsyncIterator, Callable
from html import unescape
from typing import Any

import httpx
import orjson
import pytest

from upload_gateway.page_assets import PAGE_ASSETS

# As Chromium, Firefox and Safari ask for a page.
ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.fixture
async def client(open_gateway: Callable[..., Any]) -> AsyncIterator[httpx.AsyncClient]:
    gateway = await open_gateway()
    async with gateway.client() as client:
        client.headers["Accept"] = ACCEPT
        yield client


def addresses(page: str) -> list[str]:
    """What a page loads by itself."""
    tags = re.findall(r"<(?:link|script|img)\b[^>]*>", page)
    found = [re.search(r'(?:src|href)="([^"]+)"', tag) for tag in tags]
    return [unescape(each[1]) for each in found if each]


async def test_all_that_the_page_consists_of_comes_from_here_and_is_kept_for_a_year(
    client: httpx.AsyncClient,
) -> None:
    page = await client.get("/api/")
    assert page.headers["Cache-Control"] == "no-store"
    assert len(addresses(page.text)) >= 3
    for address in addresses(page.text):
        answer = await client.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("page_settings.js", "text/javascript; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
        ("catalog/ru.json", "application/json"),
    ],
)
async def test_an_asset_says_what_it_is(
    client: httpx.AsyncClient, path: str, media_type: str
) -> None:
    answer = await client.get(PAGE_ASSETS.url(path))
    assert answer.headers["Content-Type"] == media_type


async def test_the_page_of_another_replica_finds_its_modules_but_asks_again_the_next_time(
    client: httpx.AsyncClient,
) -> None:
    current = await client.get(PAGE_ASSETS.url("i18n.js"))
    other = await client.get("/api/assets/0123456789abcdef/i18n.js")
    assert (other.status_code, other.content) == (200, current.content)
    assert other.headers["Cache-Control"] == "no-cache"
    assert other.headers["ETag"] == current.headers["ETag"]


async def test_an_asset_that_is_known_is_not_sent_again(client: httpx.AsyncClient) -> None:
    url = PAGE_ASSETS.url("i18n.js")
    tag = (await client.get(url)).headers["ETag"]
    known = await client.get(url, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (known.status_code, known.content, known.headers["ETag"]) == (304, b"", tag)
    changed = await client.get(url, headers={"If-None-Match": '"other"'})
    assert changed.status_code == 200


async def test_the_assets_of_a_page_do_not_count_against_its_visitors(
    open_gateway: Callable[..., Any],
) -> None:
    gateway = await open_gateway(requests_per_minute=1, auth="required")
    async with gateway.client() as client:
        page = await client.get("/api/")
        assert (await client.get("/api/")).status_code == 429
        for address in addresses(page.text):
            assert (await client.get(address)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "nothing.js",
        "catalog",
        "catalog/",
        "",
        "..%2fhome.html",
        "%2e%2e/%2e%2e/settings.py",
        "/etc/passwd",
        "i18n.js%00",
    ],
)
async def test_nothing_but_assets_is_given_out(client: httpx.AsyncClient, path: str) -> None:
    url = httpx.URL("http://gateway").copy_with(raw_path=f"/api/assets/any/{path}".encode())
    assert (await client.get(url)).status_code == 404


async def test_the_page_runs_no_script_and_style_but_those_of_the_service(
    client: httpx.AsyncClient,
) -> None:
    page = await client.get("/api/")
    assert page.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert (
        re.findall(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:", page.text) == []
    )


async def test_the_page_tells_its_scripts_about_the_visitor(client: httpx.AsyncClient) -> None:
    page = await client.get("/api/", headers={"Accept-Language": "ru"})
    found = re.search(r"<meta name=\"page-settings\" content='([^']+)'>", page.text)
    assert found
    settings = orjson.loads(unescape(found[1]))
    assert settings == {
        "language": "ru",
        "csrfToken": client.cookies["csrftoken"],
        "authRequired": False,
        "signedIn": False,
    }


async def test_the_page_speaks_the_language_of_the_browser(client: httpx.AsyncClient) -> None:
    for accepted, language, text in (
        ("de, ru;q=0.5, en;q=0.4", "ru", "Загрузка фотографий"),
        ("de", "en", "Upload photos"),
    ):
        page = await client.get("/api/", headers={"Accept-Language": accepted})
        assert f'<html lang="{language}">' in page.text
        assert page.headers["Content-Language"] == language
        assert f"<h1>{text}</h1>" in page.text


async def test_a_visitor_switches_the_language_without_scripts(client: httpx.AsyncClient) -> None:
    page = (await client.get("/api/")).text
    assert re.search(r'<a href="/api/\?language=en"[^>]* aria-current="true">English</a>', page)
    switched = await client.get("/api/?language=ru", follow_redirects=True)
    assert [step.status_code for step in switched.history] == [303]
    assert switched.url.path == "/api/"
    for path in ("/api/", "/api/nothing"):
        assert '<html lang="ru">' in (await client.get(path)).text


async def test_a_problem_is_told_in_the_visitors_language_to_people_only(
    client: httpx.AsyncClient,
) -> None:
    client.headers["Accept-Language"] = "ru"
    page = await client.get("/api/nothing")
    assert page.status_code == 404
    assert "По этому адресу ничего нет." in page.text
    assert "<code>not_found</code>" in page.text
    program = await client.get("/api/nothing", headers={"Accept": "application/json"})
    assert program.json()["detail"] == "Nothing matches the given URI"


async def test_what_a_form_cannot_be_accepted_for_is_told_in_the_visitors_language(
    client: httpx.AsyncClient,
) -> None:
    client.headers["Accept-Language"] = "ru"
    await client.get("/api/")
    answer = await client.post(
        "/api/upload/",
        headers={"X-CSRFToken": client.cookies["csrftoken"]},
        files=[("images", ("notes.txt", b"notes")), ("images", ("a.png", b""))],
    )
    assert answer.status_code == 422
    for text in ("Ни один из файлов не принят.", "Расширение не из списка", "Файл пуст."):
        assert text in answer.text
