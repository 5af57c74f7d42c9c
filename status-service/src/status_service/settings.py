"""The settings of the status service."""

from pydantic import Field, SecretStr

from service_kit.settings import Port, ServiceSettings


class StatusSettings(ServiceSettings):
    """What the status service reads."""

    status_port: Port = Field(50052, description="The port of its RPCs")
    status_metrics_port: Port = Field(9102, description="The port of its /metrics")
    database_url: SecretStr = Field(description="postgresql://user:password@host:port/name")
    storage_url: str = Field(
        description="file:///folder, s3://bucket/prefix, gs://…, az://… or memory://"
    )
    grpc_reflection: bool = Field(
        False,  # noqa: FBT003 - a default, not an argument
        description="Whether clients such as grpcurl may ask for the contract",
    )
