"""The settings of the admin console and of its commands."""

from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr

from service_kit.settings import (
    GrpcClientSettings,
    Networks,
    OptionalFile,
    Port,
    ServiceSettings,
)

# Variables that are set to nothing are not set: Compose hands on unset ones so.
_OptionalText = Annotated[str | None, BeforeValidator(lambda value: value or None)]
_OptionalSecret = Annotated[SecretStr | None, BeforeValidator(lambda value: value or None)]


class ConsoleSettings(GrpcClientSettings):
    """What the admin console reads."""

    admin_port: Port = Field(8010, description="The port of its pages")
    admin_metrics_port: Port = Field(9104, description="The port of its /metrics")
    database_url: SecretStr = Field(description="postgresql://user:password@host:port/name")
    redis_url: SecretStr = Field(
        description="redis://:password@host:port/0, where the workers are asked what they do"
    )
    ingest_target: str = Field(
        "dns:///127.0.0.1:50051", description="The ingest service, as dns:///host:port"
    )
    status_target: str = Field(
        "dns:///127.0.0.1:50052", description="The status service, as dns:///host:port"
    )
    trusted_proxies: Networks = Field(
        (), description="Networks whose X-Forwarded-For and X-Forwarded-Proto are believed"
    )


class OperatorCommandSettings(ServiceSettings):
    """What the commands about operators read."""

    database_url: SecretStr = Field(description="postgresql://user:password@host:port/name")
    admin_username: _OptionalText = Field(
        None, description="The name of the operator to create, where nobody is asked"
    )
    admin_password: _OptionalSecret = Field(
        None, description="The password of that operator, where nobody is asked"
    )
    admin_password_file: OptionalFile = Field(
        None, description="A file with that password; a line end after it is not part of it"
    )
