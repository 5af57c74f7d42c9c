"""Secrets that are made once: an upgrade keeps them, and what runs goes on to be let in."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import yaml


class Cluster(ThreadingHTTPServer):
    """As much of the API of Kubernetes as helm needs to look for Secrets."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.secrets: dict[str, dict[str, str]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    server: Cluster

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        answer = _DISCOVERY.get(path)
        name = path.removeprefix("/api/v1/namespaces/studio/secrets/")
        if name in self.server.secrets:
            answer = _secret(name, self.server.secrets[name])
        missing = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound"}
        body = json.dumps(answer or missing | {"code": 404}).encode()
        self.send_response(200 if answer else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


_KINDS = {
    "v1": ("ConfigMap", "PersistentVolumeClaim", "Pod", "Secret", "Service", "ServiceAccount"),
    "apps/v1": ("Deployment", "StatefulSet"),
    "batch/v1": ("Job",),
    "networking.k8s.io/v1": ("Ingress", "NetworkPolicy"),
    "policy/v1": ("PodDisruptionBudget",),
}


def _resources(version: str) -> dict[str, Any]:
    resources = [
        {"name": f"{kind.lower()}s", "kind": kind, "namespaced": True, "verbs": ["get", "create"]}
        for kind in _KINDS[version]
    ]
    return {"kind": "APIResourceList", "groupVersion": version, "resources": resources}


def _group(version: str) -> dict[str, Any]:
    named = {"groupVersion": version, "version": version.rpartition("/")[2]}
    return {"name": version.rpartition("/")[0], "versions": [named], "preferredVersion": named}


_DISCOVERY: dict[str, Any] = {
    "/version": {"major": "1", "minor": "34", "gitVersion": "v1.34.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [_group(version) for version in _KINDS if "/" in version],
    },
    **{
        f"/{'apis' if '/' in version else 'api'}/{version}": _resources(version)
        for version in _KINDS
    },
}


def _secret(name: str, values: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": "studio",
            # Whose it is: helm touches nobody else's.
            "labels": {"app.kubernetes.io/managed-by": "Helm"},
            "annotations": {
                "meta.helm.sh/release-name": "photos",
                "meta.helm.sh/release-namespace": "studio",
            },
        },
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()},
    }


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def made(helm: Any, cluster: Cluster) -> Any:
    """The Secrets of an installation with the values of a set, as helm would send them."""

    def make(value_set: str) -> dict[str, dict[str, str]]:
        done = helm.template(
            *(f"--values={helm.values_file(value_set)}", "--dry-run=server"),
            *(f"--kube-apiserver={cluster.url}", "--disable-openapi-validation"),
        )
        assert done.returncode == 0, done.stderr
        objects = [each for each in yaml.safe_load_all(done.stdout) if each]
        return {
            each["metadata"]["name"]: each["stringData"]
            for each in objects
            if each["kind"] == "Secret"
        }

    return make


def test_they_are_random_at_an_install(made: Any) -> None:
    first, second = made("bundled"), made("bundled")
    assert len(first["photos-session"]["secret"]) >= 32
    assert first["photos-session"] != second["photos-session"]
    assert (
        first["photos-bundled"]["postgres-password"]
        != (second["photos-bundled"]["postgres-password"])
    )


def test_an_upgrade_finds_and_keeps_them(made: Any, cluster: Cluster) -> None:
    cluster.secrets = made("bundled")
    assert made("bundled") == cluster.secrets
