"""The console is there where it is wanted, behind doors that an operator opens on purpose."""

from typing import Any

import pytest


def test_nothing_of_it_is_made_where_nobody_asked(render: Any) -> None:
    manifests = render("defaults")
    assert not [each for each in manifests.objects if "console" in each["metadata"]["name"]]


def test_the_gateway_leads_to_it_only_where_it_was_told_to(render: Any) -> None:
    def admin_url(manifests: Any) -> str:
        ((_, gateway),) = [found for found in manifests.containers() if found[0] == "gateway"]
        (found,) = [each["value"] for each in gateway["env"] if each["name"] == "ADMIN_URL"]
        return str(found)

    assert admin_url(render("bundled")) == ""
    assert admin_url(render("production")) == "https://admin.example.org"


def test_no_ingress_leads_to_it_unless_it_is_its_own(render: Any) -> None:
    def backends(manifests: Any) -> dict[str, str]:
        return {
            rule["host"]: path["backend"]["service"]["name"]
            for ingress in manifests.of_kind("Ingress")
            for rule in ingress["spec"]["rules"]
            for path in rule["http"]["paths"]
        }

    hosts = {"photos.example.org": "photos-gateway", "admin.example.org": "photos-console"}
    assert backends(render("production")) == hosts
    assert "photos-console" not in backends(render("without-crds", "console.enabled=true")).values()


def test_the_first_operators_password_is_a_file_that_only_its_command_sees(render: Any) -> None:
    deployment = render("production").named("Deployment", "photos-console")
    spec = deployment["spec"]["template"]["spec"]
    (command,) = spec["initContainers"]
    (console,) = spec["containers"]
    assert command["command"][-2:] == ["createsuperuser", "--if-missing"]
    told = {each["name"]: each.get("value") for each in command["env"]}
    assert told["ADMIN_USERNAME"] == "ann"
    assert "ADMIN_PASSWORD" not in told
    (mount,) = [each for each in command["volumeMounts"] if each["name"] == "operator"]
    assert told["ADMIN_PASSWORD_FILE"] == f"{mount['mountPath']}/password"
    assert "operator" not in {each["name"] for each in console["volumeMounts"]}
    assert not {"ADMIN_USERNAME", "ADMIN_PASSWORD_FILE"} & {each["name"] for each in console["env"]}


def test_without_a_password_nobody_is_made(render: Any) -> None:
    deployment = render("bundled").named("Deployment", "photos-console")
    assert "initContainers" not in deployment["spec"]["template"]["spec"]


def test_it_reads_the_database_with_a_role_of_its_own(render: Any) -> None:
    for name, container in render("production").containers():
        if name in {"console", "operator"}:
            (found,) = [each for each in container["env"] if each["name"] == "DATABASE_URL"]
            assert found["valueFrom"]["secretKeyRef"] == {
                "name": "photo-database",
                "key": "console",
            }


@pytest.mark.parametrize(
    ("value_set", "told"),
    [
        ("bundled", ("service/photos-console 8010:80", "-- python -m admin_console createsup")),
        ("production", ("https://admin.example.org/admin/", "Its first operator is ann")),
    ],
)
def test_the_notes_tell_how_to_get_in(helm: Any, value_set: str, told: tuple[str, ...]) -> None:
    done = helm.run(
        *("install", "photos", str(helm.chart), "--namespace=studio", "--dry-run=client"),
        f"--values={helm.values_file(value_set)}",
    )
    notes = done.stdout.partition("\nNOTES:\n")[2]
    for each in told:
        assert each in notes, done.stderr


def test_the_notes_warn_of_an_ingress_whose_proxy_nobody_trusts(helm: Any) -> None:
    done = helm.run(
        *("install", "photos", str(helm.chart), "--namespace=studio", "--dry-run=client"),
        f"--values={helm.values_file('production')}",
        "--set-json=console.trustedProxies=[]",
    )
    assert "console.trustedProxies is empty" in done.stdout.partition("\nNOTES:\n")[2]
