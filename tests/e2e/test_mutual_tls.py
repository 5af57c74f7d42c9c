"""A stack whose services speak TLS with each other and know each other by certificate."""

from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from grpc_health.v1 import health_pb2, health_pb2_grpc

from local_stack.running_stack import temporary_stack

HOST = "127.0.0.1"


def health_of(channel: grpc.Channel) -> int:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    with channel:
        return int(stub.Check(health_pb2.HealthCheckRequest(), timeout=20).status)


def test_photos_are_processed_over_mutual_tls_and_who_has_no_certificate_is_not_answered(
    tmp_path: Path, make_api: Any, jpeg: bytes
) -> None:
    ca = trustme.CA()
    shown = ca.issue_cert(HOST)
    files = {
        "GRPC_TLS_CERT_FILE": b"".join(pem.bytes() for pem in shown.cert_chain_pems),
        "GRPC_TLS_KEY_FILE": shown.private_key_pem.bytes(),
        "GRPC_TLS_CA_FILE": ca.cert_pem.bytes(),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    known = grpc.ssl_channel_credentials(
        files["GRPC_TLS_CA_FILE"], files["GRPC_TLS_KEY_FILE"], files["GRPC_TLS_CERT_FILE"]
    )
    unknown = grpc.ssl_channel_credentials(files["GRPC_TLS_CA_FILE"])

    with temporary_stack({name: str(tmp_path / name) for name in files}) as stack:
        api = make_api(stack.base_url)
        uploaded = api.upload([("a.jpg", jpeg)])
        assert uploaded.status_code == 202
        assert [task["status"] for task in api.wait(uploaded.json()["task_ids"])] == ["SUCCESS"]

        for service in ("ingest-service", "status-service"):
            address = f"{HOST}:{stack.processes()[service]['port']}"
            serving = health_of(grpc.secure_channel(address, known))
            assert serving == health_pb2.HealthCheckResponse.SERVING
            for refused in (
                grpc.secure_channel(address, unknown),
                grpc.insecure_channel(address),
            ):
                with pytest.raises(grpc.RpcError) as caught:
                    health_of(refused)
                assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
