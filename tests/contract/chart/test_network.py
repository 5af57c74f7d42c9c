"""Who may speak with whom: DESIGN's table as NetworkPolicies, both ends of each line naming it."""

from itertools import product
from typing import Any

import pytest

_OUTSIDE = "outside"
_SERVICES = ("gateway", "ingest", "status", "worker", "console")
_PODS = (*_SERVICES, "migrations", "postgres", "redis", "test")

# Who calls, whom, and at which port, between the pods of a release.
_INSIDE = {
    ("test", "gateway", 8000),
    ("gateway", "ingest", 50051),
    ("gateway", "status", 50052),
    ("console", "ingest", 50051),
    ("console", "status", 50052),
}
_DATA = {
    *(
        (component, "postgres", 5432)
        for component in ("migrations", "ingest", "status", "worker", "console")
    ),
    *((component, "redis", 6379) for component in ("ingest", "status", "worker", "console")),
}


class Network:
    """What the policies of a release let through."""

    def __init__(self, manifests: Any) -> None:
        self._policies = {
            each["metadata"]["labels"]["app.kubernetes.io/component"]: each["spec"]
            for each in manifests.of_kind("NetworkPolicy")
        }
        self._labels = {
            pod["metadata"]["labels"]["app.kubernetes.io/component"]: pod["metadata"]["labels"]
            for _, pod in manifests.pods()
        }

    def lines(self) -> set[tuple[str, str, int]]:
        """Each caller, whom it reaches, and the port."""
        known = [name for name in _PODS if name in self._labels]
        return {
            (caller, called, port)
            for caller, called in product(known, known)
            for port in self._ports(caller, "egress", called)
            & self._ports(called, "ingress", caller)
        }

    def ways_out(self, caller: str) -> set[int]:
        """The ports at which something outside the release is reached."""
        return self._ports(caller, "egress", _OUTSIDE)

    def guarded(self) -> set[str]:
        """The pods that a policy selects."""
        return set(self._policies)

    def _ports(self, pod: str, direction: str, other: str) -> set[int]:
        rules = self._policies[pod][direction]
        peers = "to" if direction == "egress" else "from"
        return {
            port["port"]
            for rule in rules
            if peers not in rule or any(self._matches(peer, other) for peer in rule[peers])
            for port in rule["ports"]
        }

    def _matches(self, peer: dict[str, Any], other: str) -> bool:
        if other == _OUTSIDE:
            return "podSelector" not in peer or "namespaceSelector" in peer
        if peer.keys() != {"podSelector"}:
            return False  # another namespace, or an address
        wanted = peer["podSelector"]["matchLabels"]
        return wanted.items() <= self._labels[other].items()


def test_with_data_of_its_own_each_pod_reaches_what_it_has_to_and_nothing_else(
    render: Any,
) -> None:
    assert Network(render("bundled")).lines() == _INSIDE | _DATA


@pytest.mark.parametrize("value_set", ["defaults", "production"])
def test_with_data_elsewhere_only_gateway_and_console_call_pods_of_the_release(
    render: Any, value_set: str
) -> None:
    network = Network(render(value_set))
    assert network.lines() == {line for line in _INSIDE if line[0] in network.guarded()}


def test_the_ways_out_lead_to_names_data_and_photos_alone(render: Any) -> None:
    network = Network(render("production"))
    assert network.ways_out("gateway") == {53, 443}
    assert network.ways_out("migrations") == {53, 5432}
    assert network.ways_out("console") == {53, 5432, 6379}
    for component in ("ingest", "status", "worker"):
        assert network.ways_out(component) == {53, 5432, 6379, 443}


def test_who_hands_out_credentials_is_reached_by_those_that_have_photos_alone(
    render: Any,
) -> None:
    manifests = render("cloud-identity", "console.enabled=true")
    named = [
        {"ipBlock": {"cidr": "169.254.169.254/32"}},
        {"ipBlock": {"cidr": "169.254.169.252/32"}},
    ]
    rule = {"ports": [{"port": 80}, {"port": 988}], "to": named}
    for policy in manifests.of_kind("NetworkPolicy"):
        component = policy["metadata"]["labels"]["app.kubernetes.io/component"]
        has_photos = component in {"gateway", "ingest", "status", "worker"}
        assert (rule in policy["spec"].get("egress", [])) == has_photos, component


def test_bundled_nothing_leads_out_but_names(render: Any) -> None:
    network = Network(render("bundled"))
    for component in (*_SERVICES, "migrations", "test"):
        assert network.ways_out(component) == {53}
    for component in ("postgres", "redis"):
        assert network.ways_out(component) == set()


@pytest.mark.parametrize("value_set", ["defaults", "production", "bundled", "cloud-identity"])
def test_every_pod_is_behind_a_policy(render: Any, value_set: str) -> None:
    manifests = render(value_set)
    pods = {pod["metadata"]["labels"]["app.kubernetes.io/component"] for _, pod in manifests.pods()}
    assert Network(manifests).guarded() == pods


def test_metrics_are_for_those_that_the_operator_names(render: Any) -> None:
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "observers"}}}
    key = (
        r"networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.kubernetes\.io/metadata\.name"
    )
    manifests = render("production", f"{key}=observers")
    ports = {"gateway": 9100, "ingest": 9101, "status": 9102, "worker": 9103, "console": 9104}
    for component, port in ports.items():
        policy = manifests.named("NetworkPolicy", f"photos-{component}")
        (rule,) = [each for each in policy["spec"]["ingress"] if each["ports"] == [{"port": port}]]
        assert rule["from"] == [peer]


def test_the_console_lets_in_whom_the_operator_names_and_nobody_without(render: Any) -> None:
    def callers(manifests: Any) -> list[Any]:
        rules = manifests.named("NetworkPolicy", "photos-console")["spec"]["ingress"]
        return [rule["from"] for rule in rules if rule["ports"] == [{"port": 8010}]]

    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}
    assert callers(render("production")) == [[peer]]
    assert callers(render("bundled")) == []


def test_traces_have_a_way_out_where_somebody_collects_them(render: Any) -> None:
    endpoint = "http://collector.observers.svc:4318"
    manifests = render("bundled", f"tracing.otlpEndpoint={endpoint}")
    network = Network(manifests)
    for name, container in manifests.containers():
        if name in _SERVICES:
            told = {each["name"]: each.get("value") for each in container["env"]}
            assert told["OTEL_EXPORTER_OTLP_ENDPOINT"] == endpoint
            assert network.ways_out(name) == {53, 4318}
