"""Settings come from the environment, secrets also from files, and are checked at start."""

import sys
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def split_at_commas(text: object) -> object:
    """What stands between the commas of a variable, without the empty ones."""
    if isinstance(text, str):
        return tuple(each.strip() for each in text.split(",") if each.strip())
    return text


def _network(text: str) -> str:
    # Strictly: a network with host bits set is a slip that would trust nobody.
    return str(ip_network(text))


def _http_url(text: str | None) -> str | None:
    if text and (urlsplit(text).scheme not in {"http", "https"} or not urlsplit(text).hostname):
        raise ValueError("must be http://host:port or https://host:port")
    return text


Port = Annotated[int, Field(ge=1, le=65535)]
# Where container engines mount secrets; a file there named as a field is its value.
_SECRETS = Path("/run/secrets")

# A variable that is set to nothing names no file: Compose hands on unset ones so.
OptionalFile = Annotated[Path | None, BeforeValidator(lambda value: value or None)]

Networks = Annotated[
    tuple[Annotated[str, AfterValidator(_network)], ...],
    NoDecode,
    BeforeValidator(split_at_commas),
]


class ServiceSettings(BaseSettings):
    """What every service reads; a field's name in capitals is the variable's name.

    What no variable says a file of that name in /run/secrets does: `database_url`, say. There a
    secret is not seen by whoever may look at the container's configuration.
    """

    model_config = SettingsConfigDict(
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        secrets_dir=_SECRETS if _SECRETS.is_dir() else None,
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least severe level that is logged"
    )
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="auto: console on a terminal, JSON elsewhere"
    )
    listen_host: str = Field(
        "127.0.0.1", description="The address that servers and metrics listen on"
    )
    shutdown_grace_seconds: float = Field(
        20, gt=0, description="How long running requests may take to finish at shutdown"
    )


class TracedSettings(ServiceSettings):
    """Where the spans of a service go (`service_kit.tracing`); it makes none without that."""

    otel_exporter_otlp_endpoint: Annotated[
        str | None, BeforeValidator(lambda value: value or None), AfterValidator(_http_url)
    ] = Field(
        None,
        description="Where traces are collected, as http://host:4318 (OTLP over HTTP); unset, no"
        " traces are made",
    )
    # The SDK reads these two by itself; a wrong one would only be a line in its log. What is set to
    # nothing is not set: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.
    otel_traces_sampler: Annotated[
        Literal[
            "always_on",
            "always_off",
            "traceidratio",
            "parentbased_always_on",
            "parentbased_always_off",
            "parentbased_traceidratio",
        ],
        BeforeValidator(lambda value: "parentbased_always_on" if value == "" else value),
    ] = Field("parentbased_always_on", description="Which traces are made")
    otel_traces_sampler_arg: Annotated[
        float, BeforeValidator(lambda value: 1 if value == "" else value)
    ] = Field(1, ge=0, le=1, description="The share of traces that a sampler by ratio makes")


class GrpcTlsSettings(TracedSettings):
    """The files of TLS between the services (`service_kit.grpc_tls`); plain text without them."""

    grpc_tls_cert_file: OptionalFile = Field(
        None,
        description="The PEM file of the certificate, and its chain, that gRPC peers are shown",
    )
    grpc_tls_key_file: OptionalFile = Field(
        None, description="The PEM file of the key of that certificate, without password"
    )
    grpc_tls_ca_file: OptionalFile = Field(
        None, description="The PEM file of the CAs whose certificates gRPC peers have to show"
    )

    @model_validator(mode="after")
    def _certificate_has_its_key(self) -> Self:
        if (self.grpc_tls_cert_file is None) != (self.grpc_tls_key_file is None):
            raise ValueError("GRPC_TLS_CERT_FILE and GRPC_TLS_KEY_FILE need each other")
        return self


class GrpcServerSettings(GrpcTlsSettings):
    """TLS of a service that answers gRPC calls."""

    @model_validator(mode="after")
    def _checks_clients_with_a_certificate_of_its_own(self) -> Self:
        if self.grpc_tls_ca_file and not self.grpc_tls_cert_file:
            raise ValueError("GRPC_TLS_CA_FILE needs GRPC_TLS_CERT_FILE and GRPC_TLS_KEY_FILE")
        return self


class GrpcClientSettings(GrpcTlsSettings):
    """TLS of a service that makes gRPC calls."""

    @model_validator(mode="after")
    def _knows_whom_it_trusts(self) -> Self:
        if self.grpc_tls_cert_file and not self.grpc_tls_ca_file:
            raise ValueError("GRPC_TLS_CERT_FILE needs GRPC_TLS_CA_FILE")
        return self


SettingsT = TypeVar("SettingsT", bound=ServiceSettings)


def load_settings(
    settings_class: type[SettingsT], overrides: Mapping[str, object] | None = None
) -> SettingsT:
    """The settings from the environment, or exit code 2 with a line for each wrong one.

    `overrides` name fields and win over the environment. Values are never printed: some are secret.
    """
    try:
        return settings_class(**dict(overrides or {}))  # type: ignore[arg-type]
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            name = str(problem["loc"][0]) if problem["loc"] else ""
            field = settings_class.model_fields.get(name)
            meaning = f" ({field.description})" if field and field.description else ""
            sys.stderr.write(f"{name.upper() or 'settings'}: {problem['msg']}{meaning}\n")
        sys.exit(2)
