"""`.env.example` is the list of settings that people read: it must be whole and true."""

import re
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from admin_console.settings import ConsoleSettings, OperatorCommandSettings
from ingest_service.settings import IngestSettings
from local_stack.settings import StackSettings
from photo_records.settings import LoginSettings, MigrationSettings
from photo_worker.settings import WorkerSettings
from service_kit.settings import ServiceSettings
from status_service.settings import StatusSettings
from upload_gateway.settings import GatewaySettings

SETTINGS = [
    ConsoleSettings,
    GatewaySettings,
    IngestSettings,
    LoginSettings,
    MigrationSettings,
    OperatorCommandSettings,
    StackSettings,
    StatusSettings,
    WorkerSettings,
]
ENV_EXAMPLE = Path(__file__).parents[2] / ".env.example"


def documented() -> dict[str, str | None]:
    """The variables with their defaults; None for one that is commented out.

    Those that Compose alone reads come after them; tests/contract/compose knows them.
    """
    lines = ENV_EXAMPLE.read_text("utf-8").partition("# --- Compose ---")[0].splitlines()
    found = [re.fullmatch(r"(# )?([A-Z_]+)=(.*)", line) for line in lines]
    return {match[2]: None if match[1] else match[3] for match in found if match}


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda each: each.__name__)
def test_every_setting_is_documented_with_its_default(settings: type[ServiceSettings]) -> None:
    known = documented()
    for name, field in settings.model_fields.items():
        variable = name.upper()
        assert variable in known
        if field.default is None or field.default is PydanticUndefined:
            assert known[variable] is None, variable
        else:
            told = settings.__pydantic_validator__.validate_assignment(
                settings.model_construct(), name, known[variable]
            )
            assert getattr(told, name) == field.default, variable


def test_nothing_is_documented_that_no_service_reads() -> None:
    read = {name.upper() for settings in SETTINGS for name in settings.model_fields}
    assert set(documented()) == read


def test_every_setting_says_what_it_is() -> None:
    for settings in SETTINGS:
        for name, field in settings.model_fields.items():
            assert field.description, f"{settings.__name__}.{name}"
