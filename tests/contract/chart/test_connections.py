"""The connections that Postgres has to allow, as docs/operations.md counts them."""

import re
from typing import Any

import pytest

from admin_console import bootstrap as admin_console
from ingest_service import bootstrap as ingest_service
from status_service import bootstrap as status_service

_OF_SUPERUSERS = 3
_OF_KEDA = 1
_LIMIT = "_MAX_CONNECTIONS"


@pytest.fixture
def section(helm: Any) -> str:
    text = (helm.chart.parents[2] / "docs" / "operations.md").read_text("utf-8")
    return text.partition("\n### Connections\n")[2].partition("\n### ")[0]


@pytest.fixture
def of_a_replica(section: str) -> dict[str, int]:
    """By who is told; what stands there in two parts is their sum."""
    rows = re.findall(r"^\| ([\w-]+).*? \| (.*) \|$", section, re.MULTILINE)
    return {who: sum(map(int, re.findall(r"\d+", told))) for who, told in rows}


def test_the_table_tells_the_limits_of_the_pools(of_a_replica: dict[str, int]) -> None:
    assert of_a_replica["ingest-service"] == vars(ingest_service)[_LIMIT]
    assert of_a_replica["status-service"] == vars(status_service)[_LIMIT]
    # One pool of asyncpg, and one of SQLAlchemy.
    assert of_a_replica["admin-console"] == 2 * vars(admin_console)[_LIMIT]


def test_the_example_is_the_sum_of_what_the_chart_may_grow_to(
    section: str, of_a_replica: dict[str, int], render: Any
) -> None:
    manifests = render("production")

    def most(kind: str, component: str, field: str) -> int:
        return int(manifests.named(kind, f"photos-{component}")["spec"][field])

    ((_, worker),) = [found for found in manifests.containers() if found[0] == "worker"]
    concurrency = {each["name"]: each.get("value") for each in worker["env"]}["WORKER_CONCURRENCY"]
    hpa = "HorizontalPodAutoscaler"
    needed = (
        most(hpa, "ingest", "maxReplicas") * of_a_replica["ingest-service"]
        + most(hpa, "status", "maxReplicas") * of_a_replica["status-service"]
        + most("Deployment", "console", "replicas") * of_a_replica["admin-console"]
        + most("ScaledObject", "worker", "maxReplicaCount")
        * (int(concurrency or 0) + of_a_replica["worker"])
        + of_a_replica["migrations"]
        + _OF_KEDA
        + _OF_SUPERUSERS
    )
    assert re.search(rf"needs\s+{needed}:", section)
