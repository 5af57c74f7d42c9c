"""The chart, rendered by helm with each of its sets of values."""

import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

_CHART = Path(__file__).parents[3] / "deploy" / "helm" / "photo-uploading-service"
_VALUE_SETS = sorted(path.stem.removesuffix("-values") for path in _CHART.glob("ci/*-values.yaml"))
_HELM_SECONDS = 60

Object = dict[str, Any]


@pytest.fixture(params=_VALUE_SETS)
def value_set(request: pytest.FixtureRequest) -> str:
    """Each set of values of the chart in turn."""
    return str(request.param)


class Manifests:
    """What helm makes of a set of values."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.objects: list[Object] = [each for each in yaml.safe_load_all(text) if each]

    def of_kind(self, *kinds: str) -> list[Object]:
        return [each for each in self.objects if each["kind"] in kinds]

    def named(self, kind: str, name: str) -> Object:
        (found,) = [each for each in self.of_kind(kind) if each["metadata"]["name"] == name]
        return found

    def pods(self) -> Iterator[tuple[Object, Object]]:
        """Each object that is or makes pods, and the template of its pod."""
        for each in self.objects:
            if each["kind"] == "Pod":
                yield each, each
            elif each["kind"] in {"Deployment", "StatefulSet", "Job"}:
                yield each, each["spec"]["template"]

    def containers(self) -> Iterator[tuple[str, Object]]:
        for _, pod in self.pods():
            for container in self.containers_of(pod):
                yield container["name"], container

    @staticmethod
    def containers_of(pod: Object) -> list[Object]:
        """Those that run before the others too."""
        return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


@dataclass(frozen=True)
class Helm:
    """The program, as an operator uses it; it never speaks with a cluster."""

    program: str
    chart: Path = _CHART

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=_HELM_SECONDS,
        )

    def template(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("template", "photos", str(self.chart), "--namespace=studio", *arguments)

    def values_file(self, value_set: str) -> str:
        return str(self.chart / "ci" / f"{value_set}-values.yaml")


@pytest.fixture(scope="session")
def helm(helm_program: str) -> Helm:
    return Helm(helm_program)


Render = Callable[..., Manifests]


@pytest.fixture(scope="session")
def render(helm: Helm) -> Render:
    """Manifests of a set of values, with more of them on top as `name=value`."""

    @cache
    def rendered(value_set: str, changes: Sequence[str]) -> Manifests:
        changed = [f"--set={change}" for change in changes]
        done = helm.template(f"--values={helm.values_file(value_set)}", *changed)
        assert done.returncode == 0, done.stderr
        return Manifests(done.stdout)

    return lambda value_set, *changes: rendered(value_set, changes)


@pytest.fixture(scope="session")
def documented(helm: Helm) -> str:
    """What docs/operations.md says of Kubernetes."""
    text = (helm.chart.parents[2] / "docs" / "operations.md").read_text("utf-8")
    return text.partition("\n## Kubernetes\n")[2].partition("\n## ")[0]


@pytest.fixture
def manifests(render: Render, value_set: str) -> Manifests:
    return render(value_set)
