from typing import Any

import pytest

from service_kit.settings import load_settings
from upload_gateway.settings import GatewaySettings

NEEDED = {"STORAGE_URL": "memory://", "SESSION_SECRET": "s" * 32}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    def loaded(**variables: str) -> GatewaySettings:
        for name, value in {**NEEDED, **variables}.items():
            monkeypatch.setenv(name, value)
        return load_settings(GatewaySettings)

    return loaded


def test_lists_are_separated_by_commas(load: Any) -> None:
    settings = load(
        TRUSTED_PROXIES="10.0.0.0/8, fd00::/8,192.0.2.1",
        CORS_ORIGINS="https://a.example,http://localhost:3000",
    )
    assert settings.trusted_proxies == ("10.0.0.0/8", "fd00::/8", "192.0.2.1/32")
    assert settings.cors_origins == ("https://a.example", "http://localhost:3000")


def test_nobody_is_trusted_unless_named(load: Any) -> None:
    settings = load()
    assert settings.trusted_proxies == settings.cors_origins == ()
    assert settings.auth == "open"


def test_a_console_that_is_set_to_nothing_is_nowhere(load: Any) -> None:
    assert load(ADMIN_URL="").admin_url is None


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"TRUSTED_PROXIES": "10.0.0.1/8"}, "TRUSTED_PROXIES"),
        ({"ADMIN_URL": "console.example.org"}, "ADMIN_URL"),
        ({"ADMIN_URL": "https://console.example.org/admin/"}, "ADMIN_URL"),
        ({"TRUSTED_PROXIES": "*"}, "TRUSTED_PROXIES"),
        ({"CORS_ORIGINS": "*"}, "CORS_ORIGINS"),
        ({"CORS_ORIGINS": "https://a.example/"}, "CORS_ORIGINS"),
        ({"AUTH": "closed"}, "AUTH"),
        ({"AUTH": "required"}, "AUTH=required needs API_KEYS_FILE"),
    ],
)
def test_what_would_trust_the_wrong_ones_ends_the_start(
    load: Any, capsys: pytest.CaptureFixture[str], variables: dict[str, str], told: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        load(**variables)
    assert caught.value.code == 2
    assert told in capsys.readouterr().err
