"""The steps of a restore in docs/operations.md, against what the chart makes."""

import re
from typing import Any

import pytest

_SERVICES = ("gateway", "ingest", "status", "worker", "console")


@pytest.fixture
def steps(documented: str) -> str:
    """The commands that close a release, with their lines joined."""
    found = re.search(r"^1\. \[Silence .*?```\n(.*?)```", documented, re.DOTALL | re.MULTILINE)
    assert found
    return found[1].replace("\\\n", " ")


def selects(selector: str, labels: dict[str, str]) -> bool:
    """Whether a selector of kubectl finds who has these labels."""
    for requirement in re.split(r",(?![^(]*\))", selector):
        if chosen := re.fullmatch(r"(\S+) in \((.*)\)", requirement):
            met = labels.get(chosen[1]) in chosen[2].split(",")
        elif requirement.startswith("!"):
            met = requirement[1:] not in labels
        else:
            name, _, value = requirement.partition("=")
            met = labels.get(name) == value
        if not met:
            return False
    return True


def test_it_waits_for_every_pod_that_serves_and_not_for_the_one_that_takes_commands(
    render: Any, steps: str
) -> None:
    (selector,) = re.findall(r"--selector\s+'(.*)'", steps)

    def waited_for(manifests: Any) -> set[str]:
        return {
            owner["metadata"]["name"]
            for owner, pod in manifests.pods()
            if selects(selector, pod["metadata"]["labels"])
        }

    assert waited_for(render("production")) == {f"photos-{name}" for name in _SERVICES}
    closed = render("production", "maintenance=true")
    running = {
        each["metadata"]["name"]
        for each in closed.of_kind("Deployment")
        if each["spec"]["replicas"]
    }
    assert running == {"photos-ingest"}
    assert not waited_for(closed) & running


def test_it_waits_longer_than_any_pod_has_to_stop(render: Any, steps: str) -> None:
    (minutes,) = re.findall(r"--timeout=(\d+)m", steps)
    deployments = render("production").of_kind("Deployment")
    longest = max(
        each["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] for each in deployments
    )
    assert int(minutes) * 60 > longest


def test_it_takes_the_numbers_of_replicas_from_the_autoscalers(steps: str) -> None:
    # Server-side apply refuses to set a field that somebody else set last.
    (closing,) = [line for line in steps.splitlines() if "helm upgrade" in line]
    assert "maintenance=true" in closing
    assert "--force-conflicts" in closing


def test_what_is_backed_up_by_hand_has_a_command_that_puts_it_back(documented: str) -> None:
    by_hand = documented.partition("\nThe bundled Postgres and volume are backed up by hand:\n")[2]
    backed_up = set(re.findall(r" > (\S+)$", by_hand, re.MULTILINE))
    assert backed_up == {"photo.dump", "photos.tar"}
    assert set(re.findall(r"--stdin [^<]* < (\S+)$", by_hand, re.MULTILINE)) == backed_up
