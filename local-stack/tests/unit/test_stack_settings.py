from pathlib import Path

import pytest

from local_stack.ports import HOST
from local_stack.service_environment import declared_variables
from local_stack.service_programs import Backends, ServicePrograms, port_claims
from local_stack.settings import StackSettings, chosen_variables, inherited_variables
from photo_records.service_roles import ServiceRole
from service_kit.settings import load_settings
from upload_gateway.settings import GatewaySettings


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in StackSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return tmp_path


@pytest.fixture
def backends(tmp_path: Path) -> Backends:
    return Backends(
        "postgresql://photo:db-password@127.0.0.1:1/photo",
        {role: f"postgresql://{role}:{role}-password@127.0.0.1:1/photo" for role in ServiceRole},
        tmp_path / "logins",
        "redis://:redis-password@127.0.0.1:2/0",
        "session-secret-session-secret-session",
        tmp_path / "objects",
        tmp_path / "worker-metrics",
        tmp_path / "api-keys.yaml",
    )


def all_programs(backends: Backends) -> dict[str, dict[str, str]]:
    services = ServicePrograms(load_settings(StackSettings), backends, on_terminal=False)
    programs = [
        services.migrations(),
        services.logins(),
        *(spec.program for spec in services.behind_the_gateway()),
        services.gateway().program,
        services.console().program,
    ]
    for program in programs:
        assert "password" not in " ".join(program.command)
        assert "password" not in repr(program)
    return {program.name: dict(program.environment) for program in programs}


def test_the_defaults_are_the_documented_ports() -> None:
    settings = load_settings(StackSettings)

    assert {claim.setting: claim.port for claim in port_claims(settings)} == {
        "GATEWAY_PORT": 8000,
        "GATEWAY_METRICS_PORT": 9100,
        "INGEST_PORT": 50051,
        "INGEST_METRICS_PORT": 9101,
        "STATUS_PORT": 50052,
        "STATUS_METRICS_PORT": 9102,
        "WORKER_METRICS_PORT": 9103,
        "ADMIN_PORT": 8010,
        "ADMIN_METRICS_PORT": 9104,
        "POSTGRES_PORT": 5440,
        "REDIS_PORT": 6390,
    }
    assert settings.local_dir == Path(".local")


def test_the_dotenv_file_is_read_and_the_environment_wins(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_folder / ".env").write_text("GATEWAY_PORT=8100\nREDIS_PORT=6400\nMAX_PIXELS=5\n")
    monkeypatch.setenv("REDIS_PORT", "6500")
    settings = load_settings(StackSettings)

    assert (settings.gateway_port, settings.redis_port) == (8100, 6500)
    assert chosen_variables()["MAX_PIXELS"] == "5"
    assert chosen_variables()["REDIS_PORT"] == "6500"


def test_a_wrong_setting_ends_the_start_with_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATEWAY_PORT", "eighty")
    with pytest.raises(SystemExit) as caught:
        load_settings(StackSettings)

    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("GATEWAY_PORT: ")


def test_each_service_sees_the_secrets_it_needs_and_no_others(backends: Backends) -> None:
    programs = all_programs(backends)
    secrets = {"DATABASE_URL", "REDIS_URL", "SESSION_SECRET"}

    assert {name: secrets & set(seen) for name, seen in programs.items()} == {
        "migrations": {"DATABASE_URL"},
        "logins": {"DATABASE_URL"},
        "ingest-service": {"DATABASE_URL", "REDIS_URL"},
        "status-service": {"DATABASE_URL", "REDIS_URL"},
        "worker": {"DATABASE_URL", "REDIS_URL"},
        "upload-gateway": {"SESSION_SECRET"},
        "admin-console": {"DATABASE_URL", "REDIS_URL"},
    }
    assert {name for name, seen in programs.items() if "STORAGE_URL" not in seen} == {
        "migrations",
        "logins",
        "admin-console",
    }


def test_each_service_logs_in_to_the_database_as_itself(backends: Backends) -> None:
    programs = all_programs(backends)

    assert {
        name: seen["DATABASE_URL"].partition("://")[2].partition(":")[0]
        for name, seen in programs.items()
        if "DATABASE_URL" in seen
    } == {
        "migrations": "photo",
        "logins": "photo",
        "ingest-service": "photo_ingest",
        "status-service": "photo_status",
        "worker": "photo_worker",
        "admin-console": "photo_console",
    }
    assert {name for name, seen in programs.items() if "LOGIN_PASSWORDS_FOLDER" in seen} == {
        "logins"
    }


def test_a_setting_of_a_service_reaches_that_service_only(
    backends: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_PIXELS", "1234")
    monkeypatch.setenv("SOMEONES_API_TOKEN", "of another program")
    programs = all_programs(backends)

    assert {name for name, seen in programs.items() if seen.get("MAX_PIXELS")} == {"worker"}
    assert not any("SOMEONES_API_TOKEN" in seen for seen in programs.values())


def test_what_the_stack_decides_is_not_overridden_from_outside(
    backends: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/production")

    assert (
        all_programs(backends)["ingest-service"]["DATABASE_URL"]
        == (backends.database_urls[ServiceRole.INGEST])
    )


def test_the_gateway_is_told_where_the_grpc_services_listen(
    backends: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INGEST_PORT", "50099")
    gateway = all_programs(backends)["upload-gateway"]

    assert gateway["INGEST_TARGET"] == f"dns:///{HOST}:50099"
    assert gateway["STATUS_TARGET"] == f"dns:///{HOST}:50052"


def test_no_proxy_is_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", "intranet")
    variables = inherited_variables()

    assert variables["HTTP_PROXY"] == "http://proxy:3128"
    assert variables["NO_PROXY"] == variables["no_proxy"] == "intranet,127.0.0.1,localhost"


def test_every_setting_of_a_service_is_known() -> None:
    known = declared_variables(GatewaySettings)
    assert {"GATEWAY_PORT", "UPLOAD_BUFFER_BYTES", "LOG_LEVEL"} <= known


def test_settings_that_the_stack_decides_itself_are_named(
    backends: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_URL", "s3://bucket")
    monkeypatch.setenv("LISTEN_HOST", "0.0.0.0")
    monkeypatch.setenv("GATEWAY_PORT", "8001")
    monkeypatch.setenv("MAX_PIXELS", "1000")
    services = ServicePrograms(load_settings(StackSettings), backends, on_terminal=False)
    assert services.overruled_settings() == ["LISTEN_HOST", "STORAGE_URL"]
