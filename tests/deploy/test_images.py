"""Each image has what its service needs, and nothing for whoever breaks in."""

from typing import Any

import pytest

# What belongs to some services, and to which.
_BELONGS = {
    "fastapi": {"upload-gateway"},
    "sqladmin": {"admin-console"},
    "celery": {"ingest-service", "worker", "admin-console"},
    "grpc": {"upload-gateway", "ingest-service", "status-service", "admin-console"},
    "obstore": {"upload-gateway", "ingest-service", "status-service", "worker"},
    "redis": {"ingest-service", "status-service", "worker", "admin-console"},
    "asyncpg": {"ingest-service", "status-service", "admin-console"},
    "psycopg2": {"worker", "migrations"},
    "sqlalchemy": {"ingest-service", "worker", "admin-console", "migrations"},
    "alembic": {"migrations"},
    "pyvips": {"worker"},
    "pypdfium2": {"worker"},
    "PIL": {"worker"},
    "photo_records": {
        *("ingest-service", "status-service", "worker", "admin-console", "migrations"),
    },
    "photo_uploads": {"upload-gateway", "ingest-service"},
    **{each: set() for each in ("pip", "ensurepip", "setuptools", "pkgconfig", "hatchling")},
}
_FIND = "import importlib.util, sys\nfor name in sys.argv[1:]:\n"
_FIND += "    importlib.util.find_spec(name) and print(name)"
_OTHERS = ("status-service", "worker")
_PROGRAMS = ("pip", "pip3", "uv", "gcc", "cc", "ld", "make", "curl", "wget", "git")
_WHICH = "import shutil, sys\nfor name in sys.argv[1:]:\n    shutil.which(name) and print(name)"


def run(engine: Any, image: str, *command: str) -> Any:
    confined = ("--rm", "--network", "none", "--read-only", "--cap-drop", "ALL")
    return engine.run("run", *confined, image, *command, check=False)


def test_it_holds_what_its_service_imports_and_nothing_of_others(engine: Any, image: str) -> None:
    service = image.rpartition("/")[2].partition(":")[0]
    done = run(engine, image, "python", "-c", _FIND, *_BELONGS)
    assert done.returncode == 0, done.stderr
    found = set(done.stdout.split())
    assert found == {name for name, services in _BELONGS.items() if service in services}


def test_nothing_in_it_installs_or_compiles(engine: Any, image: str) -> None:
    found = run(engine, image, "python", "-c", _WHICH, *_PROGRAMS)
    assert (found.returncode, found.stdout) == (0, ""), found.stderr


def test_it_runs_as_a_user_who_owns_no_code(engine: Any, image: str) -> None:
    assert engine.inspect(image)["Config"]["User"] == "10001:10001"
    assert run(engine, image, "id", "-u").stdout.strip() == "10001"
    written = "find / -xdev -user 10001 -not -path '/proc/*' 2> /dev/null"
    done = run(engine, image, "sh", "-c", f"{written} || true")
    assert done.returncode == 0, done.stderr
    found = done.stdout.split()
    assert found in ([], ["/var/lib/photos"])


def test_its_labels_tell_what_it_is(engine: Any, image: str) -> None:
    labels = engine.inspect(image)["Config"]["Labels"]
    told = {name.removeprefix("org.opencontainers.image."): value for name, value in labels.items()}
    assert told["title"] == image.rpartition("/")[2].partition(":")[0]
    assert told["version"] == "built"
    assert len(told["revision"]) == 40
    assert told["description"]
    assert told["licenses"] == "Apache-2.0"


def test_an_engine_can_ask_each_service_for_its_health(engine: Any, image: str) -> None:
    check = engine.inspect(image)["Config"].get("Healthcheck", {}).get("Test")
    if "migrations" in image:
        assert check == ["NONE"]
    else:
        assert check[:3] == ["CMD", "python", "-m"]
        # Nothing serves here, so it says no.
        assert run(engine, image, *check[1:]).returncode == 1


def test_a_service_without_settings_says_which_it_needs(engine: Any, image: str) -> None:
    done = run(engine, image)
    assert done.returncode == 2
    needed = "SESSION_SECRET" if "gateway" in image else "DATABASE_URL"
    assert needed in done.stderr


@pytest.mark.parametrize(
    "service", ["ingest-service", *(pytest.param(each, marks=pytest.mark.slow) for each in _OTHERS)]
)
def test_its_dependencies_are_a_layer_that_code_does_not_change(
    engine: Any, images: Any, next_image: Any, service: str
) -> None:
    changed, layers = (
        engine.inspect(name)["RootFS"]["Layers"]
        for name in (next_image(service), f"{images.prefix}/{service}:before")
    )
    assert len(changed) == len(layers)
    assert changed[-2] == layers[-2]
    assert changed[-1] != layers[-1]
