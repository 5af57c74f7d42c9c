"""What linters say of the chart and of what it renders."""

from pathlib import Path
from typing import Any

from yamllint import linter
from yamllint.config import YamlLintConfig

# Of a person's YAML; long lines are found by whoever reads them.
_WRITTEN = """
extends: default
rules:
  line-length: {max: 100, allow-non-breakable-inline-mappings: true}
  document-start: disable
  braces: {max-spaces-inside: 0}
  comments: {min-spaces-from-content: 1}
"""
# Of a program's: what would be read in two ways, such as a key that is there twice.
_RENDERED = """
rules:
  key-duplicates: enable
  truthy: {allowed-values: ["true", "false"], check-keys: false}
  octal-values: {forbid-explicit-octal: true, forbid-implicit-octal: false}
"""


def complaints(text: str, rules: str, path: str) -> list[str]:
    config = YamlLintConfig(rules)
    return [f"{path}:{problem}" for problem in linter.run(text, config)]


def test_helm_lints_the_chart_strictly(helm: Any, value_set: str) -> None:
    done = helm.run("lint", "--strict", str(helm.chart), f"--values={helm.values_file(value_set)}")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_values_are_tidy_yaml(helm: Any) -> None:
    files: list[Path] = [helm.chart / "Chart.yaml", helm.chart / "values.yaml"]
    files += helm.chart.glob("ci/*.yaml")
    for file in files:
        assert not complaints(file.read_text("utf-8"), _WRITTEN, file.name)


def test_what_is_rendered_is_read_in_one_way(manifests: Any) -> None:
    assert not complaints(manifests.text, _RENDERED, "rendered")
