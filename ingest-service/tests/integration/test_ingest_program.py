"""`python -m ingest_service`: starts, serves, ends."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg

from local_stack.ports import free_ports
from photo.ingest.v1 import ingest_service_pb2_grpc as pb_grpc
from service_kit.grpc_channel import open_channel
from service_kit.health_client import is_serving


async def test_the_program_serves_says_so_and_ends_in_order(
    database_url: str,
    redis_url: str,
    tmp_path: Path,
    pool: asyncpg.Pool,
    claims: Any,
    register_request: Any,
) -> None:
    port, metrics_port = free_ports(2)
    process = _start(
        {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "STORAGE_URL": tmp_path.as_uri(),
            "INGEST_PORT": str(port),
            "INGEST_METRICS_PORT": str(metrics_port),
        }
    )
    try:
        async with asyncio.timeout(60), open_channel(f"dns:///127.0.0.1:{port}") as channel:
            while not await is_serving(channel, 1):
                assert process.poll() is None
                await asyncio.sleep(0.05)
            stub = pb_grpc.IngestServiceStub(channel)
            await stub.RegisterBatch(register_request(claims.batch(2)), timeout=20)
            process.terminate()
            _output, log = await asyncio.to_thread(process.communicate, timeout=30)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0
    assert '"event": "stopped"' in log
    assert database_url.split(":")[2].partition("@")[0] not in log
    assert await pool.fetchval("SELECT count(*) FROM photos WHERE enqueued_at IS NULL") == 0


# A service that loses its relay as soon as it serves.
WITHOUT_RELAY = """
import sys
from ingest_service import __main__ as program
from ingest_service.outbox_relay import OutboxRelay

async def run(relay):
    raise RuntimeError("the relay is gone")

OutboxRelay.run = run
sys.exit(program.main())
"""


def test_the_program_ends_where_its_relay_does(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    port, metrics_port = free_ports(2)
    process = _start(
        {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "STORAGE_URL": tmp_path.as_uri(),
            "INGEST_PORT": str(port),
            "INGEST_METRICS_PORT": str(metrics_port),
        },
        "-c",
        WITHOUT_RELAY,
    )
    try:
        _output, log = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 1
    events = [json.loads(line)["event"] for line in log.splitlines()]
    assert events.index("background_work_ended") < events.index("draining")
    assert "stopped" in events


def test_the_program_names_every_setting_that_it_lacks() -> None:
    process = _start({})
    _output, log = process.communicate(timeout=60)
    assert process.returncode == 2
    names = [line.partition(":")[0] for line in log.splitlines()]
    assert sorted(names) == ["DATABASE_URL", "REDIS_URL", "STORAGE_URL"]


def _start(settings: dict[str, str], *program: str) -> "subprocess.Popen[str]":
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251 - handed on to a child
    return subprocess.Popen(
        [sys.executable, *(program or ("-m", "ingest_service"))],
        env=inherited | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
