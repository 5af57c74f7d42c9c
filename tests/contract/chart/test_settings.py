"""The variables of each container are the settings that its program reads, with values it takes."""

from typing import Any

import pytest

from admin_console.settings import ConsoleSettings, OperatorCommandSettings
from ingest_service.settings import IngestSettings
from photo_records.settings import LoginSettings, MigrationSettings
from photo_worker.settings import WorkerSettings
from service_kit.settings import ServiceSettings
from status_service.settings import StatusSettings
from upload_gateway.settings import GatewaySettings

# A new component is one more line.
SETTINGS: dict[str, type[ServiceSettings]] = {
    "gateway": GatewaySettings,
    "ingest": IngestSettings,
    "status": StatusSettings,
    "worker": WorkerSettings,
    "migrations": MigrationSettings,
    "logins": LoginSettings,
    "console": ConsoleSettings,
    "operator": OperatorCommandSettings,
}
# Commands listen on nothing and are never asked to stop; passwords come as files.
_COMMAND = {"LISTEN_HOST", "SHUTDOWN_GRACE_SECONDS"}
_NOT_SET = {
    "migrations": _COMMAND,
    "logins": _COMMAND,
    "operator": _COMMAND | {"ADMIN_PASSWORD"},
}
# Not in every set of values.
_OPTIONAL = {"console", "operator", "logins"}
# With a database of their own operators make the logins.
_BUNDLED_ONLY = {"logins"}
_CONSOLE = ("console.enabled=true", "console.operator.existingSecret=photo-operator")

# What the Secrets hold, by the last part of their name and the key.
_SECRETS = {
    "secret": "s" * 32,
    "url": "redis://:password@redis:6379/0",
    "migrations": "postgresql://migrations:password@postgres:5432/photo",
    "ingest": "postgresql://ingest:password@postgres:5432/photo",
    "status": "postgresql://status:password@postgres:5432/photo",
    "worker": "postgresql://worker:password@postgres:5432/photo",
    "console": "postgresql://console:password@postgres:5432/photo",
}


def variables(manifests: Any, component: str) -> dict[str, str]:
    (container,) = [found for name, found in manifests.containers() if name == component]
    names = [each["name"] for each in container["env"]]
    assert len(names) == len(set(names))
    return {each["name"]: _value(each) for each in container["env"]}


def _set_of(component: str, value_set: str) -> str:
    return "bundled" if component in _BUNDLED_ONLY else value_set


def _value(variable: dict[str, Any]) -> str:
    if "value" in variable:
        return str(variable["value"])
    return _SECRETS[variable["valueFrom"]["secretKeyRef"]["key"]]


@pytest.mark.parametrize("component", SETTINGS)
def test_with_everything_on_each_setting_is_set_and_nothing_else(
    render: Any, component: str
) -> None:
    read = {name.upper() for name in SETTINGS[component].model_fields}
    collector = "tracing.otlpEndpoint=http://collector.observers.svc:4318"
    told = set(variables(render(_set_of(component, "production"), collector), component))
    assert told == read - _NOT_SET.get(component, set())


@pytest.mark.parametrize("component", SETTINGS)
def test_each_program_takes_the_values(
    manifests: Any, component: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if component in _OPTIONAL and component not in {name for name, _ in manifests.containers()}:
        return
    told = variables(manifests, component)
    assert told.keys() <= {name.upper() for name in SETTINGS[component].model_fields}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    SETTINGS[component]()


@pytest.mark.parametrize("component", SETTINGS)
def test_what_is_not_chosen_is_as_the_program_has_it(
    render: Any, component: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {
        *("listen_host", "log_format", "shutdown_grace_seconds", "worker_metrics_folder"),
        *("ingest_target", "status_target", "storage_url"),
        *("admin_username", "admin_password_file"),
    }
    told = variables(render(_set_of(component, "defaults"), *_CONSOLE), component)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    settings = SETTINGS[component]()
    for name, field in SETTINGS[component].model_fields.items():
        if name.upper() in told and not field.is_required() and name not in chosen:
            assert getattr(settings, name) == field.default, name


def test_no_secret_is_a_plain_value(manifests: Any) -> None:
    secret = {"DATABASE_URL", "REDIS_URL", "SESSION_SECRET", "POSTGRES_PASSWORD", "REDISCLI_AUTH"}
    for _, container in manifests.containers():
        for each in container.get("env", []):
            assert ("valueFrom" in each) == (each["name"] in secret), each["name"]
