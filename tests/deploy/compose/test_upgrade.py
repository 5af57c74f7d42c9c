"""A service is replaced by its next version under load, and nobody notices."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from local_stack.sample_photos import sample_png

_OTHERS = ("status-service", "worker")
_VERSION = "org.opencontainers.image.version"


@dataclass
class Load:
    """Visitors in threads who upload, ask and look until they are sent home."""

    base_url: str
    answers: list[tuple[str, int | str]] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    renditions: list[str] = field(default_factory=list)
    _home: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        client = httpx.Client(base_url=self.base_url, timeout=30, trust_env=False)
        client.headers["X-CSRFToken"] = client.get("/api/csrf").json()["csrf_token"]
        acts = (self._upload, self._upload, self._poll, self._look)
        threads = [threading.Thread(target=self._repeat, args=(client, act)) for act in acts]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._home.set()
            for thread in threads:
                thread.join()
            client.close()

    def count(self, kind: str) -> int:
        return sum(each == kind for each, _ in list(self.answers))

    def _repeat(self, client: httpx.Client, act: Callable[[httpx.Client], None]) -> None:
        while not self._home.wait(0.05):
            try:
                act(client)
            except httpx.TransportError as error:
                self.answers.append((act.__name__, repr(error)))

    def _upload(self, client: httpx.Client) -> None:
        answer = client.post("/api/upload/", files=[("images", ("a.png", sample_png()))])
        self.answers.append(("upload", answer.status_code))
        if answer.status_code == 202:
            self.accepted.extend(answer.json()["task_ids"])

    def _poll(self, client: httpx.Client) -> None:
        if self.accepted:
            query = {"task_id": self.accepted[-20:]}
            answer = client.get("/api/task-status/", params=query)
            self.answers.append(("poll", answer.status_code))
            for task in answer.json().get("tasks", []) if answer.is_success else []:
                if task["result"]:
                    self.renditions.append(task["result"]["renditions"][0]["url"])

    def _look(self, client: httpx.Client) -> None:
        if self.renditions:
            self.answers.append(("look", client.get(self.renditions[-1]).status_code))


@pytest.mark.parametrize(
    "service", ["ingest-service", *(pytest.param(each, marks=pytest.mark.slow) for each in _OTHERS)]
)
def test_a_service_is_upgraded_under_load_without_an_error(
    system: Any, next_image: Any, results: Any, wait_until: Any, service: str
) -> None:
    next_image(service)
    old = system.container(service)
    load = Load(system.gateway_url)
    with load.going_on():
        wait_until(lambda: load.count("look") > 5, "the load is on")
        system.script("deploy/compose/roll.sh", service, IMAGE_TAG="next")
        seen = load.count("upload"), load.count("look")
        wait_until(
            lambda: load.count("upload") > seen[0] + 5 and load.count("look") > seen[1] + 5,
            "the load goes on",
        )
    new = system.container(service)
    assert new != old
    assert system.engine.inspect(new)["Config"]["Labels"][_VERSION] == "next"
    assert set(Counter(load.answers)) == {("upload", 202), ("poll", 200), ("look", 200)}
    with system.api() as api:
        assert {task["status"] for task in results(api, load.accepted)} == {"SUCCESS"}
