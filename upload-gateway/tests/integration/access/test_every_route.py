"""Every route of the gateway, with two owners and with each scope missing."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from upload_gateway.api_key_file import Scope

TASK = "01919a3c-5e00-7abc-8def-0123456789ab"
FREE, WITH_KEY, FOR_ANYBODY = "free", "with key", "for anybody"

# Method and route to what it needs. A route that is not here fails the first test: say there what
# a new one needs, and look whether access_rules.py agrees.
NEEDS: dict[tuple[str, str], str] = {
    ("GET", "/"): FREE,
    ("GET", "/api/"): FREE,
    ("GET", "/api/assets/{version}/{path:path}"): FOR_ANYBODY,
    ("GET", "/api/csrf"): FREE,
    ("GET", "/api/limits"): FREE,
    ("GET", "/api/docs"): FREE,
    ("GET", "/api/docs/{name}"): FREE,
    ("GET", "/api/openapi.json"): FREE,
    ("GET", "/livez"): FREE,
    ("GET", "/readyz"): FREE,
    ("POST", "/api/session"): WITH_KEY,
    ("POST", "/api/session/end"): FREE,
    ("DELETE", "/api/session"): FREE,
    ("POST", "/api/upload/"): Scope.UPLOAD,
    ("POST", "/api/tasks/{task_id}/retry"): Scope.UPLOAD,
    ("GET", "/api/task-status/"): Scope.READ,
    ("GET", "/api/task-status/{task_id}"): Scope.READ,
    ("GET", "/api/tasks"): Scope.READ,
    ("GET", "/api/batches/{batch_id}"): Scope.READ,
    ("GET", "/api/batches/{batch_id}/page"): Scope.READ,
    ("GET", "/api/events"): Scope.READ,
    ("GET", "/api/tasks/{task_id}/renditions/{name}"): Scope.READ,
    ("GET", "/api/tasks/{task_id}/original"): Scope.READ,
    ("DELETE", "/api/tasks/{task_id}"): Scope.DELETE,
}
_JPEG = b"\xff\xd8\xff\xe0" + bytes(100)


def routes_of(fastapi: Any) -> set[tuple[str, str]]:
    found = set()
    for route in _flat(fastapi.routes):
        found |= {(method, route.path) for method in route.methods - {"HEAD"}}
    return found


def _flat(routes: Any) -> Iterator[Any]:
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _flat(inner.routes)
        else:
            yield route


def guarded(fastapi: Any) -> list[tuple[str, str, str]]:
    return [
        (method, path, NEEDS[method, path])
        for method, path in sorted(routes_of(fastapi))
        if NEEDS[method, path] not in {FREE, WITH_KEY, FOR_ANYBODY}
    ]


async def status_of(gateway: Any, client: Any, method: str, path: str) -> int:
    """The status of the answer; 200 for a stream of events that has begun to ask."""
    if path != "/api/events":
        return int((await call(client, method, path)).status_code)
    answering = asyncio.create_task(client.get(path))
    async with asyncio.timeout(20):
        while not answering.done() and not gateway.asked.calls:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    if answering.done():
        return int(answering.result().status_code)
    answering.cancel()
    await asyncio.wait([answering])
    return 200


async def call(client: Any, method: str, path: str) -> Any:
    # A parameter that holds slashes says so.
    path = path.replace(":path}", "}")
    path = path.format(
        task_id=TASK, batch_id=TASK, name="preview", version="any", path="catalog/en.json"
    )
    if path == "/api/upload/":
        return await client.post(path, files=[("images", ("a.jpg", _JPEG))])
    query = {"task_id": TASK} if path == "/api/task-status/" else {}
    return await client.request(method, path, params=query)


async def test_every_route_has_a_rule(open_gateway: Callable[..., Any]) -> None:
    gateway = await open_gateway()
    assert routes_of(gateway.fastapi) <= NEEDS.keys()
    assert len(guarded(gateway.fastapi)) >= 8


@pytest.mark.parametrize("auth", ["open", "required"])
async def test_every_route_asks_the_services_in_the_name_of_its_caller(
    open_gateway: Callable[..., Any], auth: str
) -> None:
    gateway = await open_gateway(auth=auth)
    for owner in ("alice", "bob"):
        async with gateway.client(gateway.issue(owner)) as client:
            for method, path, _ in guarded(gateway.fastapi):
                gateway.asked.calls.clear()
                status = await status_of(gateway, client, method, path)
                assert status not in {401, 403}, (method, path)
                # DiscardObjects names no owner: a failed upload takes back its own files.
                asked = [request for rpc, request in gateway.asked.calls if "Discard" not in rpc]
                assert asked, (method, path)
                assert all(f"key:{owner}".encode() in request for request in asked), (method, path)


@pytest.mark.parametrize("auth", ["open", "required"])
@pytest.mark.parametrize("missing", Scope)
async def test_a_key_without_the_scope_gets_nowhere(
    open_gateway: Callable[..., Any], auth: str, missing: Scope
) -> None:
    gateway = await open_gateway(auth=auth)
    key = gateway.issue("alice", *(set(Scope) - {missing}))
    async with gateway.client(key) as client:
        for method, path, needed in guarded(gateway.fastapi):
            gateway.asked.calls.clear()
            if needed == missing:
                answer = await call(client, method, path)
                assert answer.status_code == 403, (method, path)
                assert answer.json()["code"] == "insufficient_scope"
                assert "insufficient_scope" in answer.headers["www-authenticate"]
                assert gateway.asked.calls == []
            else:
                status = await status_of(gateway, client, method, path)
                assert status not in {401, 403}, (method, path)


async def test_where_keys_are_required_nothing_is_told_without_one(
    open_gateway: Callable[..., Any],
) -> None:
    gateway = await open_gateway(auth="required")
    async with gateway.client() as client:
        token = (await client.get("/api/csrf")).json()["csrf_token"]
        client.headers["X-CSRFToken"] = token
        for method, path, _ in guarded(gateway.fastapi):
            answer = await call(client, method, path)
            assert answer.status_code == 401, (method, path)
            assert answer.json()["code"] == "authentication_required"
            assert answer.headers["www-authenticate"] == "Bearer"
        # What is no route tells nothing either.
        assert (await client.get("/api/anything")).status_code == 401
    assert gateway.asked.calls == []


@pytest.mark.parametrize("auth", ["open", "required"])
async def test_what_is_free_is_free(open_gateway: Callable[..., Any], auth: str) -> None:
    gateway = await open_gateway(auth=auth)
    async with gateway.client() as client:
        for method, path in sorted(routes_of(gateway.fastapi)):
            if NEEDS[method, path] in {FREE, FOR_ANYBODY} and method == "GET":
                answer = await call(client, method, path)
                assert answer.status_code not in {401, 403, 429}, path


async def test_an_unknown_key_is_told_so_everywhere(open_gateway: Callable[..., Any]) -> None:
    gateway = await open_gateway()
    async with gateway.client("photo_unknown") as client:
        for method, path in sorted(routes_of(gateway.fastapi)):
            if path.startswith("/api/") and NEEDS[method, path] != FOR_ANYBODY:
                answer = await call(client, method, path)
                assert answer.status_code == 401, path
                assert answer.json()["code"] == "invalid_api_key"
                assert "invalid_token" in answer.headers["www-authenticate"]
