"""The whole gateway over gRPC services that only note who asked."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from photo_domain.errors import ErrorCode, RequestError
from service_kit.rpc_errors import status_of
from upload_gateway.api_key_file import Scope
from upload_gateway.app import build_app
from upload_gateway.issue_api_key import api_key_entry, new_api_key
from upload_gateway.settings import GatewaySettings

_UNKNOWN = status_of(RequestError(ErrorCode.UNKNOWN_TASK, "No such task."))


class Asked(grpc.GenericRpcHandler):
    """Answers every RPC that there is no such task, and keeps what it was asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, bytes]] = []

    def service(self, details: Any) -> Any:
        async def answer(request: bytes, context: Any) -> AsyncIterator[bytes]:
            self.calls.append((details.method, request))
            await context.abort_with_status(_UNKNOWN)
            yield b""

        async def answer_once(request: bytes, context: Any) -> bytes:
            self.calls.append((details.method, request))
            await context.abort_with_status(_UNKNOWN)
            return b""

        if details.method.endswith(("/WatchTasks", "/GetObject")):
            return grpc.unary_stream_rpc_method_handler(answer)
        return grpc.unary_unary_rpc_method_handler(answer_once)


class Gateway:
    """The app, its keys file, and the services behind it."""

    def __init__(self, api: Any, asked: Asked, keys_file: Path) -> None:
        self.api = api
        self.asked = asked
        self.keys_file = keys_file
        self._keys: list[str] = []

    def issue(self, owner: str, *scopes: Scope, more: str = "") -> str:
        """A new key that holds from now on."""
        key = new_api_key()
        self._keys.append(api_key_entry(key, owner, scopes or Scope) + more)
        self._write()
        return key

    def withdraw_all(self) -> None:
        """No key holds any more."""
        self._keys.clear()
        self._write()

    def client(self, key: str | None = None, address: str = "192.0.2.1") -> httpx.AsyncClient:
        """A client at `address`, with a key or without."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(
                self.api, raise_app_exceptions=False, client=(address, 4000)
            ),
            base_url="http://gateway",
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )

    @property
    def fastapi(self) -> Any:
        return self.api._app

    def _write(self) -> None:
        text = "".join(self._keys)
        self.keys_file.write_text(f"keys:\n{text}" if text else "keys: []\n")
        if hasattr(self.fastapi.state, "adapters"):
            self.fastapi.state.adapters.keys.refresh()


@pytest.fixture
async def open_gateway(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Starts a gateway with settings; each starts with no keys."""
    async with AsyncExitStack() as stack:

        async def start(**settings: Any) -> Gateway:
            asked = Asked()
            server = grpc.aio.server(handlers=[asked])
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            stack.push_async_callback(server.stop, None)
            keys_file = tmp_path / f"keys-{secrets.token_hex(4)}"
            keys_file.write_text("keys: []\n")
            target = f"dns:///127.0.0.1:{port}"
            chosen = {
                "storage_url": "memory://",
                "session_secret": "s" * 32,
                "ingest_target": target,
                "status_target": target,
                "api_keys_file": keys_file,
                **settings,
            }
            gateway = Gateway(build_app(GatewaySettings(**chosen)), asked, keys_file)
            await stack.enter_async_context(
                gateway.fastapi.router.lifespan_context(gateway.fastapi)
            )
            return gateway

        yield start
