"""Migrations come before the services that need them, and never wait for those."""

from typing import Any

import pytest

from photo_records.service_roles import ServiceRole

_EXTERNAL = ["defaults", "production", "without-crds", "cloud-identity"]
_HOOK = "helm.sh/hook"


def hooks(manifests: Any) -> list[Any]:
    return [
        each
        for each in manifests.objects
        if each["metadata"].get("annotations", {}).get(_HOOK) == "pre-install,pre-upgrade"
    ]


@pytest.mark.parametrize("value_set", _EXTERNAL)
def test_with_a_database_elsewhere_they_end_before_anything_is_changed(
    render: Any, value_set: str
) -> None:
    manifests = render(value_set)
    job = manifests.named("Job", "photos-migrations")
    assert job in hooks(manifests)
    # What is not a hook is not there yet at an install: the job must need none of it.
    made_before = {(each["kind"], each["metadata"]["name"]) for each in hooks(manifests)}
    spec = job["spec"]["template"]["spec"]
    assert ("ServiceAccount", spec["serviceAccountName"]) in made_before
    secrets = {
        each["valueFrom"]["secretKeyRef"]["name"]
        for each in spec["containers"][0]["env"]
        if "valueFrom" in each
    }
    assert secrets == {"photo-database"}
    assert not secrets & {each["metadata"]["name"] for each in manifests.of_kind("Secret")}


@pytest.mark.parametrize("value_set", _EXTERNAL)
def test_what_the_job_needs_is_there_before_it(render: Any, value_set: str) -> None:
    weights = {
        each["kind"]: int(each["metadata"]["annotations"]["helm.sh/hook-weight"])
        for each in hooks(render(value_set))
    }
    job = weights.pop("Job")
    assert all(weight < job for weight in weights.values())


def test_with_the_bundled_database_they_are_a_job_beside_it_that_no_wait_waits_for(
    render: Any,
) -> None:
    manifests = render("bundled")
    assert not hooks(manifests)
    (job,) = manifests.of_kind("Job")
    # A job cannot be changed: each release has its own.
    assert job["metadata"]["name"] == "photos-migrations-1"


def test_with_the_bundled_database_each_service_logs_in_as_its_own_role(render: Any) -> None:
    manifests = render("bundled")
    (job,) = manifests.of_kind("Job")
    spec = job["spec"]["template"]["spec"]
    assert [each["name"] for each in spec["initContainers"]] == ["migrations"]
    (logins,) = spec["containers"]
    assert logins["command"] == ["python", "-m", "photo_records", "logins"]
    (volume,) = [each["secret"] for each in spec["volumes"] if each["name"] == "logins"]
    secret = manifests.named("Secret", volume["secretName"])["stringData"]
    passwords = {each["path"]: secret[each["key"]] for each in volume["items"]}
    assert set(passwords) == {role.service for role in ServiceRole}
    for role in ServiceRole:
        told = f"postgresql://{role}:{passwords[role.service]}@photos-postgres:5432/photo"
        assert secret[role.service] == told
    assert len({*passwords.values(), secret["postgres-password"]}) == len(ServiceRole) + 1


@pytest.mark.parametrize("value_set", _EXTERNAL)
def test_with_a_database_elsewhere_no_role_gets_a_password(render: Any, value_set: str) -> None:
    assert "logins" not in dict(render(value_set).containers())


@pytest.mark.parametrize("value_set", _EXTERNAL)
def test_a_dsn_that_does_not_work_is_told_within_minutes(render: Any, value_set: str) -> None:
    job = render(value_set).named("Job", "photos-migrations")
    # https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-backoff-failure-policy
    pauses = sum(10 * 2**number for number in range(job["spec"]["backoffLimit"]))
    assert pauses < 120


def test_the_bundled_postgres_has_longer_to_start(render: Any) -> None:
    (job,) = render("bundled").of_kind("Job")
    assert job["spec"]["backoffLimit"] >= 6


def test_they_try_again_and_every_try_can_be_looked_into(manifests: Any) -> None:
    (job,) = manifests.of_kind("Job")
    assert job["spec"]["backoffLimit"] >= 3
    assert job["spec"]["activeDeadlineSeconds"] > 0
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
