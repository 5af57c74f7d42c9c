"""Each container reaches, reads and writes what its service needs."""

from typing import Any

import pytest

_SERVICES = ["upload-gateway", "ingest-service", "status-service", "worker", "admin-console"]
# Tries each address, and prints those that let it in.
_CONNECT = """
import socket, sys
from concurrent.futures import ThreadPoolExecutor
def opens(target):
    try:
        socket.create_connection(target, timeout=3).close()
        return True
    except OSError:
        return False
targets = {targets!r}
with ThreadPoolExecutor(len(targets)) as pool:
    for target, opened in zip(targets, pool.map(opens, targets)):
        if opened:
            print(*target)
"""
# A name that the engine does not know is asked of the machine's servers, who may never answer.
_ASK_ONCE = "RES_OPTIONS=timeout:3 attempts:1"
_SECRETS = {
    "upload-gateway": {"session_secret"},
    "ingest-service": {"database_url", "redis_url"},
    "status-service": {"database_url", "redis_url"},
    "worker": {"database_url", "redis_url"},
    "admin-console": {"database_url", "redis_url"},
}


def addresses(system: Any, service: str, port: int) -> set[tuple[str, int]]:
    """By name, and by number, which needs no name."""
    networks = system.engine.inspect(system.container(service))["NetworkSettings"]["Networks"]
    return {(host, port) for host in (service, *(each["IPAddress"] for each in networks.values()))}


def opened(system: Any, service: str, targets: set[tuple[str, int]]) -> set[tuple[str, int]]:
    """Those which a service can connect to."""
    code = _CONNECT.format(targets=sorted(targets))
    done = system.compose("exec", "-T", "--env", _ASK_ONCE, service, "python", "-c", code)
    return {(host, int(port)) for host, port in map(str.split, done.stdout.splitlines())}


def test_the_gateway_cannot_open_a_database(system: Any) -> None:
    servers = addresses(system, "postgres", 5432) | addresses(system, "redis", 6379)
    assert {("postgres", 5432), ("redis", 6379)} <= opened(system, "ingest-service", servers)
    assert not opened(system, "upload-gateway", servers)


def test_the_worker_cannot_call_who_the_gateway_calls(system: Any) -> None:
    called = addresses(system, "ingest-service", 50051) | addresses(system, "status-service", 50052)
    names = {("ingest-service", 50051), ("status-service", 50052)}
    assert names <= opened(system, "upload-gateway", called)
    assert not opened(system, "worker", called)


@pytest.mark.parametrize("service", ["worker", "ingest-service", "status-service"])
def test_who_opens_photos_of_strangers_has_no_way_out(system: Any, service: str) -> None:
    done = system.python(service, "print(open('/proc/net/route').read())")
    destinations = [line.split()[1] for line in done.stdout.splitlines()[1:] if line]
    assert destinations
    assert "00000000" not in destinations


def test_only_the_gateway_and_the_console_are_published_and_only_to_this_machine(
    system: Any,
) -> None:
    published = {}
    for service in (*_SERVICES, "postgres", "redis"):
        ports = system.engine.inspect(system.container(service))["NetworkSettings"]["Ports"]
        published[service] = {each["HostIp"] for found in ports.values() for each in found or []}
    assert {service for service, found in published.items() if found} == {
        "upload-gateway",
        "admin-console",
    }
    assert set().union(*published.values()) == {"127.0.0.1"}


@pytest.mark.parametrize("service", _SERVICES)
def test_a_service_has_its_own_secrets_and_they_are_not_in_its_configuration(
    system: Any, service: str
) -> None:
    read = "import os; d = '/run/secrets/'\n"
    read += "for name in os.listdir(d): print(name, open(d + name).read())"
    found = dict(line.split() for line in system.python(service, read).stdout.splitlines())
    assert set(found) == _SECRETS[service]
    told = str(system.engine.inspect(system.container(service)))
    for secret in found.values():
        password = secret.partition("@")[0].rpartition(":")[2]
        assert len(password) >= 32
        assert password not in told


@pytest.mark.parametrize("service", _SERVICES)
def test_a_service_writes_nowhere_but_where_it_has_to(system: Any, service: str) -> None:
    script = """
import os, tempfile
for folder in ("/", "/opt/service", "/opt/venv", "/run/secrets", "/var/lib/photos", "/tmp"):
    try:
        tempfile.TemporaryFile(dir=folder).close()
        print(folder)
    except OSError:
        pass
"""
    writable = set(system.python(service, script).stdout.split())
    stores = service in {"upload-gateway", "ingest-service", "worker"}
    assert writable == {"/tmp", *(["/var/lib/photos"] if stores else [])}


@pytest.mark.parametrize("service", [*_SERVICES, "postgres", "redis"])
def test_a_container_has_no_more_rights_than_it_uses(system: Any, service: str) -> None:
    found = system.engine.inspect(system.container(service))
    host = found["HostConfig"]
    assert found["Config"]["User"] not in {"", "root", "0"}
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0


def test_a_service_has_no_rights_of_another_on_the_database(system: Any) -> None:
    code = """
import asyncio, asyncpg
async def main():
    database = await asyncpg.connect(open("/run/secrets/database_url").read())
    print(await database.fetchval("SELECT current_user"))
    print(await database.fetchval("SELECT count(*) >= 0 FROM photos"))
    try:
        await database.execute("DELETE FROM photos")
    except asyncpg.InsufficientPrivilegeError:
        print("refused")
asyncio.run(main())
"""
    done = system.python("status-service", code)
    assert done.stdout.split() == ["photo_status", "True", "refused"], done.stderr
