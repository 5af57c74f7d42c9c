"""Certificates that are renewed on disk while servers and clients run."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from structlog.testing import capture_logs

from photo.status.v1 import status_service_pb2 as pb
from photo.status.v1 import status_service_pb2_grpc as pb_grpc
from service_kit import renewed_channel
from service_kit.grpc_tls import channel_credentials, client_files
from service_kit.pem_files import Pems
from service_kit.renewed_channel import RenewedChannel
from service_kit.settings import GrpcClientSettings

HOST = "127.0.0.1"


async def test_renewed_files_hold_for_new_connections_and_old_ones_go_on(
    tls: Any, ours: Any, foreign: Any
) -> None:
    server, trust = ours.issue("server", HOST), ours.trust()
    client = ours.issue("client", "gateway")
    new_trust, new_client = foreign.trust(), foreign.issue("client", "gateway")
    async with (
        tls.serving(**server, **trust) as target,
        tls.channel_to(target, **client, **trust) as old,
    ):
        assert await tls.ask(old) == "one"
        assert await tls.asked_by(target, **new_client, **new_trust) == "UNAVAILABLE"

        # A new CA as well: the same places, other contents.
        places = server | trust
        for setting, path in (foreign.issue("server", HOST) | new_trust).items():
            places[setting].write_bytes(path.read_bytes())
        assert await tls.asked_by(target, **new_client, **new_trust) == "one"
        assert await tls.ask(old) == "one"


async def test_a_half_renewed_pair_leaves_the_server_with_what_it_has(tls: Any, ours: Any) -> None:
    trust = ours.trust()
    server, renewed = ours.issue("server", HOST), ours.issue("renewed", HOST)
    async with tls.serving(**server) as target:
        renewed["grpc_tls_cert_file"].replace(server["grpc_tls_cert_file"])
        with capture_logs() as log:
            assert await tls.asked_by(target, **trust) == "one"
            assert await tls.asked_by(target, **trust) == "one"
            renewed["grpc_tls_key_file"].replace(server["grpc_tls_key_file"])
            assert await tls.asked_by(target, **trust) == "one"
    told = [(line["event"], line.get("setting")) for line in log]
    assert told == [
        ("certificate_not_renewed", "GRPC_TLS_KEY_FILE"),
        ("certificate_renewed", None),
    ]


@pytest.fixture
def looked_at_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewed_channel, "_LOOK_SECONDS", 0.0)


@pytest.mark.usefixtures("looked_at_each_call")
async def test_a_channel_shows_a_renewed_certificate_while_its_running_calls_go_on(
    service: Any, tls: Any, ours: Any
) -> None:
    trust = ours.trust()
    seen: list[str] = []
    go_on = asyncio.Event()

    async def tell(_request: Any, context: Any) -> None:
        seen.extend(each.decode() for each in context.peer_identities())

    async def two_parts(_request: Any, context: Any) -> AsyncIterator[bytes]:
        await tell(_request, context)
        yield b"first"
        await go_on.wait()
        yield b"second"

    server = {**ours.issue("server", HOST), **trust}
    client = {**ours.issue("client", "before"), **trust}
    async with (
        asyncio.timeout(30),
        tls.serving(**server) as target,
        tls.channel_to(target, **client) as channel,
    ):
        stub = pb_grpc.StatusServiceStub(channel)
        service.behaviour = two_parts
        stream = stub.GetObject(pb.GetObjectRequest())
        assert (await stream.read()).chunk == b"first"

        service.behaviour = tell
        await stub.GetTask(pb.GetTaskRequest())
        ours.issue("client", "after")
        await stub.GetTask(pb.GetTaskRequest())
        assert seen == ["before", "before", "after"]

        go_on.set()
        assert (await stream.read()).chunk == b"second"
        assert await stream.read() is grpc.aio.EOF


@pytest.mark.usefixtures("looked_at_each_call")
async def test_a_channel_goes_on_with_what_it_has_where_the_renewed_cannot_be_used(
    tls: Any, ours: Any
) -> None:
    client = {**ours.issue("client", "gateway"), **ours.trust()}
    server = ours.issue("server", HOST)
    async with tls.serving(**server) as target, tls.channel_to(target, **client) as channel:
        assert await tls.ask(channel) == "one"
        client["grpc_tls_key_file"].unlink()
        assert await tls.ask(channel) == "one"
        client["grpc_tls_ca_file"].write_bytes(b"half of a certifi")
        assert await tls.ask(channel) == "one"


@pytest.mark.usefixtures("looked_at_each_call")
async def test_a_channel_that_is_closed_ends_the_calls_of_its_earlier_certificates(
    service: Any, tls: Any, ours: Any
) -> None:
    async def endless(_request: Any, _context: Any) -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.Event().wait()

    client = {**ours.issue("client", "before"), **ours.trust()}
    async with asyncio.timeout(30), tls.serving(**ours.issue("server", HOST)) as target:
        channel = tls.channel_to(target, **client)
        service.behaviour = endless
        stub = pb_grpc.StatusServiceStub(channel)
        old = stub.GetObject(pb.GetObjectRequest())
        assert (await old.read()).chunk == b"first"
        ours.issue("client", "after")
        new = stub.GetObject(pb.GetObjectRequest())
        assert (await new.read()).chunk == b"first"
        await channel.close()
        assert old.cancelled()
        assert new.cancelled()


@pytest.mark.usefixtures("looked_at_each_call")
async def test_an_earlier_channel_is_closed_once_none_of_its_calls_runs(
    service: Any, tls: Any, ours: Any
) -> None:
    go_on = asyncio.Event()

    async def two_parts(_request: Any, _context: Any) -> AsyncIterator[bytes]:
        yield b"first"
        await go_on.wait()
        yield b"second"

    opened: list[grpc.aio.Channel] = []

    def closed() -> list[bool]:
        return [each.get_state() is grpc.ChannelConnectivity.SHUTDOWN for each in opened]

    async def until_closed(*expected: bool) -> None:
        while closed() != list(expected):  # noqa: ASYNC110 - a channel that closes tells nobody
            await asyncio.sleep(0.01)

    client = {**ours.issue("client", "first"), **ours.trust()}
    files = client_files(GrpcClientSettings(**client))
    assert files is not None
    async with asyncio.timeout(30), tls.serving(**ours.issue("server", HOST)) as target:

        def open_with(pems: Pems) -> grpc.aio.Channel:
            opened.append(grpc.aio.secure_channel(target, channel_credentials(pems)))
            return opened[-1]

        async with RenewedChannel(files, open_with) as channel:
            assert await tls.ask(channel) == "one"
            ours.issue("client", "second")
            service.behaviour = two_parts
            stream = pb_grpc.StatusServiceStub(channel).GetObject(pb.GetObjectRequest())
            assert (await stream.read()).chunk == b"first"
            await until_closed(True, False)

            ours.issue("client", "third")
            late = pb_grpc.StatusServiceStub(channel).GetObject(pb.GetObjectRequest())
            assert (await late.read()).chunk == b"first"
            assert closed() == [True, False, False]
            go_on.set()
            assert (await stream.read()).chunk == b"second"
            assert await stream.read() is grpc.aio.EOF
            await until_closed(True, True, False)
            assert (await late.read()).chunk == b"second"


@pytest.mark.usefixtures("looked_at_each_call")
async def test_a_call_that_outlasts_the_drain_of_its_channel_is_ended(
    service: Any, tls: Any, ours: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewed_channel, "_DRAIN_SECONDS", 0.0)

    async def endless(_request: Any, _context: Any) -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.Event().wait()

    service.behaviour = endless
    client = {**ours.issue("client", "before"), **ours.trust()}
    async with (
        asyncio.timeout(30),
        tls.serving(**ours.issue("server", HOST)) as target,
        tls.channel_to(target, **client) as channel,
    ):
        stub = pb_grpc.StatusServiceStub(channel)
        old = stub.GetObject(pb.GetObjectRequest())
        assert (await old.read()).chunk == b"first"
        ours.issue("client", "after")
        new = stub.GetObject(pb.GetObjectRequest())
        assert await old.code() is grpc.StatusCode.CANCELLED
        assert (await new.read()).chunk == b"first"
