"""Settings come from the environment and are checked at start."""

import sys
from collections.abc import Mapping
from typing import Annotated, Literal, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

Port = Annotated[int, Field(ge=1, le=65535)]


class ServiceSettings(BaseSettings):
    """What every service reads; a field's name in capitals is the variable's name."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

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
