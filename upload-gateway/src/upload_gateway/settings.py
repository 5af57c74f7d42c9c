"""The settings of the upload gateway."""

from pydantic import Field, SecretStr

from service_kit.settings import Port, ServiceSettings


class GatewaySettings(ServiceSettings):
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
    upload_buffer_bytes: int = Field(
        256 * 1024 * 1024,
        ge=8 * 1024 * 1024,
        description="The most that uploads may hold in memory at once, in bytes",
    )
