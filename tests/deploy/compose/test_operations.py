"""What docs/operations.md, "Compose", tells operators to do does what it says."""

import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_stack.sample_photos import Expected, SamplePhoto, sample_jpeg

_ROOT = Path(__file__).parents[3]
_TRACED = ["upload-gateway", "ingest-service", "status-service", "worker", "admin-console"]
_FETCH = "import urllib.request as r; print(r.urlopen('http://collector:4318/', timeout=5).status)"


def ids(system: Any, service: str) -> list[str]:
    """All of its containers, running or not."""
    found: list[str] = system.compose("ps", "--all", "--quiet", service).stdout.split()
    return found


@pytest.mark.slow
def test_new_containers_that_do_not_get_healthy_go_and_the_old_ones_stay(
    system: Any, images: Any, tmp_path: Path
) -> None:
    dockerfile = f"FROM {images.name('status-service')}\n"
    dockerfile += 'HEALTHCHECK --interval=1s --retries=1 CMD ["false"]\n'
    (tmp_path / "Dockerfile").write_text(dockerfile, "utf-8")
    sick = f"{images.prefix}/status-service:sick"
    system.engine.run("build", "--tag", sick, str(tmp_path), seconds=300)
    old = ids(system, "status-service")
    with pytest.raises(AssertionError, match="the old ones still serve"):
        system.script("deploy/compose/roll.sh", "status-service", "worker", IMAGE_TAG="sick")
    assert ids(system, "status-service") == old
    assert system.engine.inspect(old[0])["State"]["Health"]["Status"] == "healthy"
    # And whoever comes after it was left alone.
    assert len(ids(system, "worker")) == 1


def test_a_bucket_that_is_named_in_env_is_that_of_every_command(
    system: Any, tmp_path: Path
) -> None:
    example = (_ROOT / ".env.example").read_text("utf-8")
    (chosen,) = re.findall(r"^# (COMPOSE_FILE=.*)$", example, re.MULTILINE)
    assert chosen in (_ROOT / "docs" / "operations.md").read_text("utf-8")
    (tmp_path / ".env").write_text(f"{chosen}\nSTORAGE_URL=s3://photos/test\n", "utf-8")
    for each in ("gateway", "ingest", "status", "worker"):
        (tmp_path / f"object-store.{each}.env").write_text(f"AWS_ACCESS_KEY_ID={each}\n", "utf-8")
    told = system.compose(
        *("--project-directory", str(tmp_path), "config", "--format", "json"),
        COMPOSE_ENV_FILES="",
    )
    services = json.loads(told.stdout)["services"]
    using = {
        name: service["environment"]["AWS_ACCESS_KEY_ID"]
        for name, service in services.items()
        if (service.get("environment") or {}).get("STORAGE_URL") == "s3://photos/test"
    }
    assert using == {
        "upload-gateway": "gateway",
        "ingest-service": "ingest",
        "status-service": "status",
        "worker": "worker",
    }


@pytest.fixture
def collector(system: Any, images: Any) -> Iterator[str]:
    """A container of somebody else's that answers at port 4318."""
    name = f"photos-test-collector-{secrets.token_hex(4)}"
    serve = ("python", "-m", "http.server", "4318", "--directory", "/tmp")
    system.engine.run(
        *("run", "--detach", "--name", name, "--no-healthcheck"), images.name("migrations"), *serve
    )
    yield name
    system.engine.run("rm", "--force", name)


def test_a_collector_that_joins_two_networks_meets_every_service(
    system: Any, collector: str, wait_until: Any
) -> None:
    project = system.variables["COMPOSE_PROJECT_NAME"]
    for network in ("rpc", "telemetry"):
        system.engine.run(
            *("network", "connect", "--alias", "collector", f"{project}_{network}", collector)
        )
    for service in _TRACED:
        wait_until(
            lambda service=service: system.python(service, _FETCH).stdout.strip() == "200",
            f"{service} reaches the collector",
        )


def test_a_file_of_keys_that_is_missing_is_an_error_and_no_folder(system: Any) -> None:
    missing = _ROOT / f"api-keys-{secrets.token_hex(4)}.yaml"
    done = system.compose(
        *("run", "--rm", "--no-deps", "upload-gateway", "true"),
        check=False,
        API_KEYS_FILE=missing.name,
    )
    assert done.returncode != 0
    assert missing.name in done.stderr
    assert not missing.exists()


def test_an_image_that_was_not_built_is_not_fetched(system: Any) -> None:
    done = system.compose(
        "run", "--rm", "--no-deps", "operator", "true", check=False, IMAGE_TAG="never-built"
    )
    assert done.returncode != 0
    assert "pull" not in done.stderr.lower()


def test_no_container_has_a_volume_without_a_name(system: Any) -> None:
    project = system.variables["COMPOSE_PROJECT_NAME"]
    for container in system.compose("ps", "--all", "--quiet").stdout.split():
        for mount in system.engine.inspect(container)["Mounts"]:
            assert mount["Type"] == "bind" or mount["Name"].startswith(project), mount


def test_the_tables_belong_to_a_role_that_is_no_superuser(system: Any) -> None:
    query = "SELECT tableowner, rolsuper FROM pg_tables JOIN pg_roles ON rolname = tableowner"
    query += " WHERE tablename = 'photos'"
    told = system.compose("exec", "-T", "postgres", "psql", "-U", "photo", "-Atc", query)
    assert told.stdout.strip() == "photo|f"


@pytest.mark.slow
def test_the_password_of_the_owner_can_be_changed(system: Any) -> None:
    remove = ("run", "--rm", "--no-deps", "--entrypoint", "rm", "secrets")
    system.compose(*remove, "/secrets/postgres/owner_password")
    system.compose("up", "secrets")
    migrate = ("run", "--rm", "--no-deps", "migrations")
    assert system.compose(*migrate, check=False).returncode != 0
    statements = "/docker-entrypoint-initdb.d/make_owner.sql"
    system.compose("exec", "-T", "postgres", "psql", "-U", "postgres", "-f", statements)
    system.compose(*migrate)


def redis(system: Any, *command: str) -> str:
    """What Redis says to the user who may do everything."""
    script = 'REDISCLI_AUTH="$(cat /run/secrets/password)" redis-cli "$@"'
    done = system.compose("exec", "-T", "redis", "sh", "-c", script, "sh", *command)
    return str(done.stdout.strip())


_WORKERS = """
from celery import Celery
app = Celery(broker=open("/run/secrets/redis_url").read())
print(len(app.control.inspect(timeout=10, limit=1).ping()))
"""
_REFUSED = """
import redis
client = redis.Redis.from_url(open("/run/secrets/redis_url").read())
for command in ("FLUSHALL", "KEYS *", "CONFIG GET requirepass", "ACL LIST", "SHUTDOWN"):
    try:
        client.execute_command(*command.split())
    except redis.exceptions.NoPermissionError:
        print("refused")
"""


def test_celery_is_refused_nothing_that_it_needs_and_a_service_what_it_does_not(
    system: Any, results: Any
) -> None:
    with system.api() as api:
        photos = [
            SamplePhoto(f"{number}.jpg", "image/jpeg", sample_jpeg(), Expected.SUCCESS)
            for number in range(5)
        ]
        tasks = results(api, api.upload(photos)["task_ids"])
    assert {task["status"] for task in tasks} == {"SUCCESS"}
    asked = system.python("admin-console", _WORKERS)
    assert asked.stdout.strip() == "1", asked.stderr
    assert redis(system, "ACL", "LOG") == ""
    for service in ("ingest-service", "status-service", "worker", "admin-console"):
        done = system.python(service, _REFUSED)
        assert done.stdout.split() == ["refused"] * 5, done.stderr
    redis(system, "ACL", "LOG", "RESET")
