"""The table of docs/operations.md is the list of metrics that operators read."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def table(documents: Path) -> dict[str, tuple[str, list[str], str]]:
    """Type, labels and meaning, by name."""
    text = (documents / "operations.md").read_text("utf-8")
    section = text.partition("\n## Metrics\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|([^|]*)\| (.+) \|$", section, re.MULTILINE)
    assert len({name for name, *_ in rows}) == len(rows), "a metric is there twice"
    return {
        name: (kind, [label for label in labels.strip().split(", ") if label], meaning)
        for name, kind, labels, meaning in rows
    }


def test_every_metric_of_the_code_is_in_the_table_and_no_other(
    table: dict[str, Any], metrics: Any
) -> None:
    assert set(table) == set(metrics.by_name)


def test_the_table_has_the_types_and_labels_of_the_code(
    table: dict[str, tuple[str, list[str], str]], metrics: Any
) -> None:
    for name, (kind, labels, _meaning) in table.items():
        assert (kind, labels) == (metrics.by_name[name]["type"], metrics.by_name[name]["labels"])


def test_every_meaning_begins_with_who_tells_it(
    table: dict[str, tuple[str, list[str], str]],
) -> None:
    service = "(gateway|ingest|status|worker|console)"
    services = rf"(all|{service}(, {service})*): \S"
    for name, (_kind, _labels, meaning) in table.items():
        assert re.match(services, meaning), name


def test_no_label_is_an_id(metrics: Any) -> None:
    for name, metric in metrics.by_name.items():
        for label in metric["labels"]:
            assert not re.search(r"(^|_)(id|owner|user|address|path|file|name)$", label), name


def test_promtool_finds_nothing_to_say_about_names_and_texts(
    promtool: Callable[..., None], metrics: Any
) -> None:
    promtool("check", "metrics", stdin=metrics.exposition)
