"""The alerts and dashboards of deploy/observability are those of the chart, every one."""

from pathlib import Path
from typing import Any

import pytest
import yaml

_OBSERVABILITY = Path(__file__).parents[3] / "deploy" / "observability"


def test_every_rule_file_is_a_rule_of_the_operator_for_prometheus(render: Any) -> None:
    made = render("production", "monitoring.rules.runbooksUrl=").of_kind("PrometheusRule")
    written = [
        yaml.safe_load(file.read_text("utf-8"))
        for file in sorted(_OBSERVABILITY.glob("rules/*.y*ml"))
    ]
    assert [each["spec"] for each in made] == written
    for each in made:
        assert each["metadata"]["labels"]["release"] == "prometheus"


def test_alerts_link_to_the_page_that_the_operator_names(render: Any) -> None:
    page = "https://git.example.org/photos/blob/main/docs/runbooks.md"
    alerts = [
        rule
        for each in render("production").of_kind("PrometheusRule")
        for group in each["spec"]["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    assert alerts
    for alert in alerts:
        assert alert["annotations"]["runbook_url"] == f"{page}#{alert['alert'].lower()}"


@pytest.mark.parametrize("value_set", ["production", "without-crds"])
def test_every_dashboard_is_a_config_map_that_grafana_finds(render: Any, value_set: str) -> None:
    made = {
        name: content
        for each in render(value_set).of_kind("ConfigMap")
        if each["metadata"]["labels"].get("grafana_dashboard") == "1"
        for name, content in each["data"].items()
    }
    written = {
        file.name: file.read_text("utf-8") for file in _OBSERVABILITY.glob("dashboards/*.json")
    }
    assert {name: content.strip() for name, content in made.items()} == {
        name: content.strip() for name, content in written.items()
    }


def test_nothing_of_it_is_made_where_nobody_asked(render: Any) -> None:
    manifests = render("defaults")
    assert not manifests.of_kind("PodMonitor", "PrometheusRule")
    assert not [
        each
        for each in manifests.of_kind("ConfigMap")
        if each["metadata"]["labels"]["app.kubernetes.io/component"] == "dashboard"
    ]
