"""The pods of the chart, run by a container engine as a node of Kubernetes would run them.

With the users, rights, memory, variables, volumes, init containers and probes that the chart gives
them. What is not here: scheduling, Services of more than one pod, NetworkPolicies.
"""

import os
import secrets
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import trustme
import yaml
from grpc_health.v1 import health_pb2, health_pb2_grpc

_CHART = Path(__file__).parents[3] / "deploy" / "helm" / "photo-uploading-service"
_READY_SECONDS = 180.0
_TRIES = 20
OPERATOR_PASSWORD = "a long password of a test"

Object = dict[str, Any]


@dataclass
class Node:
    """Runs pods; each stays until the end of the test run."""

    engine: Any
    objects: list[Object]
    folder: Path
    network: str
    secrets: dict[str, dict[str, str]]
    running: dict[str, str] = field(default_factory=dict)
    _started: list[str] = field(default_factory=list)

    def run_all(self) -> None:
        """Start every pod at the same time, and wait until it is ready or has ended well."""
        kinds = {"Deployment", "StatefulSet", "Job"}
        owners = [each for each in self.objects if each["kind"] in kinds]
        with ThreadPoolExecutor(len(owners)) as pool:
            for done in [pool.submit(self.run, each, each["spec"]["template"]) for each in owners]:
                done.result()

    def run(self, owner: Object, pod: Object) -> str:
        """Run one pod, until it is ready or has ended; what its last container said."""
        name, spec = owner["metadata"]["name"], pod["spec"]
        first, last = spec.get("initContainers", []), spec["containers"][0]
        said = ""
        for container in [*first, last] if owner["kind"] in {"Job", "Pod"} else first:
            said = self._run_to_its_end(name, owner, pod, container)
        if owner["kind"] in {"Deployment", "StatefulSet"}:
            self.running[name] = self._start(name, owner, pod, last, serves=True)
            for probe in ("startupProbe", "readinessProbe"):
                self._await(name, last, last[probe])
        return said

    def address(self, name: str) -> str:
        networks = self.engine.inspect(self.running[name])["NetworkSettings"]["Networks"]
        return str(networks[self.network]["IPAddress"])

    def log(self, name: str) -> str:
        done = self.engine.run("logs", self.running[name])
        return str(done.stdout + done.stderr)

    def stop(self) -> None:
        if self._started:
            self.engine.run("rm", "--force", "--volumes", *self._started, check=False)

    def _run_to_its_end(self, name: str, owner: Object, pod: Object, container: Object) -> str:
        said = ""
        for tried in range(_TRIES):
            # As the kubelet's, and Job's, pause between two tries, which grows.
            threading.Event().wait(min(tried, 5))
            started = self._start(name, owner, pod, container, serves=False)
            code = self.engine.run("wait", started, seconds=_READY_SECONDS).stdout.strip()
            done = self.engine.run("logs", started)
            said = done.stdout + done.stderr
            if code == "0":
                return str(done.stdout)
        raise AssertionError(f"{name}/{container['name']}: {said}")

    def _start(
        self, name: str, owner: Object, pod: Object, container: Object, *, serves: bool
    ) -> str:
        security = self._security(pod, container)
        arguments = [
            *("--network", self.network, "--hostname", name, "--read-only"),
            *("--user", f"{security['runAsUser']}:{security['runAsGroup']}"),
            *("--group-add", str(security["fsGroup"])),
            *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *("--memory", container["resources"]["limits"]["memory"].rstrip("i").lower()),
            *("--env-file", str(self._variables(name, container))),
        ]
        if serves:
            arguments += ["--restart", "on-failure"]
            for alias in self._names(pod["metadata"]["labels"]):
                arguments += ["--network-alias", alias]
        volumes = self._volumes(name, owner, pod, security["fsGroup"])
        for mount in container.get("volumeMounts", []):
            rights = ":ro" if mount.get("readOnly") else ""
            arguments += ["--volume", f"{volumes[mount['name']]}:{mount['mountPath']}{rights}"]
        command = [*container.get("command", []), *container.get("args", [])]
        if command:
            arguments += ["--entrypoint", command[0]]
        # A Service of Kubernetes has port 80 for the gateway's; here names lead to the pod itself.
        rest = [each.replace("-gateway.studio.svc", "-gateway.studio.svc:8000") for each in command]
        created = self.engine.run("create", *arguments, container["image"], *rest[1:])
        started = created.stdout.strip()
        self._started.append(started)
        self.engine.run("start", started)
        return str(started)

    def _security(self, pod: Object, container: Object) -> Object:
        """Of the pod; servers have the user of their image, which Debian's own number otherwise."""
        security: Object = pod["spec"]["securityContext"]
        if container["name"] not in {"postgres", "redis"}:
            return security
        asked = ("run", "--rm", "--entrypoint", "id", container["image"])
        user, group = (
            int(self.engine.run(*asked, which, container["name"]).stdout) for which in ("-u", "-g")
        )
        return security | {"runAsUser": user, "runAsGroup": group, "fsGroup": group}

    def _variables(self, name: str, container: Object) -> Path:
        file = self.folder / f"{name}-{container['name']}.env"
        lines = [f"{each['name']}={self._value(each)}\n" for each in container.get("env", [])]
        file.write_text("".join(lines), "utf-8")
        return file

    def _value(self, variable: Object) -> str:
        if "value" in variable:
            return str(variable["value"])
        wanted = variable["valueFrom"]["secretKeyRef"]
        return self.secrets[wanted["name"]][wanted["key"]]

    def _names(self, labels: Object) -> Iterator[str]:
        for each in self.objects:
            if each["kind"] == "Service" and each["spec"]["selector"].items() <= labels.items():
                name = each["metadata"]["name"]
                yield from (name, f"{name}.studio.svc")

    def _volumes(self, name: str, owner: Object, pod: Object, group: int) -> dict[str, Path]:
        claims = owner.get("spec", {}).get("volumeClaimTemplates", [])
        volumes = {each["name"]: each for each in pod["spec"].get("volumes", [])}
        volumes |= {each["metadata"]["name"]: {"claim": name} for each in claims}
        return {each: self._volume(name, each, of, group) for each, of in volumes.items()}

    def _volume(self, pod: str, name: str, of: Object, group: int) -> Path:
        claim = of.get("persistentVolumeClaim", {}).get("claimName")
        path = self.folder / ("claims" if claim else pod) / (claim or name)
        with _MAKING:
            if path.exists():
                return path
            path.mkdir(parents=True)
            source = of.get("secret") or of.get("configMap")
            if source is None:
                # As fsGroup makes it: the group's, and so is what comes into it.
                os.chown(path, 0, group)
                path.chmod(0o2777)
                return path
            held = self.secrets[source["secretName"]] if "secret" in of else self._map(source)
            for item in source.get("items") or [{"key": key, "path": key} for key in held]:
                file = path / item["path"]
                file.write_text(held[item["key"]], "utf-8")
                os.chown(file, 0, group)
                file.chmod(source.get("defaultMode", 0o644))
        return path

    def _map(self, source: Object) -> dict[str, str]:
        maps = [each for each in self.objects if each["kind"] == "ConfigMap"]
        (found,) = [each["data"] for each in maps if each["metadata"]["name"] == source["name"]]
        return dict(found)

    def _await(self, name: str, container: Object, probe: Object) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not self._succeeds(name, container, probe):
            assert time.monotonic() < deadline, f"{name} is not ready: {self.log(name)}"
            threading.Event().wait(1)

    def _succeeds(self, name: str, container: Object, probe: Object) -> bool:
        ports = {each["name"]: each["containerPort"] for each in container["ports"]}
        seconds = probe.get("timeoutSeconds", 1) + 5
        if "exec" in probe:
            command = ("exec", self.running[name], *probe["exec"]["command"])
            return bool(self.engine.run(*command, check=False).returncode == 0)
        try:
            if "httpGet" in probe:
                asked = probe["httpGet"]
                url = f"http://{self.address(name)}:{ports[asked['port']]}{asked['path']}"
                return httpx.get(url, timeout=seconds, trust_env=False).is_success
            if "grpc" in probe:
                wanted = health_pb2.HealthCheckRequest(service=probe["grpc"].get("service", ""))
                with grpc.insecure_channel(f"{self.address(name)}:{probe['grpc']['port']}") as line:
                    answer = health_pb2_grpc.HealthStub(line).Check(wanted, timeout=seconds)
                return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
        except (httpx.TransportError, grpc.RpcError):
            return False
        # tcpSocket: whoever listens is found by the probes that follow.
        return True


_MAKING = threading.Lock()


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(False, id="plain"),
        pytest.param(True, id="mtls", marks=pytest.mark.slow),
    ],
)
def node(
    request: pytest.FixtureRequest,
    engine: Any,
    images: Any,
    helm_program: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Node]:
    """A node on which every pod of a release with its own data is ready."""
    if os.geteuid() != 0:
        pytest.skip("only root can give volumes to other users: THE CHART IS NOT RUN")
    told = {
        "image.prefix": images.prefix,
        "image.tag": images.tag,
        "console.operator.existingSecret": "photo-operator",
        "grpcTls.enabled": str(request.param).lower(),
    }
    rendered = subprocess.run(
        [
            *(helm_program, "template", "photos", str(_CHART), "--namespace=studio"),
            f"--values={_CHART}/ci/bundled-values.yaml",
            *(f"--set={name}={value}" for name, value in told.items()),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    objects = [each for each in yaml.safe_load_all(rendered.stdout) if each]
    known = {"photo-operator": {"password": OPERATOR_PASSWORD}, **_certificates()}
    known |= {
        each["metadata"]["name"]: each["stringData"] for each in objects if each["kind"] == "Secret"
    }
    network = f"photos-chart-{secrets.token_hex(4)}"
    folder = tmp_path_factory.mktemp("node")
    # Other users have to come through to their volumes.
    for parent in (folder, folder.parent):
        parent.chmod(0o755)
    found = Node(engine, objects, folder, network, known)
    engine.run("network", "create", network)
    try:
        found.run_all()
        yield found
    finally:
        found.stop()
        engine.run("network", "rm", network, check=False)


def _certificates() -> dict[str, dict[str, str]]:
    """The Secrets that cert-manager would make."""
    authority = trustme.CA()
    made = {}
    for component in ("gateway", "console", "ingest", "status"):
        issued = authority.issue_cert(f"photos-{component}.studio.svc", "127.0.0.1")
        made[f"photos-{component}-tls"] = {
            "tls.crt": "".join(each.bytes().decode() for each in issued.cert_chain_pems),
            "tls.key": issued.private_key_pem.bytes().decode(),
            "ca.crt": authority.cert_pem.bytes().decode(),
        }
    return made


@pytest.fixture
def operator_password() -> str:
    """That of the operator whom the chart makes."""
    return OPERATOR_PASSWORD
