"""Requests and answers that are malformed, too large or without an end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from photo.status.v1 import status_service_pb2 as pb
from photo_domain.errors import ErrorCode, FieldViolation, RequestError
from service_kit import rpc_edge
from service_kit.rpc_errors import request_error_of


async def test_bytes_that_are_no_message_are_refused_without_the_text_of_any_error(
    service: Any, channel: grpc.aio.Channel
) -> None:
    call = channel.unary_unary(f"/{service.name}/GetTask")
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call(b"\xff\xff\xff", timeout=10)
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    refusal = request_error_of(error.value)
    assert refusal is not None
    assert refusal.detail == "The request is no message of the contract."


async def test_very_many_violations_reach_the_caller_as_the_first_twenty(
    service: Any, stub: Any
) -> None:
    many = [FieldViolation(f"files[{number}]", "x" * 1000) for number in range(500)]

    async def refuse(_request: Any, _context: Any) -> None:
        raise RequestError(ErrorCode.INVALID_ARGUMENT, "Many are wrong.", many)

    service.behaviour = refuse
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await stub.GetTask(pb.GetTaskRequest(), timeout=10)
    refusal = request_error_of(error.value)
    assert refusal is not None
    assert refusal.code is ErrorCode.INVALID_ARGUMENT
    assert [violation.field for violation in refusal.violations] == [
        f"files[{number}]" for number in range(20)
    ]


async def test_a_stream_without_a_deadline_gets_one(
    service: Any, stub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rpc_edge, "MAX_STREAM_SECONDS", 0.05)

    async def never_ends(_request: Any, _context: Any) -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.Event().wait()

    service.behaviour = never_ends
    call = stub.GetObject(pb.GetObjectRequest())
    assert (await call.read()).chunk == b"first"
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await asyncio.wait_for(call.read(), 20)
    assert error.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
