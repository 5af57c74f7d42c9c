"""Every object is one that Kubernetes, or whose resource it is, knows in every field."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

# The oldest that Chart.yaml takes, and the newest that is known.
_VERSIONS = ["1.30", kubernetes_validate.latest_version()]
_CUSTOM: dict[str, Any] = json.loads(
    (Path(__file__).parent / "custom_resources.json").read_text("utf-8")
)


def test_the_chart_says_which_kubernetes_it_needs(helm: Any) -> None:
    chart = yaml.safe_load((helm.chart / "Chart.yaml").read_text("utf-8"))
    assert chart["kubeVersion"] == f">={_VERSIONS[0]}.0-0"


@pytest.mark.parametrize("version", _VERSIONS)
def test_every_object_is_strictly_valid(manifests: Any, version: str) -> None:
    for each in manifests.objects:
        if each["kind"] not in _CUSTOM["properties"]:
            kubernetes_validate.validate(each, version, strict=True)


def test_every_custom_resource_is_strictly_valid(manifests: Any) -> None:
    for each in manifests.objects:
        if each["kind"] in _CUSTOM["properties"]:
            jsonschema.validate({each["kind"]: each}, _CUSTOM)


def test_every_object_says_where_it_is_and_whose(manifests: Any) -> None:
    for each in manifests.objects:
        metadata = each["metadata"]
        assert metadata["namespace"] == "studio", metadata["name"]
        labels = metadata["labels"]
        assert labels["app.kubernetes.io/instance"] == "photos"
        assert labels["app.kubernetes.io/component"]
        assert labels["helm.sh/chart"].startswith("photo-uploading-service-")


def test_no_two_objects_have_one_name(manifests: Any) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in manifests.objects]
    assert len(names) == len(set(names))


def test_without_custom_resources_a_plain_cluster_takes_it_all(render: Any) -> None:
    for value_set in ("defaults", "bundled", "without-crds"):
        kinds = {each["kind"] for each in render(value_set).objects}
        assert not kinds & set(_CUSTOM["properties"])
