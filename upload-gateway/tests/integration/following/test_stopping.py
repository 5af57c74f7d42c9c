"""A gateway that is told to stop while clients follow tasks."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from local_stack.ports import free_ports
from photo.status.v1 import status_service_pb2_grpc as pb_grpc
from service_kit.grpc_server import build_server

TASK_ID = "01919a3c-5e00-7abc-8def-0123456789ab"
# What the gateway would give its requests, and what this test gives the gateway.
GRACE_SECONDS = 90
STOP_SECONDS = 40


@pytest.fixture
async def status_target(service: Any) -> AsyncIterator[str]:
    server = build_server("photo.status.v1.StatusService")
    pb_grpc.add_StatusServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield f"dns:///127.0.0.1:{port}"
    await server.stop(None)


@pytest.fixture
async def gateway(
    status_target: str, tmp_path: Path
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """The process of a gateway, and its address."""
    port, metrics_port = free_ports(2)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "upload_gateway"),
        cwd=tmp_path,
        env={
            "LISTEN_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "GATEWAY_METRICS_PORT": str(metrics_port),
            "STATUS_TARGET": status_target,
            "STORAGE_URL": "memory://",
            "SESSION_SECRET": "s" * 32,
            "SHUTDOWN_GRACE_SECONDS": str(GRACE_SECONDS),
        },
    )
    base_url = f"http://127.0.0.1:{port}"
    async with asyncio.timeout(STOP_SECONDS), httpx.AsyncClient(trust_env=False) as client:
        while process.returncode is None:
            with suppress(httpx.TransportError):
                await client.get(f"{base_url}/livez")
                break
            await asyncio.sleep(0.05)
    yield process, base_url
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def test_nobody_who_follows_tasks_holds_up_the_end_of_a_gateway(
    gateway: tuple[asyncio.subprocess.Process, str], service: Any
) -> None:
    process, base_url = gateway
    await service.put(TASK_ID)
    async with (
        asyncio.timeout(STOP_SECONDS),
        httpx.AsyncClient(base_url=base_url, timeout=GRACE_SECONDS, trust_env=False) as client,
    ):
        await client.get("/api/csrf")
        waiting = asyncio.create_task(
            client.get(f"/api/task-status/{TASK_ID}", headers={"Prefer": "wait=30"})
        )
        async with client.stream("GET", "/api/events") as stream:
            await service.until(lambda: service.open_watches == 2)
            process.send_signal(signal.SIGTERM)
            # To its proper end: a stream that is cut off would raise.
            async for _ in stream.aiter_bytes():
                pass
        answer = await waiting
        assert (answer.status_code, answer.json()["task_id"]) == (200, TASK_ID)
        await process.wait()
    await service.until(lambda: service.open_watches == 0)
