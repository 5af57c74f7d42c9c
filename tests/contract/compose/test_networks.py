"""Who meets whom in the networks of Compose."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

_ROOT = Path(__file__).parents[3]
_SERVERS = {"postgres", "redis"}
_SERVICES = {"upload-gateway", "ingest-service", "status-service", "worker", "admin-console"}
# Who may meet whom; nobody else does.
_MEETINGS = {
    *product(("ingest-service", "status-service", "worker", "admin-console"), _SERVERS),
    *product(("upload-gateway", "admin-console"), ("ingest-service", "status-service")),
    *product(("migrations", "operator"), ("postgres",)),
    *product(("prometheus",), _SERVICES),
    ("grafana", "prometheus"),
}
# What a shared network brings with it: whoever calls there is among its own kind.
_SIDE_BY_SIDE = {
    ("upload-gateway", "admin-console"),
    ("ingest-service", "status-service"),
    ("postgres", "redis"),
    *product(("migrations", "operator"), ("redis", "migrations", "operator")),
    *product(("migrations", "operator"), ("ingest-service", "status-service", "admin-console")),
}


def test_no_two_meet_who_have_no_business(compose_file: Any) -> None:
    known = {frozenset(each) for each in _MEETINGS | _SIDE_BY_SIDE}
    names = sorted(compose_file.services())
    for first, second in product(names, names):
        if first < second and compose_file.networks(first) & compose_file.networks(second):
            assert {first, second} in known


def test_whoever_has_business_meets(compose_file: Any) -> None:
    for first, second in _MEETINGS:
        assert compose_file.networks(first) & compose_file.networks(second), (first, second)


def test_only_what_is_published_has_a_way_to_this_machine(compose_file: Any) -> None:
    networks = yaml.safe_load(compose_file.text)["networks"]
    internal = {name for name, network in networks.items() if network.get("internal")}
    for name, service in compose_file.services().items():
        if not service.get("ports"):
            assert compose_file.networks(name) <= internal, name


def test_who_uses_a_bucket_meets_nobody_on_the_way_out(compose_file: Any) -> None:
    text = (_ROOT / "deploy" / "compose" / "object-store.yml").read_text("utf-8")
    added = yaml.safe_load(text)
    ways_out = [name for each in added["services"].values() for name in each["networks"]]
    assert sorted(ways_out) == sorted(set(added["networks"]))
    known = set(yaml.safe_load(compose_file.text)["networks"])
    assert not known & set(ways_out)


@pytest.mark.parametrize("service", ["prometheus", "grafana", "admin-console"])
def test_who_shows_everything_is_published_to_this_machine_only(
    compose_file: Any, service: str
) -> None:
    for port in compose_file.services()[service]["ports"]:
        assert port.startswith("127.0.0.1:")
