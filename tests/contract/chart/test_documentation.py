"""An install by docs/operations.md: its commands and values fit each other and the tools."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture
def production(documented: str) -> dict[str, Any]:
    """The values of an installation for good."""
    (values,) = re.findall(r"```yaml\n(# production\.yaml.*?)```", documented, re.DOTALL)
    return dict(yaml.safe_load(values))


@pytest.fixture
def commands(documented: str) -> str:
    """Every block of commands, with continued lines joined."""
    blocks = re.findall(r"^ *```\n(.*?)```", documented, re.DOTALL | re.MULTILINE)
    return "\n".join(blocks).replace("\\\n", " ")


def secrets_in(values: Any) -> set[str]:
    if not isinstance(values, dict):
        return set()
    named = {value for key, value in values.items() if key.endswith("Secret")}
    return named.union(*(secrets_in(value) for value in values.values()))


def test_every_secret_that_the_values_name_is_made_by_a_command(
    production: dict[str, Any], documented: str
) -> None:
    made = set(re.findall(r"kubectl create secret (?:generic|tls) ([\w-]+)", documented))
    assert secrets_in(production) <= made


def test_the_namespace_is_there_before_anything_is_put_into_it(documented: str) -> None:
    for_good = documented.partition("### For good")[2]
    before, made, _ = for_good.partition("kubectl create namespace photos")
    assert made
    assert "--namespace photos" not in before


def test_every_image_is_pushed_that_a_pod_may_run(commands: str, render: Any) -> None:
    (pushed,) = re.findall(r"for image in ([\w -]+); do\s+docker push", commands)
    manifests = render("production", "worker.image=", "image.prefix=here")
    run = {
        container["image"].partition("/")[2].partition(":")[0]
        for _, container in manifests.containers()
    }
    assert set(pushed.split()) == run


def test_helm_knows_every_option_that_it_is_given(commands: str, helm: Any) -> None:
    given = re.findall(r"\bhelm (install|upgrade|rollback|test|uninstall)\b(.*)", commands)
    assert given
    for command, rest in given:
        known = set(re.findall(r"--[a-z-]+", helm.run(command, "--help").stdout))
        assert set(re.findall(r"(?<!\S)--[a-z-]+", rest)) <= known, command


def test_the_ingress_lets_photos_of_any_allowed_size_through(
    production: dict[str, Any], render: Any
) -> None:
    annotations = {
        "nginx.ingress.kubernetes.io/proxy-body-size": "520m",
        "nginx.ingress.kubernetes.io/proxy-request-buffering": "off",
        "nginx.ingress.kubernetes.io/proxy-read-timeout": "3600",
    }
    assert production["ingress"]["annotations"] == annotations
    ingress = render("production").named("Ingress", "photos-gateway")
    assert ingress["metadata"]["annotations"] == annotations


def test_the_values_for_being_watched_are_taken(helm: Any, documented: str, tmp_path: Path) -> None:
    (values,) = re.findall(r"```yaml\n(# monitoring\.yaml.*?)```", documented, re.DOTALL)
    file = tmp_path / "monitoring.yaml"
    file.write_text(values, "utf-8")
    done = helm.template(f"--values={helm.values_file('defaults')}", f"--values={file}")
    assert done.returncode == 0, done.stderr
    assert {"PodMonitor", "PrometheusRule"} <= set(
        re.findall(r"^kind: (\w+)$", done.stdout, re.MULTILINE)
    )
