"""What the services tell, and what rules, dashboards and documents make of it."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

_ROOT = Path(__file__).parents[3]
_OBSERVABILITY = _ROOT / "deploy" / "observability"
_SECONDS = 110

# What others tell: Prometheus itself, the kubelet, prometheus_client.
_OF_OTHERS = {
    "ALERTS",
    "up",
    "kubelet_volume_stats_available_bytes",
    "kubelet_volume_stats_capacity_bytes",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
}
_WORDS = {"and", "or", "unless", "on", "ignoring", "by", "without", "group_left", "group_right"}
_WORDS |= {"offset", "bool", "inf", "nan"}


@dataclass(frozen=True)
class KnownMetrics:
    """Every metric that the code defines, by its name, and a scrape of them."""

    by_name: dict[str, dict[str, Any]]
    exposition: str

    def labels_of(self, name: str) -> set[str] | None:
        """The labels of a series; None where no service tells it."""
        for suffix in ("", "_bucket", "_count", "_sum"):
            base = name.removesuffix(suffix) if suffix else name
            metric = self.by_name.get(base)
            if metric and (not suffix or (name != base and metric["type"] == "histogram")):
                return {*metric["labels"], *(["le"] if suffix == "_bucket" else [])}
        return None


@pytest.fixture(scope="session")
def metrics() -> KnownMetrics:
    told = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("list_metrics.py"))],
        check=True,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    found = json.loads(told.stdout)
    return KnownMetrics({each["name"]: each for each in found["metrics"]}, found["exposition"])


@pytest.fixture(scope="session")
def promtool() -> Callable[..., None]:
    """Runs promtool and asserts that it finds nothing wrong."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("no promtool is on PATH (tests/install_programs.sh): THE RULES ARE NOT CHECKED")

    def run(*arguments: str | Path, stdin: str = "") -> None:
        done = subprocess.run(
            [program, *map(str, arguments)],
            check=False,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return run


@pytest.fixture(scope="session")
def observability() -> Path:
    return _OBSERVABILITY


@pytest.fixture(scope="session")
def documents() -> Path:
    return _ROOT / "docs"


@pytest.fixture(scope="session")
def rules() -> list[dict[str, Any]]:
    """Every rule of every file."""
    return [
        rule
        for file in sorted((_OBSERVABILITY / "rules").glob("*.yml"))
        for group in yaml.safe_load(file.read_text("utf-8"))["groups"]
        for rule in group["rules"]
    ]


@pytest.fixture(scope="session")
def alerts(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [rule for rule in rules if "alert" in rule]


@pytest.fixture(scope="session")
def dashboards() -> dict[str, dict[str, Any]]:
    """By the names of their files."""
    files = sorted((_OBSERVABILITY / "dashboards").glob("*.json"))
    return {file.name: json.loads(file.read_text("utf-8")) for file in files}


def _series_of(expression: str) -> Iterator[tuple[str, set[str]]]:
    """The series that PromQL selects, each with the labels that it is selected by.

    promtool says whether the expression is one; so here words are enough.
    """
    bare = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", expression)
    bare = re.sub(r"\[[^\]]*\]", " ", bare)
    selectors = re.compile(r'([a-zA-Z_:][\w:]*)\s*(\{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\})?(\s*\()?')
    matchers = re.compile(r'([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)\s*"(?:[^"\\]|\\.)*"')
    # Strings of functions; those of selectors stay for now.
    bare = re.sub(r'(?<=[,(])\s*"[^"]*"', " ", bare)
    for name, selection, call in selectors.findall(bare):
        if not call and name.lower() not in _WORDS:
            yield name, set(matchers.findall(selection))


@pytest.fixture(scope="session")
def require_told(metrics: KnownMetrics, rules: list[dict[str, Any]]) -> Callable[[str], None]:
    """Asserts that every series of an expression is told by a service, a rule or those around."""
    recorded = {rule["record"] for rule in rules if "record" in rule}

    def require(expression: str) -> None:
        found = list(_series_of(expression))
        assert found, expression
        for name, labels in found:
            if name in recorded | _OF_OTHERS:
                continue
            known = metrics.labels_of(name)
            assert known is not None, f"nobody tells {name}: {expression}"
            unknown = labels - known - {"namespace", "instance", "job"}
            assert not unknown, f"{name} has no label {unknown}: {expression}"

    return require
