"""What an object names is there, and what it selects is one component."""

from collections.abc import Iterator
from typing import Any

import pytest


def pods_of(manifests: Any, selector: dict[str, str]) -> list[Any]:
    return [
        owner
        for owner, pod in manifests.pods()
        if selector.items() <= pod["metadata"]["labels"].items()
    ]


def selectors(manifests: Any) -> Iterator[tuple[str, dict[str, str]]]:
    for each in manifests.objects:
        spec = each.get("spec", {})
        match each["kind"]:
            case "Service":
                yield each["metadata"]["name"], spec["selector"]
            case "PodDisruptionBudget" | "Deployment" | "StatefulSet":
                yield each["metadata"]["name"], spec["selector"]["matchLabels"]
            case "NetworkPolicy":
                yield each["metadata"]["name"], spec["podSelector"]["matchLabels"]


def test_every_selector_finds_the_pods_of_one_component(manifests: Any) -> None:
    for name, selector in selectors(manifests):
        assert len(pods_of(manifests, selector)) == 1, name


def test_selectors_hold_nothing_that_an_upgrade_changes(manifests: Any) -> None:
    for _, selector in selectors(manifests):
        assert selector.keys() == {
            "app.kubernetes.io/name",
            "app.kubernetes.io/instance",
            "app.kubernetes.io/component",
        }


def test_every_port_that_a_service_names_is_one_of_its_pods(manifests: Any) -> None:
    for service in manifests.of_kind("Service"):
        (owner,) = pods_of(manifests, service["spec"]["selector"])
        ports = {
            port["name"]
            for container in owner["spec"]["template"]["spec"]["containers"]
            for port in container["ports"]
        }
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


@pytest.mark.parametrize("caller", ["gateway", "console"])
def test_the_targets_of_callers_are_headless_services(render: Any, caller: str) -> None:
    manifests = render("production")
    ((_, container),) = [found for found in manifests.containers() if found[0] == caller]
    told = {each["name"]: each.get("value", "") for each in container["env"]}
    for name in ("INGEST_TARGET", "STATUS_TARGET"):
        host, _, port = told[name].removeprefix("dns:///").partition(":")
        service = manifests.named("Service", host.partition(".")[0])
        assert host.endswith(".studio.svc")
        assert service["spec"]["clusterIP"] == "None"
        assert [str(each["port"]) for each in service["spec"]["ports"]] == [port]


def test_the_certificates_name_the_hosts_that_are_called_and_the_pod_itself(render: Any) -> None:
    manifests = render("production")
    for component in ("ingest", "status"):
        certificate = manifests.named("Certificate", f"photos-{component}")["spec"]
        assert certificate["dnsNames"] == [f"photos-{component}.studio.svc"]
        assert certificate["ipAddresses"] == ["127.0.0.1"]
        assert {"server auth", "client auth"} <= set(certificate["usages"])
        pod = manifests.named("Deployment", f"photos-{component}")["spec"]["template"]["spec"]
        secrets = [each["secret"]["secretName"] for each in pod["volumes"] if "secret" in each]
        assert secrets == [certificate["secretName"]]


def test_every_mount_has_a_volume_and_every_volume_a_mount(manifests: Any) -> None:
    for owner, pod in manifests.pods():
        volumes = {each["name"] for each in pod["spec"].get("volumes", [])}
        volumes |= {
            each["metadata"]["name"] for each in owner["spec"].get("volumeClaimTemplates", [])
        }
        mounts = {
            mount["name"]
            for container in manifests.containers_of(pod)
            for mount in container.get("volumeMounts", [])
        }
        assert mounts == volumes


def test_the_secrets_that_nobody_named_are_made_here(render: Any) -> None:
    manifests = render("bundled")
    made = {
        each["metadata"]["name"]: each["stringData"].keys() for each in manifests.of_kind("Secret")
    }
    for _, container in manifests.containers():
        for each in container.get("env", []):
            if "valueFrom" in each:
                wanted = each["valueFrom"]["secretKeyRef"]
                assert wanted["key"] in made[wanted["name"]]


def test_with_secrets_of_the_operator_none_is_made(render: Any) -> None:
    assert not render("production").of_kind("Secret")
    assert [each["metadata"]["name"] for each in render("defaults").of_kind("Secret")] == [
        "photos-session"
    ]


def test_each_service_has_its_own_credential_for_the_photos(render: Any) -> None:
    manifests = render("production")
    for name, container in manifests.containers():
        if name in {"gateway", "ingest", "status", "worker"}:
            assert container["envFrom"] == [{"secretRef": {"name": f"photo-storage-{name}"}}]
    for name, container in render("defaults").containers():
        if name in {"gateway", "ingest", "status", "worker"}:
            assert container["envFrom"] == [{"secretRef": {"name": "photo-storage"}}]


def test_what_a_collector_asks_for_reaches_every_service_and_nobody_else(render: Any) -> None:
    endpoint = "tracing.otlpEndpoint=https://collector.example.org:4318"
    named = ("tracing.existingSecret=photo-traces", "tracing.caSecret=photo-traces-ca")
    services = {"gateway", "ingest", "status", "worker", "console"}
    for component, container in render("production", endpoint, *named).containers():
        is_service = component in services
        variables = {each["name"]: each.get("value") for each in container.get("env", [])}
        mounts = {each["name"]: each["mountPath"] for each in container.get("volumeMounts", [])}
        secret = {"secretRef": {"name": "photo-traces"}}
        assert (secret in container.get("envFrom", [])) == is_service, component
        assert ("otlp-ca" in mounts) == is_service, component
        if is_service:
            assert variables["OTEL_EXPORTER_OTLP_CERTIFICATE"] == f"{mounts['otlp-ca']}/ca.crt"
    assert "photo-traces" not in render("production", *named).text


def test_the_monitor_finds_the_metrics_of_every_service(render: Any) -> None:
    manifests = render("production")
    monitor = manifests.named("PodMonitor", "photos-monitoring")["spec"]
    found = pods_of(manifests, monitor["selector"]["matchLabels"])
    (endpoint,) = monitor["podMetricsEndpoints"]
    with_metrics = {
        owner["metadata"]["name"]
        for owner in found
        for container in owner["spec"].get("template", owner)["spec"]["containers"]
        if any(port["name"] == endpoint["port"] for port in container.get("ports", []))
    }
    services = ("gateway", "ingest", "status", "worker", "console")
    assert with_metrics == {f"photos-{name}" for name in services}
