"""Compose sets what each program reads, and takes from .env what .env.example promises."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from admin_console.settings import ConsoleSettings, OperatorCommandSettings
from ingest_service.settings import IngestSettings
from photo_records.settings import LoginSettings
from photo_worker.settings import WorkerSettings
from service_kit.settings import GrpcTlsSettings, ServiceSettings, TracedSettings
from status_service.settings import StatusSettings
from upload_gateway.settings import GatewaySettings

ROOT = Path(__file__).parents[3]
SETTINGS: dict[str, type[ServiceSettings]] = {
    "upload-gateway": GatewaySettings,
    "ingest-service": IngestSettings,
    "status-service": StatusSettings,
    "worker": WorkerSettings,
    "admin-console": ConsoleSettings,
    "operator": OperatorCommandSettings,
    "migrations": LoginSettings,
}
# Commands listen on nothing and are never asked to stop.
_COMMAND = {"LISTEN_HOST", "SHUTDOWN_GRACE_SECONDS"}
# Between containers of one machine nobody listens.
_TLS = {name.upper() for name in GrpcTlsSettings.model_fields.keys() - TracedSettings.model_fields}
_NOT_SET = {
    "migrations": _COMMAND,
    # It is among the secrets itself.
    "operator": _COMMAND | {"ADMIN_PASSWORD_FILE"},
}
# Where containers find each other and what they mount.
_CHOSEN = {
    *("listen_host", "storage_url", "ingest_target", "status_target", "worker_metrics_folder"),
    *("admin_username", "login_passwords_folder"),
}
# Of Compose, not of any program; `make images` sets the last one.
_OF_COMPOSE = {
    *("IMAGE_PREFIX", "IMAGE_TAG", "IMAGE_PULL_POLICY", "WORKER_REPLICAS"),
    *("PROMETHEUS_PORT", "GRAFANA_PORT", "REVISION"),
}
# What docker-compose.yml says better than a copy of it would.
_COPIED_NOWHERE = {"IMAGE_PREFIX", "IMAGE_TAG", "REVISION"}
_SECTION = "# --- Compose ---"


def variables_of(text: str) -> dict[str, str]:
    """The variables of .env.example, those that are commented out too."""
    return dict(re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", text, re.MULTILINE))


def read_settings(
    service: str,
    environment: dict[str, str],
    secrets: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> ServiceSettings:
    for name in SETTINGS[service].model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(SETTINGS[service].model_config, "secrets_dir", secrets)
    return SETTINGS[service]()


@pytest.mark.parametrize("service", SETTINGS)
def test_each_setting_is_set_or_a_secret_and_nothing_else_is(
    compose_file: Any, secret_files: dict[str, Path], service: str
) -> None:
    read = {name.upper() for name in SETTINGS[service].model_fields}
    told = set(compose_file.environment(service))
    secret = {file.name.upper() for file in secret_files[service].iterdir() if file.is_file()}
    assert not told & secret
    assert told | secret == read - _TLS - _NOT_SET.get(service, set())


@pytest.mark.parametrize("service", SETTINGS)
def test_what_is_not_chosen_is_as_the_program_has_it(
    compose_file: Any,
    secret_files: dict[str, Path],
    service: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = compose_file.environment(service)
    settings = read_settings(service, told, secret_files[service], monkeypatch)
    for name, field in SETTINGS[service].model_fields.items():
        if name.upper() in told and name not in _CHOSEN and not field.is_required():
            expected = field.get_default(call_default_factory=True)
            if field.validate_default:
                continue  # it follows from others
            assert getattr(settings, name) == expected, name


def test_every_variable_is_a_documented_setting_with_the_documented_default(
    compose_file: Any,
) -> None:
    documented = variables_of((ROOT / ".env.example").read_text("utf-8"))
    for name, default in compose_file.variables().items():
        if name not in _COPIED_NOWHERE:
            # The file of keys is mounted, and nothing where there is none.
            known = {"API_KEYS_FILE": "/dev/null", "ADMIN_USERNAME": "admin"}
            assert default in {documented[name], known.get(name, documented[name]), ""}, name


def test_what_only_compose_reads_has_a_part_of_its_own(compose_file: Any) -> None:
    _, _, part = (ROOT / ".env.example").read_text("utf-8").partition(_SECTION)
    # Compose itself reads which files there are.
    assert variables_of(part).keys() == _OF_COMPOSE - {"REVISION"} | {"COMPOSE_FILE"}
    assert compose_file.variables().keys() >= _OF_COMPOSE


def test_every_service_is_told_of_the_collector_of_traces(
    compose_file: Any, secret_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": "0.05",
    }
    traced = {name for name, settings in SETTINGS.items() if issubclass(settings, TracedSettings)}
    assert traced == SETTINGS.keys() - {"operator", "migrations"}
    for service in traced:
        told = compose_file.environment(service, chosen)
        found: Any = read_settings(service, told, secret_files[service], monkeypatch)
        assert found.otel_exporter_otlp_endpoint == "http://collector:4318"
        assert found.otel_traces_sampler == "parentbased_traceidratio"
        assert found.otel_traces_sampler_arg == 0.05


def test_what_is_chosen_reaches_the_services(
    compose_file: Any, secret_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {"AUTH": "required", "API_KEYS_FILE": "./keys.yaml", "WORKER_CONCURRENCY": "7"}
    gateway: Any = read_settings(
        "upload-gateway",
        compose_file.environment("upload-gateway", chosen),
        secret_files["upload-gateway"],
        monkeypatch,
    )
    worker: Any = read_settings(
        "worker", compose_file.environment("worker", chosen), secret_files["worker"], monkeypatch
    )
    assert (gateway.auth, gateway.api_keys_file) == ("required", Path("/etc/api-keys.yaml"))
    mounted = compose_file.services(chosen)["upload-gateway"]["volumes"]
    assert {"type": "bind", "source": "./keys.yaml", "target": "/etc/api-keys.yaml"}.items() <= (
        next(each for each in mounted if isinstance(each, dict)).items()
    )
    assert worker.worker_concurrency == 7


def test_the_images_have_the_version_of_the_project(compose_file: Any) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert compose_file.variables()["IMAGE_TAG"] == version


def test_the_worker_has_the_memory_that_its_photos_may_take(compose_file: Any) -> None:
    """As docs/operations.md, "Memory of the worker", has it, and what its tmpfs may hold."""
    worker = compose_file.services()["worker"]
    fields = WorkerSettings.model_fields
    process = fields["worker_process_memory_bytes"].default // 2**20 + 110
    needed = fields["worker_concurrency"].default * process + 100
    tmpfs = sum(int(size) for size in re.findall(r"size=(\d+)m", str(worker["tmpfs"])))
    assert worker["deploy"]["resources"]["limits"]["memory"] == f"{needed + tmpfs}m"
