"""Whose streams are opened, and for how long."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from upload_gateway.api_key_file import Scope
from upload_gateway.api_keys import ApiKeys
from upload_gateway.issue_api_key import api_key_entry, new_api_key
from upload_gateway.status_client import task_watch

BATCH_ID = "01919a3c-0000-7abc-8def-0123456789ab"
OWN = "/api/events"
OF_BATCH = f"/api/events?batch_id={BATCH_ID}"


async def test_one_visitor_does_not_take_the_streams_of_all(
    client: httpx.AsyncClient, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_watch, "MAX_WATCHES", 10)
    await service.put("a")
    elsewhere = httpx.AsyncClient(
        base_url=client.base_url, transport=httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    )
    async with client.stream("GET", OWN), elsewhere as other:
        await service.until(lambda: service.open_watches == 1)
        refused = await client.get(OWN)
        assert (refused.status_code, refused.json()["code"]) == (503, "too_many_streams")
        poll = await client.get("/api/task-status/a", headers={"Prefer": "wait=30"})
        assert "Preference-Applied" not in poll.headers
        async with other.stream("GET", OF_BATCH) as response:
            assert response.status_code == 200
            await service.until(lambda: service.open_watches == 2)


@pytest.mark.parametrize("address", [OWN, OF_BATCH])
async def test_a_stream_ends_with_its_key(
    client: httpx.AsyncClient, service: Any, app: Any, tmp_path: Path, address: str
) -> None:
    path, key = tmp_path / "keys", new_api_key()
    path.write_text("keys:\n" + api_key_entry(key, "alice", Scope))
    keys = ApiKeys(path)
    app.state.adapters = replace(app.state.adapters, keys=keys)
    client.headers["Authorization"] = f"Bearer {key}"
    await service.put("a")
    async with asyncio.timeout(20), client.stream("GET", address) as response:
        lines = response.aiter_lines()
        while await anext(lines) != "event: task":
            pass
        path.write_text("keys: []")
        keys.refresh()
        await service.put("a", "SUCCESS", 2)
        rest = [line async for line in lines]
    assert not any(line.startswith("event:") for line in rest)
    assert (await client.get(address)).status_code == 401
