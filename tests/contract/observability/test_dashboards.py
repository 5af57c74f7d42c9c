"""Dashboards that Grafana can load, of series that are told."""

import json
import re
from collections.abc import Callable, Iterator
from functools import reduce
from pathlib import Path
from typing import Any

Dashboards = dict[str, dict[str, Any]]

# What Grafana puts in their places.
_VARIABLES = {
    "$__rate_interval": "5m",
    "$namespace": ".*",
}


def panels(dashboards: Dashboards) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, board in dashboards.items():
        for panel in board["panels"]:
            if panel["type"] != "row":
                yield f"{name}: {panel['title']}", panel


def expressions(dashboards: Dashboards) -> Iterator[str]:
    for _, panel in panels(dashboards):
        for target in panel["targets"]:
            yield target["expr"]


def test_there_are_dashboards_with_an_identity_of_their_own(dashboards: Dashboards) -> None:
    assert set(dashboards) == {"overview.json", "services.json", "processing.json"}
    for key in ("uid", "title"):
        assert len({board[key] for board in dashboards.values()}) == len(dashboards)
    for board in dashboards.values():
        # Grafana gives the number itself; one that is there would hit another's dashboard.
        assert "id" not in board
        assert re.fullmatch(r"[a-z-]{1,40}", board["uid"])


def test_no_dashboard_names_a_prometheus_of_its_own(dashboards: Dashboards) -> None:
    for _, panel in panels(dashboards):
        for each in (panel, *panel["targets"]):
            assert each["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    for board in dashboards.values():
        names = [variable["name"] for variable in board["templating"]["list"]]
        assert names == ["datasource", "namespace"]


def test_every_panel_says_what_it_shows_and_in_what_unit(dashboards: Dashboards) -> None:
    for where, panel in panels(dashboards):
        assert panel["description"].endswith("."), where
        assert panel["fieldConfig"]["defaults"]["unit"], where
        assert panel["targets"], where


def test_panels_lie_beside_each_other_in_the_24_columns(dashboards: Dashboards) -> None:
    for name, board in dashboards.items():
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            place = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not taken & cells, f"{name}: {panel['title']}"
            assert place["x"] + place["w"] <= 24
            taken |= cells
        ids = [panel["id"] for panel in board["panels"]]
        assert len(set(ids)) == len(ids)


def test_every_series_of_a_panel_is_told_and_kept_apart_by_namespace(
    dashboards: Dashboards, require_told: Callable[[str], None]
) -> None:
    for expression in expressions(dashboards):
        require_told(expression)
        selected = re.findall(
            r"\b(?:photo|http|rpc|process|namespace:photo)_\w+\{([^}]*)", expression
        )
        assert all('namespace=~"$namespace"' in each for each in selected), expression
        assert selected or "ALERTS" in expression or "namespace:" in expression, expression


def test_every_metric_is_on_a_dashboard_or_in_a_rule(
    dashboards: Dashboards, rules: list[dict[str, Any]], metrics: Any
) -> None:
    shown = " ".join([*expressions(dashboards), *(rule["expr"] for rule in rules)])
    for name in metrics.by_name:
        assert re.search(rf"\b{name}(_bucket|_count|_sum)?\b", shown), name


def test_promtool_reads_every_expression(
    dashboards: Dashboards, promtool: Callable[..., None], tmp_path: Path
) -> None:
    found = [
        reduce(lambda text, pair: text.replace(*pair), _VARIABLES.items(), expression)
        for expression in expressions(dashboards)
    ]
    recorded = [{"record": f"panel:{n}", "expr": each} for n, each in enumerate(found)]
    # JSON is YAML.
    rules = tmp_path / "panels.yml"
    rules.write_text(json.dumps({"groups": [{"name": "panels", "rules": recorded}]}))
    promtool("check", "rules", rules)
