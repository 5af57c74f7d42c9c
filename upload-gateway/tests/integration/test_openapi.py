"""The description of the API, and the page that shows it."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from photo_domain.task_state import TaskStatus
from service_kit.request_edge import RequestEdge
from upload_gateway.openapi_document import complete_openapi
from upload_gateway.problems import Problem, install_problem_handlers
from upload_gateway.routes import upload
from upload_gateway.routes.all_routers import ROUTERS


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(openapi_url="/api/openapi.json", docs_url=None, redoc_url=None)
    install_problem_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    complete_openapi(app, keys_required=False)
    transport = httpx.ASGITransport(RequestEdge(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


@pytest.fixture
async def document(client: httpx.AsyncClient) -> Any:
    first = (await client.get("/api/openapi.json")).json()
    assert (await client.get("/api/openapi.json")).json() == first
    return first


def operations(document: Any) -> Iterator[tuple[str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


async def test_every_error_is_described_as_a_problem(document: Any) -> None:
    for call, operation in operations(document):
        for status, response in operation["responses"].items():
            if status >= "400" and call != "GET /readyz":
                assert set(response["content"]) == {"application/problem+json", "text/html"}, call
                example = response["content"]["application/problem+json"]["example"]
                assert example["code"] in response["description"], (call, status)
            assert "X-Request-ID" in response["headers"], (call, status)


async def test_whoever_has_to_wait_is_told_how_long(document: Any) -> None:
    for call, operation in operations(document):
        for status in {"429", "503"} & set(operation["responses"]):
            if call != "GET /readyz":
                assert "Retry-After" in operation["responses"][status]["headers"], call


async def test_every_call_of_the_api_tells_of_its_limits(document: Any) -> None:
    for call, operation in operations(document):
        if " /api/" in call:
            assert "rate_limited" in operation["responses"]["429"]["description"]
            for response in operation["responses"].values():
                assert {"RateLimit", "RateLimit-Policy"} <= set(response["headers"])


async def test_every_reference_and_every_link_leads_somewhere(document: Any) -> None:
    for reference in re.findall(r"'\$ref': '#/components/schemas/(\w+)'", str(document)):
        assert reference in document["components"]["schemas"]
    parameters = {
        operation["operationId"]: {
            name
            for each in operation.get("parameters", [])
            for name in (each["name"], f"{each['in']}.{each['name']}")
        }
        for _, operation in operations(document)
    }
    links = [
        link
        for _, operation in operations(document)
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    ]
    assert links
    for link in links:
        assert set(link["parameters"]) <= parameters[link["operationId"]], link


async def test_an_upload_leads_to_everything_that_can_be_done_with_it(document: Any) -> None:
    followed: set[str] = set()
    ahead = ["upload"]
    by_name = {operation["operationId"]: operation for _, operation in operations(document)}
    while ahead:
        name = ahead.pop()
        followed.add(name)
        targets = {
            link["operationId"]
            for response in by_name[name]["responses"].values()
            for link in response.get("links", {}).values()
        }
        ahead.extend(targets - followed)
    assert followed >= {
        *("batch", "events", "task_status", "task_statuses"),
        *("rendition", "original", "retry", "delete"),
    }


async def test_each_event_of_a_stream_is_described(document: Any) -> None:
    responses = document["paths"]["/api/events"]["get"]["responses"]
    events = responses["200"]["content"]["text/event-stream"]["itemSchema"]["oneOf"]
    data = {
        each["properties"]["event"]["const"]: each["properties"]["data"]["contentSchema"]
        for each in events
    }
    assert set(data) == {"task", "deleted", "done"}
    assert data["task"] == {"$ref": "#/components/schemas/TaskDocument"}
    assert set(data["done"]["properties"]["totals"]["properties"]) == set(TaskStatus)


async def test_what_the_connection_refuses_is_described_at_every_call(document: Any) -> None:
    for call, operation in operations(document):
        for status, code in {
            "400": "malformed_request",
            "408": "headers_too_slow",
            "431": "headers_too_large",
            "501": "unknown_transfer_coding",
        }.items():
            assert code in operation["responses"][status]["description"], call


@pytest.mark.parametrize(
    ("key", "taken"),
    [
        ("a", True),
        ('"', True),
        ('""', False),
        ('"a', True),
        ('a"', True),
        ('"a"', True),
        ('" "', True),
        ("a" * 255, True),
        ("a" * 256, False),
        ('"' + "a" * 254, True),
        ('"' + "a" * 255, False),
        ('"' + "a" * 255 + '"', True),
        ('"' + "a" * 256 + '"', False),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}", False),
    ],
)
def test_an_idempotency_key_is_described_as_it_is_taken(key: str, taken: bool) -> None:
    headers = [(b"idempotency-key", key.encode("latin-1"))]
    request = Request({"type": "http", "headers": headers})
    assert bool(re.search(upload._KEY_PARAMETER["schema"]["pattern"], key)) == taken
    if taken:
        assert upload._idempotency_key(request) in key
    else:
        with pytest.raises(Problem):
            upload._idempotency_key(request)


async def test_an_operation_is_named_as_its_function_is(document: Any) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]
    assert {"upload", "task_status", "task_statuses", "tasks", "batch", "events"} <= set(names)
    assert len(set(names)) == len(names)


async def test_a_call_says_whether_it_needs_to_know_who_asks(document: Any) -> None:
    paths = document["paths"]
    assert "401" in paths["/api/tasks"]["get"]["responses"]
    assert "403" in paths["/api/tasks"]["get"]["responses"]
    assert paths["/api/tasks"]["get"]["security"] == [{"api_key": []}, {"session": []}, {}]
    assert "security" not in paths["/api/limits"]["get"]
    assert paths["/api/upload/"]["post"]["security"] == [{"api_key": []}, {"session": []}]
    assert "401" not in paths["/livez"]["get"]["responses"]


async def test_the_headers_that_matter_are_described(document: Any) -> None:
    paths = document["paths"]
    one = paths["/api/task-status/{task_id}"]["get"]
    assert {"ETag", "Retry-After", "Preference-Applied"} <= one["responses"]["200"][
        "headers"
    ].keys()
    assert "ETag" in one["responses"]["304"]["headers"]
    assert {"If-None-Match", "Prefer"} <= {each["name"] for each in one["parameters"]}
    assert "Location" in paths["/api/upload/"]["post"]["responses"]["202"]["headers"]
    assert "Link" in paths["/api/tasks"]["get"]["responses"]["200"]["headers"]
    assert (
        "Content-Disposition"
        in paths["/api/tasks/{task_id}/original"]["get"]["responses"]["200"]["headers"]
    )
    assert "WWW-Authenticate" in paths["/api/tasks"]["get"]["responses"]["401"]["headers"]
    assert "X-CSRFToken" in {each["name"] for each in paths["/api/upload/"]["post"]["parameters"]}
    events = paths["/api/events"]["get"]
    assert list(events["responses"]["200"]["content"]) == ["text/event-stream"]
    assert "Last-Event-ID" in {each["name"] for each in events["parameters"]}


async def test_the_page_and_all_it_consists_of_come_from_here(client: httpx.AsyncClient) -> None:
    page = await client.get("/api/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert "/api/docs/swagger-ui-bundle.js" in addresses
    assert all(address.startswith("/api/") for address in addresses)
    for address in addresses:
        asset = await client.get(address)
        assert asset.status_code == 200, address
        assert asset.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_page_may_run_only_the_scripts_that_come_from_here(
    client: httpx.AsyncClient,
) -> None:
    page = await client.get("/api/docs")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert re.findall(r"<script(?! src=)|\son\w+=|javascript:", page.text) == []


@pytest.mark.parametrize("name", ["unknown.js", "..%2fapp.py", "redoc.standalone.js"])
async def test_nothing_else_is_given_out(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/api/docs/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
