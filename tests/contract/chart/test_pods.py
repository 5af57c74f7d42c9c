"""What every pod has: no more rights than it needs, probes, limits, and time to stop."""

from typing import Any

import pytest

_SCALED = ("gateway", "ingest", "status", "worker")
_SERVICES = (*_SCALED, "console")
# In seconds: how long the longest upload, stream of an object, task and page may take.
_LONGEST = {"gateway": 3600, "ingest": 3630, "status": 600, "worker": 120, "console": 10}


def test_every_pod_keeps_to_the_restricted_pod_security_standard(manifests: Any) -> None:
    # https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    allowed_volumes = {"configMap", "emptyDir", "persistentVolumeClaim", "secret"}
    for _, pod in manifests.pods():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        for volume in spec.get("volumes", []):
            assert volume.keys() - {"name"} <= allowed_volumes
        for container in manifests.containers_of(pod):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert all("hostPort" not in port for port in container.get("ports", []))


def test_no_pod_can_speak_with_kubernetes(manifests: Any) -> None:
    accounts = {each["metadata"]["name"]: each for each in manifests.of_kind("ServiceAccount")}
    for _, pod in manifests.pods():
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert accounts[pod["spec"]["serviceAccountName"]]["automountServiceAccountToken"] is False
    assert not manifests.of_kind("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")


def test_every_container_says_what_it_needs_and_may_take(manifests: Any) -> None:
    for _, container in manifests.containers():
        assert container["resources"]["requests"].keys() >= {"cpu", "memory"}
        assert container["resources"]["limits"]["memory"]


def test_what_serves_is_probed_for_its_start_its_readiness_and_its_life(manifests: Any) -> None:
    for owner, pod in manifests.pods():
        if owner["kind"] in {"Deployment", "StatefulSet"}:
            (container,) = pod["spec"]["containers"]
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys()


@pytest.mark.parametrize("component", ["ingest", "status"])
def test_grpc_services_are_probed_natively_and_live_without_their_database(
    render: Any, component: str
) -> None:
    deployment = render("defaults").named("Deployment", f"photos-{component}")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    (port,) = [each for each in container["ports"] if each["name"] == "grpc"]
    for probe in ("startupProbe", "livenessProbe"):
        assert container[probe]["grpc"] == {"port": port["containerPort"], "service": "liveness"}
    assert container["readinessProbe"]["grpc"] == {"port": port["containerPort"]}


@pytest.mark.parametrize("component", _SERVICES)
def test_a_pod_has_longer_to_stop_than_the_longest_thing_it_does(
    render: Any, component: str
) -> None:
    manifests = render("defaults", "console.enabled=true")
    spec = manifests.named("Deployment", f"photos-{component}")["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    variables = {each["name"]: each.get("value", "") for each in container["env"]}
    grace = float(variables["SHUTDOWN_GRACE_SECONDS"])
    pre_stop = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    assert grace > _LONGEST[component]
    assert spec["terminationGracePeriodSeconds"] > pre_stop + grace
    if component != "worker":
        assert pre_stop >= 5  # until everybody has heard that its address is gone


def test_a_longer_task_has_longer_to_stop(render: Any) -> None:
    changed = render("defaults", "worker.taskTimeLimitSeconds=1000")
    spec = changed.named("Deployment", "photos-worker")["spec"]["template"]["spec"]
    assert spec["terminationGracePeriodSeconds"] > 1015


@pytest.mark.parametrize("component", ["gateway", "ingest"])
@pytest.mark.parametrize(
    ("changes", "limit"),
    [
        ((), "768Mi"),
        (("uploadBufferBytes=2000000000",), "4070Mi"),
        (("resources.limits.memory=1Gi",), "1Gi"),
        (("resources.limits.memory=1000000k",), "1000000k"),
    ],
)
def test_the_memory_of_a_service_follows_from_what_its_uploads_may_take(
    render: Any, component: str, changes: tuple[str, ...], limit: str
) -> None:
    told = (f"{component}.{change}" for change in changes)
    deployment = render("defaults", *told).named("Deployment", f"photos-{component}")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["memory"] == limit


@pytest.mark.parametrize(
    ("changes", "limit"),
    [
        ((), "1344Mi"),
        (("worker.concurrency=4",), "2588Mi"),
        (("worker.processMemoryBytes=1073741824",), "2368Mi"),
        (("worker.resources.limits.memory=3Gi",), "3Gi"),
    ],
)
def test_the_memory_of_a_worker_follows_from_what_its_photos_may_take(
    render: Any, changes: tuple[str, ...], limit: str
) -> None:
    deployment = render("defaults", *changes).named("Deployment", "photos-worker")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["memory"] == limit


def test_replicas_are_spread_and_not_all_drained_at_once(render: Any) -> None:
    manifests = render("production")
    for component in _SERVICES:
        spec = manifests.named("Deployment", f"photos-{component}")["spec"]["template"]["spec"]
        keys = {each["topologyKey"] for each in spec["topologySpreadConstraints"]}
        assert keys == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}
        budget = manifests.named("PodDisruptionBudget", f"photos-{component}")["spec"]
        assert budget["maxUnavailable"] == 1


def test_who_is_scaled_is_scaled_by_one_and_has_no_fixed_number(render: Any) -> None:
    manifests = render("production")
    scaled = [
        each["spec"]["scaleTargetRef"]["name"]
        for each in manifests.of_kind("HorizontalPodAutoscaler", "ScaledObject")
    ]
    assert sorted(scaled) == [f"photos-{component}" for component in _SCALED]
    for name in scaled:
        assert "replicas" not in manifests.named("Deployment", name)["spec"]


def test_pods_have_the_labels_that_a_cloud_asks_for_beside_those_of_the_chart(render: Any) -> None:
    changed = "maintenance=true"
    for manifests in (render("cloud-identity"), render("cloud-identity", changed)):
        for component in _SCALED:
            deployment = manifests.named("Deployment", f"photos-{component}")
            labels = deployment["spec"]["template"]["metadata"]["labels"]
            assert labels["azure.workload.identity/use"] == "true"
            assert labels.items() > deployment["spec"]["selector"]["matchLabels"].items()


def test_passwords_are_not_among_the_arguments(manifests: Any) -> None:
    for _, container in manifests.containers():
        told = " ".join([*container.get("command", []), *container.get("args", [])])
        assert "PASSWORD" not in told.upper()


def test_in_maintenance_nothing_serves_and_one_pod_waits_for_commands(render: Any) -> None:
    manifests = render("production", "maintenance=true")
    replicas = {
        component: manifests.named("Deployment", f"photos-{component}")["spec"]["replicas"]
        for component in _SERVICES
    }
    assert replicas == {"gateway": 0, "ingest": 1, "status": 0, "worker": 0, "console": 0}
    assert not manifests.of_kind("HorizontalPodAutoscaler", "ScaledObject")
    ((_, ingest),) = [found for found in manifests.containers() if found[0] == "ingest"]
    assert "sleep infinity" in ingest["command"][-1]
    assert not ingest.keys() & {"startupProbe", "readinessProbe", "livenessProbe"}
