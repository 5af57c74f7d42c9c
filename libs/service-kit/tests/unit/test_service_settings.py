"""Settings that are wrong stop a service with a line that says what to mend."""

from pathlib import Path

import pytest
from pydantic import Field, SecretStr, field_validator

from service_kit.settings import (
    GrpcClientSettings,
    GrpcServerSettings,
    GrpcTlsSettings,
    Port,
    ServiceSettings,
    TracedSettings,
    load_settings,
)


class ExampleSettings(ServiceSettings):
    example_port: Port = Field(8080, description="The port of the example")
    example_url: SecretStr = Field(description="somewhere://user:password@host")

    @field_validator("example_url")
    @classmethod
    def _is_somewhere(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith("somewhere://"):
            raise ValueError("must start with somewhere://")
        return value


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*GrpcTlsSettings.model_fields, *ExampleSettings.model_fields):
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("EXAMPLE_URL", "somewhere://user:hunter2@host")


def refusal(
    capsys: pytest.CaptureFixture[str], settings_class: type[ServiceSettings] = ExampleSettings
) -> str:
    with pytest.raises(SystemExit) as caught:
        load_settings(settings_class)
    assert caught.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_settings_come_from_variables_named_like_their_fields(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EXAMPLE_PORT", "9000")
    monkeypatch.setenv("LOG_LEVEL", "debug")
    settings = load_settings(ExampleSettings)
    assert (settings.example_port, settings.log_level) == (9000, "debug")
    assert settings.example_url.get_secret_value() == "somewhere://user:hunter2@host"


def test_what_no_variable_says_a_file_among_the_secrets_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "example_url").write_text("somewhere://user:from-a-file@host\n")
    (tmp_path / "example_port").write_text("9000\n")
    (tmp_path / "unknown").write_text("nobody asks for it")
    monkeypatch.setitem(ExampleSettings.model_config, "secrets_dir", tmp_path)
    monkeypatch.delenv("EXAMPLE_URL")
    settings = load_settings(ExampleSettings)
    assert settings.example_url.get_secret_value() == "somewhere://user:from-a-file@host"
    monkeypatch.setenv("EXAMPLE_PORT", "9001")
    assert (settings.example_port, load_settings(ExampleSettings).example_port) == (9000, 9001)


def test_what_is_not_set_has_its_default() -> None:
    settings = load_settings(ExampleSettings)
    assert (settings.example_port, settings.listen_host) == (8080, "127.0.0.1")


def test_overrides_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_PORT", "9000")
    assert load_settings(ExampleSettings, {"example_port": 9001}).example_port == 9001


def test_a_missing_setting_is_named_with_what_it_should_be(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("EXAMPLE_URL")
    assert refusal(capsys) == ("EXAMPLE_URL: Field required (somewhere://user:password@host)\n")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EXAMPLE_PORT", "hunter2"),
        ("EXAMPLE_PORT", "0"),
        ("EXAMPLE_PORT", "65536"),
        ("LOG_LEVEL", "hunter2"),
        ("LOG_FORMAT", "hunter2"),
        ("SHUTDOWN_GRACE_SECONDS", "-0.5"),
        ("EXAMPLE_URL", "elsewhere://user:hunter2@host"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    [line] = refusal(capsys).splitlines()
    assert line.startswith(f"{name}: ")
    assert "hunter2" not in line
    assert "elsewhere://" not in line


def test_every_wrong_setting_is_named_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EXAMPLE_PORT", "x")
    monkeypatch.setenv("EXAMPLE_URL", "x")
    names = [line.partition(":")[0] for line in refusal(capsys).splitlines()]
    assert sorted(names) == ["EXAMPLE_PORT", "EXAMPLE_URL"]


def test_a_secret_is_not_in_the_text_of_the_settings() -> None:
    assert "hunter2" not in repr(load_settings(ExampleSettings))


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in GrpcTlsSettings.model_fields.values())


def set_files(monkeypatch: pytest.MonkeyPatch, *kinds: str) -> None:
    for kind in kinds:
        monkeypatch.setenv(f"GRPC_TLS_{kind}_FILE", f"/run/tls/{kind}")


@pytest.mark.parametrize(
    ("settings_class", "kinds", "lacking"),
    [
        (GrpcServerSettings, ["CERT"], "KEY"),
        (GrpcServerSettings, ["KEY"], "CERT"),
        (GrpcServerSettings, ["CA"], "CERT"),
        (GrpcServerSettings, ["CA", "KEY"], "CERT"),
        (GrpcClientSettings, ["CA", "CERT"], "KEY"),
        (GrpcClientSettings, ["KEY"], "CERT"),
        (GrpcClientSettings, ["CERT", "KEY"], "CA"),
    ],
)
def test_half_of_tls_is_refused_with_what_it_lacks(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    settings_class: type[ServiceSettings],
    kinds: list[str],
    lacking: str,
) -> None:
    set_files(monkeypatch, *kinds)
    [line] = refusal(capsys, settings_class).splitlines()
    assert f"GRPC_TLS_{lacking}_FILE" in line


@pytest.mark.parametrize(
    ("settings_class", "kinds"),
    [
        (GrpcServerSettings, ["CERT", "KEY"]),
        (GrpcServerSettings, ["CERT", "KEY", "CA"]),
        (GrpcClientSettings, ["CA"]),
        (GrpcClientSettings, ["CERT", "KEY", "CA"]),
    ],
)
def test_servers_need_a_certificate_and_clients_a_ca(
    monkeypatch: pytest.MonkeyPatch, settings_class: type[GrpcTlsSettings], kinds: list[str]
) -> None:
    set_files(monkeypatch, *kinds)
    settings = load_settings(settings_class)
    found = (settings.grpc_tls_cert_file, settings.grpc_tls_key_file, settings.grpc_tls_ca_file)
    assert [path.name for path in found if path] == kinds


@pytest.mark.parametrize("settings_class", [GrpcServerSettings, GrpcClientSettings])
def test_a_file_that_is_set_to_nothing_is_not_set(
    monkeypatch: pytest.MonkeyPatch, settings_class: type[GrpcTlsSettings]
) -> None:
    for name in GrpcTlsSettings.model_fields.keys() - TracedSettings.model_fields.keys():
        monkeypatch.setenv(name.upper(), "")
    settings = load_settings(settings_class)
    assert settings.grpc_tls_cert_file is settings.grpc_tls_ca_file is None
