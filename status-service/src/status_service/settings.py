"""The settings of the status service."""

from pydantic import Field, SecretStr

from service_kit.settings import GrpcServerSettings, Port
from status_service.viewer_rule import Access


class StatusSettings(GrpcServerSettings):
    """What the status service reads."""

    status_port: Port = Field(50052, description="The port of its RPCs")
    status_metrics_port: Port = Field(9102, description="The port of its /metrics")
    database_url: SecretStr = Field(description="postgresql://user:password@host:port/name")
    redis_url: SecretStr = Field(
        description="redis://:password@host:port/0, where changes of tasks are told"
    )
    storage_url: str = Field(
        description="file:///folder, s3://bucket/prefix, gs://…, az://… or memory://"
    )
    auth: Access = Field(
        Access.OPEN,
        description="open: whoever knows the id of a task or batch may read it;"
        " required: only its owner",
    )
    grpc_reflection: bool = Field(
        False,  # noqa: FBT003 - a default, not an argument
        description="Whether clients such as grpcurl may ask for the contract",
    )
