"""The settings of the stack, and what it hands on of the environment it was started in."""

import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from service_kit.settings import GrpcClientSettings, Port

DOTENV = Path(".env")

# What a program needs to find itself and the network, whatever it does.
_INHERITED = (
    "PATH",
    "LD_LIBRARY_PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
)
# What OpenTelemetry's SDK reads by itself.
_OF_TRACES = "OTEL_"
_NO_PROXY = ("NO_PROXY", "no_proxy")


class StackSettings(GrpcClientSettings):
    """Where the stack keeps its data and on which ports of 127.0.0.1 its processes listen."""

    model_config = SettingsConfigDict(env_file=DOTENV, env_file_encoding="utf-8")

    gateway_port: Port = Field(8000, description="HTTP port of upload-gateway")
    gateway_metrics_port: Port = Field(9100, description="Metrics port of upload-gateway")
    ingest_port: Port = Field(50051, description="gRPC port of ingest-service")
    ingest_metrics_port: Port = Field(9101, description="Metrics port of ingest-service")
    status_port: Port = Field(50052, description="gRPC port of status-service")
    status_metrics_port: Port = Field(9102, description="Metrics port of status-service")
    worker_metrics_port: Port = Field(9103, description="Metrics port of the worker")
    admin_port: Port = Field(8010, description="HTTP port of admin-console")
    admin_metrics_port: Port = Field(9104, description="Metrics port of admin-console")
    postgres_port: Port = Field(5440, description="Port of the embedded Postgres")
    redis_port: Port = Field(6390, description="Port of the embedded Redis")
    local_dir: Path = Field(Path(".local"), description="The folder of data, logs and secrets")
    worker_concurrency: int = Field(2, ge=1, description="How many photos are processed at once")


def inherited_variables() -> dict[str, str]:
    """The variables of this process that every child gets; no proxy is asked for this machine."""
    variables = {
        name: value
        for name, value in os.environ.items()
        if name in _INHERITED or name.startswith(_OF_TRACES)
    }
    direct = next((os.environ[name] for name in _NO_PROXY if os.environ.get(name)), "")
    return variables | dict.fromkeys(_NO_PROXY, f"{direct},127.0.0.1,localhost".lstrip(","))


def chosen_variables() -> dict[str, str]:
    """What the person who starts the stack set, `.env` first and the environment over it.

    Names are in upper case.
    """
    return {name.upper(): value for name, value in _both().items() if value is not None}


def whole_environment() -> dict[str, str]:
    """A copy of this process's environment, for another run of this same program."""
    return dict(os.environ)


def _both() -> Mapping[str, str | None]:
    return {**dotenv_values(DOTENV, encoding="utf-8"), **os.environ}
