"""The rules ask for what is told, do what they should, and say what to do."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

Rules = list[dict[str, Any]]


def test_promtool_accepts_the_rules(promtool: Callable[..., None], observability: Path) -> None:
    promtool("check", "rules", "--lint-fatal", *sorted(observability.glob("rules/*.yml")))


def test_the_rules_do_what_their_tests_say(
    promtool: Callable[..., None], observability: Path
) -> None:
    promtool("test", "rules", *sorted(observability.glob("rule-tests/*.yml")))


def test_every_series_of_a_rule_is_told_by_somebody(
    rules: Rules, require_told: Callable[[str], None]
) -> None:
    for rule in rules:
        require_told(rule["expr"])


def test_every_alert_fires_in_a_test(alerts: Rules, observability: Path) -> None:
    fired = set()
    for file in observability.glob("rule-tests/*.yml"):
        for test in yaml.safe_load(file.read_text("utf-8"))["tests"]:
            for question in test["promql_expr_test"]:
                named = re.compile(r'alertname="(\w+)"')
                samples = " ".join(sample["labels"] for sample in question["exp_samples"])
                # Where the question is for one alert, the samples need not repeat its name.
                fired |= {*named.findall(samples)}
                fired |= {*named.findall(question["expr"])} if samples else set()
    assert {alert["alert"] for alert in alerts} <= fired


def test_every_alert_says_how_urgent_it_is_what_happened_and_what_to_do(alerts: Rules) -> None:
    for alert in alerts:
        assert alert["labels"]["severity"] in {"page", "ticket"}, alert["alert"]
        assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}, alert[
            "alert"
        ]
        # The chart puts another page before the `#`.
        assert alert["annotations"]["runbook_url"] == f"docs/runbooks.md#{alert['alert'].lower()}"


def test_every_alert_has_a_runbook_and_every_runbook_an_alert(
    alerts: Rules, documents: Path
) -> None:
    text = (documents / "runbooks.md").read_text("utf-8")
    headings = re.findall(r"^## (\w+)$", text, re.MULTILINE)
    assert max(Counter(headings).values()) == 1
    assert set(headings) == {alert["alert"] for alert in alerts}


def test_a_runbook_tells_the_severity_that_its_alert_has(alerts: Rules, documents: Path) -> None:
    text = (documents / "runbooks.md").read_text("utf-8")
    for alert in alerts:
        paragraph = text.partition(f"\n## {alert['alert']}\n\n")[2].partition("\n## ")[0]
        assert f"*{alert['labels']['severity']}" in paragraph.lower(), alert["alert"]


def test_the_metrics_of_runbooks_are_told(documents: Path, metrics: Any) -> None:
    text = (documents / "runbooks.md").read_text("utf-8")
    for name in re.findall(r"\b(?:photo_|http_request)[a-z_]+\b", text):
        assert metrics.labels_of(name) is not None, name
