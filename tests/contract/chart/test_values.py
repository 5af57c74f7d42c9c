"""Values: what is missing is asked for, what is unknown is refused, what there is is told."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

# Keys of an umbrella chart, and those that values.yaml tells of in one comment.
_UNLISTED = {
    "global",
    *("image", "storageSecret", "serviceAccountAnnotations", "podAnnotations", "podLabels"),
    *("nodeSelector", "tolerations", "priorityClassName"),
}


@pytest.fixture
def schema(helm: Any) -> dict[str, Any]:
    return dict(json.loads((helm.chart / "values.schema.json").read_text("utf-8")))


def subschemas(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "type" in schema or "properties" in schema:
            yield schema
        for each in schema.values():
            yield from subschemas(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from subschemas(each)


def test_everything_that_is_missing_is_told_at_once(helm: Any) -> None:
    done = helm.template()
    assert done.returncode != 0
    for name in ("auth.mode", "database.existingSecret", "redis.existingSecret", "storage.url"):
        assert f"- {name}: " in done.stderr
    assert "bundled.enabled=true" in done.stderr


@pytest.mark.parametrize(
    ("value_set", "change", "told"),
    [
        ("defaults", "auth.mode=required", "auth.existingSecret"),
        ("defaults", "ingress.enabled=true", "ingress.host"),
        ("defaults", "bundled.enabled=true", "database.existingSecret: leave it empty"),
        ("bundled", "worker.autoscaling.enabled=true", "worker.autoscaling.enabled"),
        ("defaults", "worker.visibilityTimeoutSeconds=100", "worker.visibilityTimeoutSeconds"),
        ("production", "gateway.autoscaling.maxReplicas=1", "gateway.autoscaling.maxReplicas"),
        ("production", "worker.autoscaling.maxReplicas=1", "worker.autoscaling.maxReplicas"),
        ("defaults", "gateway.resources.limits.memory=767Mi", "gateway.resources.limits.memory"),
        ("defaults", "ingest.resources.limits.memory=0.5G", "ingest.resources.limits.memory"),
        ("defaults", "worker.resources.limits.memory=200Mi", "worker.resources.limits.memory"),
        ("bundled", "console.ingress.enabled=true", "networkPolicy.consoleFrom"),
        ("bundled", "console.ingress.enabled=true", "console.ingress.host"),
        ("defaults", "console.ingress.enabled=true", "console.enabled"),
        ("production", "console.ingress.host=photos.example.org", "console.ingress.host"),
    ],
)
def test_values_that_do_not_go_together_are_told(
    helm: Any, value_set: str, change: str, told: str
) -> None:
    done = helm.template(f"--values={helm.values_file(value_set)}", f"--set={change}")
    assert done.returncode != 0
    assert told in done.stderr


@pytest.mark.parametrize(
    "change",
    [
        "gatway.replicas=3",
        "gateway.replica=3",
        "gateway.autoscaling.max=3",
        "auth.mode=closed",
        "gateway.replicas=many",
        "storage.url=file:///var/lib/photos",
        "storage.url=s3://key:secret@bucket",
        "gateway.resources.limits.memory=lots",
        "networkPolicy.metricsFrom[0].podSelectors.a=b",
        r"gateway.podLabels.app\.kubernetes\.io/component=worker",
    ],
)
def test_unknown_keys_and_wrong_values_are_refused(helm: Any, change: str) -> None:
    done = helm.template(f"--values={helm.values_file('defaults')}", f"--set={change}")
    assert done.returncode != 0
    assert "values don't meet the specifications" in done.stderr


def test_the_schema_lets_no_unknown_key_through_anywhere(schema: dict[str, Any]) -> None:
    for each in subschemas(schema):
        if each.get("type") != "object" or "Of an umbrella chart" in each.get("description", ""):
            continue
        if "properties" in each:
            assert each["additionalProperties"] is False
        else:
            assert each["additionalProperties"] == {"type": "string"}


def test_values_yaml_lists_what_the_schema_knows(helm: Any, schema: dict[str, Any]) -> None:
    values = yaml.safe_load((helm.chart / "values.yaml").read_text("utf-8"))

    def compare(known: dict[str, Any], listed: Any, path: str) -> None:
        if "$ref" in known:
            known = schema["definitions"][known["$ref"].rpartition("/")[2]]
        if not isinstance(listed, dict) or "properties" not in known:
            return
        assert listed.keys() <= known["properties"].keys(), path
        optional = {"cpu", "memory", "ephemeral-storage"} if "resources" in path else _UNLISTED
        assert known["properties"].keys() - listed.keys() <= optional, path
        for name, value in listed.items():
            compare(known["properties"][name], value, f"{path}.{name}")

    compare(schema, values, "")


def test_the_values_in_the_documentation_are_enough(helm: Any, tmp_path: Path) -> None:
    text = (helm.chart.parents[2] / "docs" / "operations.md").read_text("utf-8")
    documented = re.findall(r"```yaml\n((?:# production\.yaml|console:).*?)```", text, re.DOTALL)
    assert len(documented) == 2
    files = [tmp_path / f"{number}.yaml" for number in range(2)]
    for file, values in zip(files, documented, strict=True):
        file.write_text(values, "utf-8")
    done = helm.template(*(f"--values={file}" for file in files))
    assert done.returncode == 0, done.stderr
    assert "name: photos-console\n" in done.stdout


def test_the_chart_is_of_the_version_that_it_installs(helm: Any) -> None:
    chart = yaml.safe_load((helm.chart / "Chart.yaml").read_text("utf-8"))
    project = tomllib.loads((helm.chart.parents[2] / "pyproject.toml").read_text("utf-8"))
    assert chart["version"] == chart["appVersion"] == project["project"]["version"]


def test_every_value_is_explained_by_a_comment_before_it(helm: Any) -> None:
    text = (helm.chart / "values.yaml").read_text("utf-8")
    for name in _UNLISTED - {"global"}:
        assert name in text, name
