"""The settings of the upload gateway."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode

from service_kit.settings import (
    GrpcClientSettings,
    Networks,
    OptionalFile,
    Port,
    split_at_commas,
)


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or text != f"{parts.scheme}://{parts.netloc}":
        raise ValueError("an origin is http(s)://host or http(s)://host:port, and * is none")
    return text


def _origin_if_any(text: str | None) -> str | None:
    return _origin(text) if text else None


Origins = Annotated[
    tuple[Annotated[str, AfterValidator(_origin)], ...], NoDecode, BeforeValidator(split_at_commas)
]


class GatewaySettings(GrpcClientSettings):
    """What the upload gateway reads."""

    gateway_port: Port = Field(8000, description="The port of the HTTP API")
    gateway_metrics_port: Port = Field(9100, description="The port of its /metrics")
    ingest_target: str = Field(
        "dns:///127.0.0.1:50051", description="The ingest service, as dns:///host:port"
    )
    status_target: str = Field(
        "dns:///127.0.0.1:50052", description="The status service, as dns:///host:port"
    )
    storage_url: str = Field(
        description="file:///folder, s3://bucket/prefix, gs://…, az://… or memory://"
    )
    session_secret: SecretStr = Field(
        min_length=32,
        description="At least 32 random characters that sign sessions, the same in every replica",
    )
    auth: Literal["open", "required"] = Field(
        "open",
        description="open: visitors need no key, and whoever knows a task id may read the task;"
        " required: every call needs an API key or a session traded for one",
    )
    api_keys_file: OptionalFile = Field(
        None, description="The YAML file of API keys, read again when it changes"
    )
    trusted_proxies: Networks = Field(
        (), description="Networks whose X-Forwarded-For and X-Forwarded-Proto are believed"
    )
    cors_origins: Origins = Field(
        (), description="Origins whose pages may use the API, as https://host"
    )
    admin_url: Annotated[
        str | None, BeforeValidator(lambda value: value or None), AfterValidator(_origin_if_any)
    ] = Field(
        None,
        description="The admin console, as https://host, to which /admin leads; unset, nowhere",
    )
    requests_per_minute: int = Field(
        6_000, ge=0, description="Requests of one key owner or address; 0: no limit"
    )
    upload_bytes_per_hour: int = Field(
        100 * 2**30, ge=0, description="Bytes sent by one key owner or address; 0: no limit"
    )
    upload_buffer_bytes: int = Field(
        256 * 1024 * 1024,
        ge=8 * 1024 * 1024,
        description="The most that uploads may hold in memory at once, in bytes",
    )

    @model_validator(mode="after")
    def _keys_can_be_known(self) -> Self:
        if self.auth == "required" and self.api_keys_file is None:
            raise ValueError("AUTH=required needs API_KEYS_FILE")
        return self
