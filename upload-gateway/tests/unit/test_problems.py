from collections.abc import AsyncIterator
from http import HTTPStatus

import httpx
import pytest
from fastapi import FastAPI

from photo_domain.errors import ErrorCode, RequestError
from service_kit.request_edge import RequestEdge
from upload_gateway.problems import Problem, install_problem_handlers

ERRORS: dict[str, Exception] = {
    "problem": Problem(HTTPStatus.CONFLICT, "some_code", "What is wrong.", {"more": 1}),
    "unknown": RequestError(ErrorCode.UNKNOWN_TASK, "No such task."),
    "not_failed": RequestError(ErrorCode.TASK_NOT_FAILED, "It succeeded."),
    "batch": RequestError(ErrorCode.UNKNOWN_BATCH, "No such batch."),
    "streams": RequestError(ErrorCode.TOO_MANY_STREAMS, "Too many."),
    "unavailable": RequestError(ErrorCode.DATABASE_UNAVAILABLE, "Try again."),
    "contract": RequestError(ErrorCode.INVALID_ARGUMENT, "An internal rule."),
    "unexpected": RuntimeError("a text that nobody may see"),
}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    install_problem_handlers(app)

    @app.get("/{name}")
    async def fail(name: str, number: int = 0) -> None:
        raise ERRORS[name]

    transport = httpx.ASGITransport(RequestEdge(app), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/problem", 409, "some_code"),
        ("/unknown", 404, "unknown_task"),
        ("/not_failed", 409, "task_not_failed"),
        ("/batch", 404, "unknown_batch"),
        ("/streams", 503, "too_many_streams"),
        ("/unavailable", 503, "database_unavailable"),
        ("/contract", 500, "internal"),
        ("/unexpected", 500, "internal"),
        ("/problem?number=x", 422, "invalid_request"),
        ("/no/such/path", 404, "not_found"),
    ],
)
async def test_every_error_is_a_problem_with_a_code_and_the_id_of_its_request(
    client: httpx.AsyncClient, path: str, status: int, code: str
) -> None:
    answer = await client.get(path, headers={"X-Request-ID": "mine-1"})
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.json()["code"] == code
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-ID"] == "mine-1"
    assert "nobody may see" not in answer.text


async def test_only_what_may_pass_says_when_to_try_again(client: httpx.AsyncClient) -> None:
    assert "Retry-After" in (await client.get("/unavailable")).headers
    assert "Retry-After" not in (await client.get("/unknown")).headers


async def test_a_method_that_an_address_does_not_know_is_a_problem_that_names_the_others(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.delete("/problem")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET"


async def test_an_insane_request_id_is_replaced(client: httpx.AsyncClient) -> None:
    answer = await client.get("/unknown", headers={"X-Request-ID": "x" * 65})
    assert 1 <= len(answer.headers["X-Request-ID"]) <= 64


async def test_a_browser_is_told_of_an_error_on_a_page_with_nothing_unescaped(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    rejected = [{"file_name": "<b>.txt", "errors": [{"code": "c", "detail": "Not <this>."}]}]
    problem = Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "code", "1 < 2", {"rejected": rejected})
    monkeypatch.setitem(ERRORS, "page", problem)
    answer = await client.get("/page", headers={"Accept": BROWSER, "X-Request-ID": "mine-1"})
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Request-ID"] == "mine-1"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    for text in ("1 &lt; 2", "&lt;b&gt;.txt", "Not &lt;this&gt;.", "<code>code</code>"):
        assert text in answer.text


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "*/*"},
        {"Accept": "application/json, text/plain, */*"},
        # What Java's HttpURLConnection sends by itself.
        {"Accept": "text/html, image/gif, image/jpeg, */*; q=0.2"},
        {"Accept": "application/json, text/html;q=0.9, application/xhtml+xml;q=0.9"},
        {"Accept": "text/html;q=0, application/xhtml+xml"},
        {"Accept": BROWSER, "Authorization": "Bearer a-key"},
        {"Accept": ""},
    ],
)
async def test_programs_get_problems_and_no_pages(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.get("/unknown", headers=headers)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "accept", [BROWSER, "text/html;q=x, application/xhtml+xml", "TEXT/HTML , application/xhtml+xml"]
)
async def test_browsers_get_pages(client: httpx.AsyncClient, accept: str) -> None:
    headers = {"Accept": accept, "Authorization": "Basic of-a-proxy"}
    answer = await client.get("/unknown", headers=headers)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


async def test_all_lines_of_a_header_count(client: httpx.AsyncClient) -> None:
    lines = [("Accept", "text/html"), ("Accept", "application/xhtml+xml")]
    answer = await client.get("/unknown", headers=lines)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


async def test_a_page_of_an_error_says_when_to_try_again(client: httpx.AsyncClient) -> None:
    answer = await client.get("/unavailable", headers={"Accept": BROWSER})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
