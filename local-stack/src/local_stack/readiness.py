"""Whether a process does its work yet. Each probe asks once and waits 2 s at most."""

import http.client
from collections.abc import Callable
from typing import Any

import grpc
import psycopg2
import redis
from grpc_health.v1 import health_pb2, health_pb2_grpc

from local_stack.ports import HOST

Probe = Callable[[], bool]

_TIMEOUT_SECONDS = 2


def postgres_accepts(database_url: str) -> Probe:
    """Whether a client can log in and run a statement."""

    def probe() -> bool:
        try:
            connection = psycopg2.connect(database_url, connect_timeout=_TIMEOUT_SECONDS)
        except psycopg2.OperationalError:
            return False
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except psycopg2.Error:
            return False
        else:
            return True
        finally:
            connection.close()

    return probe


def redis_answers(redis_url: str) -> Probe:
    """Whether a client can log in and PING; not while the server still loads its data."""

    def probe() -> bool:
        with redis.Redis.from_url(
            redis_url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
        ) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

    return probe


def http_answers(port: int, path: str) -> Probe:
    """Whether GET of `path` is answered 200."""

    def probe() -> bool:
        connection = http.client.HTTPConnection(HOST, port, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return probe


def grpc_serves(port: int, credentials: grpc.ChannelCredentials | None = None) -> Probe:
    """Whether the server as a whole says SERVING (grpc.health.v1), over TLS with `credentials`."""
    # A channel of its own each time, sharing nothing: a refused connection is not waited out.
    options = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0))

    def open_channel() -> grpc.Channel:
        if credentials is None:
            return grpc.insecure_channel(f"{HOST}:{port}", options=options)
        return grpc.secure_channel(f"{HOST}:{port}", credentials, options=options)

    def probe() -> bool:
        with open_channel() as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)  # its stubs leave the methods out
            try:
                answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=_TIMEOUT_SECONDS)
            except grpc.RpcError:
                return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    return probe
