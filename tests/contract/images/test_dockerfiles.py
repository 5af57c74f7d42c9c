"""Each Dockerfile takes the members that its service is made of, and the versions of everybody."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
# The folder of each image's Dockerfile, with the extra of that member that it needs.
IMAGES = {
    "upload-gateway": ("upload-gateway", ""),
    "ingest-service": ("ingest-service", ""),
    "status-service": ("status-service", ""),
    "worker": ("worker", ""),
    "admin-console": ("admin-console", ""),
    "migrations": ("libs/photo-records", "migrations"),
}
BASE = "python:3.12-slim"


def project(folder: str) -> Any:
    return tomllib.loads((ROOT / folder / "pyproject.toml").read_text("utf-8"))["project"]


def members() -> dict[str, str]:
    """The folder of each member, by the name of its distribution."""
    found = [path.parent.relative_to(ROOT) for path in ROOT.glob("*/pyproject.toml")]
    found += [path.parent.relative_to(ROOT) for path in ROOT.glob("libs/*/pyproject.toml")]
    return {project(str(folder))["name"]: str(folder) for folder in found}


def required(folder: str, extra: str) -> tuple[set[str], set[str]]:
    """The folders of all members that a member needs, itself included, and their dependencies."""
    known, folders, outside = members(), set[str](), set[str]()
    waiting = [(folder, extra)]
    while waiting:
        folder, extras = waiting.pop()
        folders.add(folder)
        declared = project(folder)
        texts = list(declared["dependencies"])
        for each in filter(None, extras.split(",")):
            texts += declared["optional-dependencies"][each]
        for text in texts:
            match = re.match(r"([a-z0-9-]+)(?:\[(.*)\])?", text)
            assert match
            if match[1] in known:
                waiting.append((known[match[1]], match[2] or ""))
            else:
                outside.add(match[1])
    return folders, outside


def pins(lock: Path) -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+==[^ ]+)", lock.read_text("utf-8"), re.MULTILINE))


@pytest.fixture(params=IMAGES)
def image(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def dockerfile(image: str) -> str:
    return (ROOT / IMAGES[image][0] / "Dockerfile").read_text("utf-8")


def test_it_is_made_of_the_members_that_the_service_needs(image: str, dockerfile: str) -> None:
    copied = re.findall(r"^COPY (\S+) \1$", dockerfile, re.MULTILINE)
    folders, _ = required(*IMAGES[image])
    assert set(copied) == folders
    assert len(copied) == len(set(copied))


def test_its_lock_has_what_they_need_in_the_versions_of_all(image: str, dockerfile: str) -> None:
    lock = ROOT / "requirements" / "images" / f"{image}.txt"
    assert f"requirements/images/{image}.txt" in dockerfile
    _, outside = required(*IMAGES[image])
    locked = pins(lock)
    assert outside <= {pin.partition("==")[0] for pin in locked}
    assert locked <= pins(ROOT / "requirements" / "local.txt"), "run `make lock`"


def test_nothing_is_fetched_without_a_hash(dockerfile: str) -> None:
    commands = re.split(r"&&|\n", dockerfile.replace("\\\n", " "))
    installs = [each for each in commands if re.search(r"\bpip\b.* install\b", each)]
    assert len(installs) >= 3
    for each in installs:
        assert "--require-hashes" in each or "--no-index" in each
        # What a source is built with would be fetched besides.
        assert "--no-build-isolation" in each or "--no-binary" not in each


def test_every_stage_starts_from_the_same_base(dockerfile: str) -> None:
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) == {BASE}


def test_what_the_images_share_is_written_the_same(dockerfile: str) -> None:
    """Else they share no layers, and one of them is forgotten at the next change."""
    first = (ROOT / IMAGES["upload-gateway"][0] / "Dockerfile").read_text("utf-8")
    for beginning in ("RUN rm -r", "COPY requirements/images/build.txt"):
        (shared,) = re.findall(rf"^{beginning}.*?(?<!\\)\n(?=\S)", first, re.MULTILINE | re.DOTALL)
        assert shared.partition(" \\\n    && install")[0].strip() in dockerfile
