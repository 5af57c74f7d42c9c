"""`python -m service_kit.health_probe PORT [SERVICE]`: whether the server on this machine serves.

For whoever cannot ask by gRPC: container engines, and the kubelet of a server that speaks TLS.
"""

import argparse
import sys
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from service_kit.grpc_tls import channel_credentials
from service_kit.pem_files import PemFiles
from service_kit.settings import GrpcTlsSettings, load_settings

_TIMEOUT_SECONDS = 3.0
_OPTIONS = (("grpc.enable_http_proxy", 0),)


def serves(port: int, service: str, settings: GrpcTlsSettings) -> bool:
    """Whether the health of `service` is SERVING at that port of 127.0.0.1; empty: of the server.

    With the TLS files of the server itself, as whose client it counts. Ends within 3 s; exits with
    code 2 where a file cannot be used.
    """
    with _channel(f"127.0.0.1:{port}", settings) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)  # its stubs leave the methods out
        request = health_pb2.HealthCheckRequest(service=service)
        try:
            answer = stub.Check(request, timeout=_TIMEOUT_SECONDS)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def _channel(address: str, settings: GrpcTlsSettings) -> grpc.Channel:
    if settings.grpc_tls_cert_file is None:
        return grpc.insecure_channel(address, options=_OPTIONS)
    pems = PemFiles(settings).current()
    return grpc.secure_channel(address, channel_credentials(pems), options=_OPTIONS)


def main() -> int:
    """The exit code: 0 where it serves, else 1."""
    parser = argparse.ArgumentParser(prog="service_kit.health_probe")
    parser.add_argument("port", type=int)
    parser.add_argument("service", nargs="?", default="", help="empty: the server as a whole")
    arguments = parser.parse_args()
    settings = load_settings(GrpcTlsSettings)
    return 0 if serves(arguments.port, arguments.service, settings) else 1


if __name__ == "__main__":
    sys.exit(main())
