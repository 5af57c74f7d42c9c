"""Who speaks TLS with whom, and what ends the start."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from local_stack.ports import free_ports
from service_kit.grpc_server import build_server, serve
from service_kit.grpc_tls import client_files, server_credentials
from service_kit.health import HealthReporter
from service_kit.health_client import is_serving
from service_kit.settings import GrpcServerSettings

HOST = "127.0.0.1"


async def test_a_tls_server_answers_who_trusts_its_ca_and_asks_for_its_name(
    tls: Any, ours: Any
) -> None:
    async with tls.serving(**ours.issue("server", HOST)) as target:
        assert await tls.asked_by(target, **ours.trust()) == "one"


async def test_a_tls_server_answers_no_plain_text(tls: Any, ours: Any) -> None:
    async with tls.serving(**ours.issue("server", HOST)) as target:
        assert await tls.asked_by(target) == "UNAVAILABLE"


async def test_a_tls_client_asks_no_server_of_plain_text(tls: Any, ours: Any) -> None:
    async with tls.serving() as target:
        assert await tls.asked_by(target, **ours.trust()) == "UNAVAILABLE"


async def test_a_client_refuses_a_server_of_another_ca(tls: Any, ours: Any, foreign: Any) -> None:
    async with tls.serving(**foreign.issue("server", HOST)) as target:
        assert await tls.asked_by(target, **ours.trust()) == "UNAVAILABLE"


async def test_a_client_refuses_a_server_of_another_name(tls: Any, ours: Any) -> None:
    async with tls.serving(**ours.issue("server", "elsewhere.example")) as target:
        assert await tls.asked_by(target, **ours.trust()) == "UNAVAILABLE"


async def test_a_server_with_a_ca_answers_its_clients_and_nobody_else(
    tls: Any, ours: Any, foreign: Any
) -> None:
    trust = ours.trust()
    async with tls.serving(**ours.issue("server", HOST), **trust) as target:
        assert await tls.asked_by(target, **ours.issue("client", "gateway"), **trust) == "one"
        assert await tls.asked_by(target, **trust) == "UNAVAILABLE"
        assert await tls.asked_by(target, **foreign.issue("client", "gateway"), **trust) == (
            "UNAVAILABLE"
        )
        assert await tls.asked_by(target) == "UNAVAILABLE"


async def _nothing() -> None:
    return None


async def test_health_is_told_over_mutual_tls_to_who_has_the_settings_of_the_server(
    service: Any, tls: Any, ours: Any
) -> None:
    port = free_ports(1)[0]
    files = {**ours.issue("server", HOST), **ours.trust()}
    server = build_server(service.name)
    task = asyncio.create_task(
        serve(
            server,
            address=f"{HOST}:{port}",
            health=HealthReporter(service.name, {}),
            reflected_services=[],
            grace_seconds=1,
            on_stop=_nothing,
            credentials=server_credentials(GrpcServerSettings(**files)),
        )
    )
    target = f"dns:///{HOST}:{port}"
    try:
        async with asyncio.timeout(20), tls.channel_to(target, **files) as channel:
            while not await is_serving(channel, 5):  # noqa: ASYNC110 - asking is the condition
                await asyncio.sleep(0.01)
        async with tls.channel_to(target) as channel:
            assert not await is_serving(channel, 5)
    finally:
        if not task.done():
            os.kill(os.getpid(), signal.SIGTERM)
        await task


@pytest.mark.parametrize("setting", ["grpc_tls_cert_file", "grpc_tls_key_file", "grpc_tls_ca_file"])
@pytest.mark.parametrize("trouble", ["missing", "folder", "empty", "garbage", "another's"])
@pytest.mark.parametrize("start", [server_credentials, client_files])
def test_a_file_that_cannot_be_used_ends_the_start_with_its_setting(
    ours: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    start: Any,
    setting: str,
    trouble: str,
) -> None:
    files = {**ours.issue("server", HOST), **ours.trust()}
    path = tmp_path / "broken"
    if trouble == "folder":
        path.mkdir()
    elif trouble == "another's":
        # For a certificate a key, and for a key that of another certificate.
        path.write_bytes(ours.ca.issue_cert(HOST).private_key_pem.bytes())
    elif trouble != "missing":
        path.write_text("" if trouble == "empty" else "hunter2")
    with pytest.raises(SystemExit) as caught:
        start(GrpcServerSettings(**{**files, setting: path}))
    assert caught.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{setting.upper()}: ")
    assert "hunter2" not in line
