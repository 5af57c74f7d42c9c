"""`python -m status_service`: starts, tells its health, ends."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import grpc
import pytest

from local_stack.ports import free_ports
from photo.status.v1 import status_service_pb2 as pb
from photo.status.v1 import status_service_pb2_grpc as pb_grpc
from photo_domain.errors import ErrorCode
from photo_records.schema_version import REQUIRED_VERSION
from service_kit.grpc_channel import open_channel
from service_kit.health_client import is_serving
from service_kit.rpc_errors import request_error_of


def _start(settings: dict[str, str]) -> "subprocess.Popen[str]":
    # The environment is handed on to a child.
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251
    return subprocess.Popen(
        [sys.executable, "-m", "status_service"],
        env=inherited | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def test_the_program_serves_when_its_database_does_and_ends_in_order(
    database_url: str, tmp_path: Path, pool: asyncpg.Pool, photos: Any, redis_server: Any
) -> None:
    [photo] = await photos.register()
    await pool.execute("UPDATE alembic_version SET version_num = '0000'")
    port, metrics_port = free_ports(2)
    process = _start(
        {
            "DATABASE_URL": database_url,
            "STORAGE_URL": tmp_path.as_uri(),
            "REDIS_URL": redis_server.redis_url,
            "STATUS_PORT": str(port),
            "STATUS_METRICS_PORT": str(metrics_port),
        }
    )
    try:
        async with asyncio.timeout(60), open_channel(f"dns:///127.0.0.1:{port}") as channel:
            stub = pb_grpc.StatusServiceStub(channel)
            request = pb.GetTaskRequest(task_id=str(photo.task_id))
            answer = await stub.GetTask(request, timeout=30, wait_for_ready=True)
            assert answer.task.task_id == str(photo.task_id)
            assert not await is_serving(channel, 5)  # the schema is older than the code
            await pool.execute("UPDATE alembic_version SET version_num = $1", REQUIRED_VERSION)
            while not await is_serving(channel, 5):
                assert process.poll() is None
                await asyncio.sleep(0.05)
            # A stream of the kind that goes on for ever does not hold up the end.
            watch = pb.WatchTasksRequest(viewer=pb.Viewer(owner="the owner"))
            stream = stub.WatchTasks(watch, timeout=60)
            while (told := await stream.read()).HasField("task"):
                pass
            process.terminate()
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stream.read()
            stated = request_error_of(caught.value)
            assert stated is not None
            assert (stated.code, bool(told.cursor)) == (ErrorCode.STREAM_INTERRUPTED, True)
            _output, log = await asyncio.to_thread(process.communicate, timeout=30)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0
    assert '"event": "stopped"' in log
    assert database_url.split(":")[2].partition("@")[0] not in log


def test_a_certificate_that_cannot_be_used_ends_the_start(tmp_path: Path) -> None:
    broken = tmp_path / "tls.crt"
    broken.write_text("hunter2")
    process = _start(
        {
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
            "STORAGE_URL": tmp_path.as_uri(),
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "GRPC_TLS_CERT_FILE": str(broken),
            "GRPC_TLS_KEY_FILE": str(broken),
        }
    )
    _output, log = process.communicate(timeout=60)
    assert process.returncode == 2
    assert log.startswith("GRPC_TLS_CERT_FILE: ")
    assert "hunter2" not in log


def test_the_program_names_every_setting_that_it_lacks() -> None:
    process = _start({})
    _output, log = process.communicate(timeout=60)
    assert process.returncode == 2
    names = [line.partition(":")[0] for line in log.splitlines()]
    assert sorted(names) == ["DATABASE_URL", "REDIS_URL", "STORAGE_URL"]
