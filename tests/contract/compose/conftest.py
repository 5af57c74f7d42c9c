"""docker-compose.yml as Compose reads it, and the secrets that its first container makes."""

import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

_ROOT = Path(__file__).parents[3]
_VARIABLE = re.compile(r"\$\{(\w+)(:[-+])(.*?)\}")


@dataclass(frozen=True)
class ComposeFile:
    """The file, and what its variables become."""

    text: str

    def variables(self) -> dict[str, str]:
        """The variables with their defaults; of those that only say "set" the empty string."""
        found = _VARIABLE.findall(self.text)
        return {name: default if kind == ":-" else "" for name, kind, default in found}

    def services(self, chosen: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The services with the variables `chosen`, the others at their defaults.

        As https://docs.docker.com/reference/compose-file/interpolation/ has it.
        """

        def value(match: re.Match[str]) -> str:
            given = (chosen or {}).get(match[1], "")
            return given or match[3] if match[2] == ":-" else match[3] if given else ""

        found: dict[str, Any] = yaml.safe_load(_VARIABLE.sub(value, self.text))["services"]
        return found

    def networks(self, service: str) -> set[str]:
        return set(self.services()[service].get("networks", []))

    def environment(self, service: str, chosen: Mapping[str, str] | None = None) -> dict[str, str]:
        told = self.services(chosen)[service].get("environment", {})
        return {name: "" if value is None else str(value) for name, value in told.items()}


@pytest.fixture(scope="session")
def compose_file() -> ComposeFile:
    return ComposeFile((_ROOT / "docker-compose.yml").read_text("utf-8"))


@pytest.fixture(scope="session")
def mounted_secrets(compose_file: ComposeFile) -> dict[str, str]:
    """The folder that each service gets as /run/secrets."""
    mounted = {}
    for name, service in compose_file.services().items():
        for volume in service.get("volumes", []):
            source, _, target = str(volume).partition(":")
            if target == "/run/secrets:ro":
                mounted[name] = source.removeprefix("secrets-")
    return mounted


@pytest.fixture
def run_make_secrets(tmp_path: Path, mounted_secrets: dict[str, str]) -> Callable[[], Path]:
    """Runs the script on a folder that stands for all volumes, and returns that."""
    script = _ROOT / "deploy" / "compose" / "make_secrets.sh"
    for folder in mounted_secrets.values():
        (tmp_path / folder).mkdir()

    def run() -> Path:
        subprocess.run([str(script), str(tmp_path)], check=True, timeout=60)
        return tmp_path

    return run


@pytest.fixture
def secret_files(
    run_make_secrets: Callable[[], Path], mounted_secrets: dict[str, str]
) -> dict[str, Path]:
    """The folder with the secrets of each service."""
    made = run_make_secrets()
    return {service: made / folder for service, folder in mounted_secrets.items()}
