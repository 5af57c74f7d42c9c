"""Every process of a stack is killed and restarted under clients that upload, poll and download."""

import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import httpx
import pytest
import redis

from local_stack.running_stack import RunningStack, temporary_stack

# The longest that an answer may take, in seconds: what the gateway gives its calls, and something
# for a busy machine.
BOUNDS = {"upload": 15 + 5, "poll": 5 + 3, "rendition": 5 + 3, "readiness": 1 + 3}
INGEST, STATUS, GATEWAY = "ingest-service", "status-service", "upload-gateway"
RECOVERED_WITHIN = 30.0

# Worker first: what dies with it waits for its lease while the others have their turn.
KILLS = [
    ("worker", signal.SIGKILL),
    (INGEST, signal.SIGKILL),
    (STATUS, signal.SIGKILL),
    (GATEWAY, signal.SIGKILL),
    ("redis", signal.SIGKILL),
    ("postgres", signal.SIGKILL),
    ("redis", signal.SIGTERM),
    # What stops Postgres in order: SIGTERM would wait until every client has left.
    ("postgres", signal.SIGINT),
    (INGEST, signal.SIGTERM),
    (STATUS, signal.SIGTERM),
    (GATEWAY, signal.SIGTERM),
    ("worker", signal.SIGTERM),
]


@dataclass(frozen=True)
class Answer:
    """One request as its client saw it; `status` 0 is a connection that was refused or broke."""

    kind: str
    began: float
    ended: float
    status: int = 0
    body: Any = None
    may_try_again: bool = False

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    def is_fair(self, restarts: Sequence["Restart"]) -> bool:
        """Whether a client of this service has to expect it, while these processes were away."""
        if self.seconds > BOUNDS[self.kind]:
            return False
        if self.status:
            return self.is_good or (self.status == 503 and self.may_try_again)
        return any(
            self.began <= restart.ended and restart.began <= self.ended
            for restart in restarts
            # A download that is under way cannot become a 503 any more.
            if restart.name == GATEWAY or (restart.name == STATUS and self.kind == "rendition")
        )


@dataclass(frozen=True)
class Restart:
    """A process that was killed, until everything was served again."""

    name: str
    began: float
    ended: float


@dataclass
class Visitors:
    """Clients in threads that go on whatever they are answered, and remember all of it."""

    api: Any
    jpeg: bytes
    answers: list[Answer] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    renditions: list[str] = field(default_factory=list)
    _left: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def at_work(self) -> Iterator["Visitors"]:
        threads = [
            threading.Thread(target=self._repeat, args=(act,))
            for act in (self._upload, self._poll, self._download, self._look)
        ]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._left.set()
            for thread in threads:
                thread.join()

    def of(self, kind: str) -> list[Answer]:
        return [answer for answer in list(self.answers) if answer.kind == kind]

    def served_since(self, moment: float) -> bool:
        """Whether each kind of request was answered well after that moment."""
        return all(
            any(answer.is_good and answer.began > moment for answer in self.of(kind))
            for kind in BOUNDS
        )

    def answered_since(self, moment: float) -> bool:
        return all(any(each.began > moment for each in self.of(kind)) for kind in BOUNDS)

    def expect_fair_answers(self, *restarts: Restart) -> None:
        """Fail with every answer that a client should not have seen."""
        unfair = [str(answer) for answer in self.answers if not answer.is_fair(restarts)]
        assert not unfair, "\n".join(unfair)

    def expect_success_of_all(self) -> None:
        """Wait until everything that was accepted has succeeded."""
        for first in range(0, len(self.accepted), 100):
            tasks = self.api.wait(self.accepted[first : first + 100])
            assert {task["status"] for task in tasks} == {"SUCCESS"}

    def summary(self) -> str:
        lines = []
        for kind in BOUNDS:
            slowest = max(answer.seconds for answer in self.of(kind))
            statuses = dict(Counter(answer.status for answer in self.of(kind)))
            lines.append(f"{kind}: {statuses}, the slowest took {slowest:.2f} s")
        return "\n".join(lines)

    def _repeat(self, act: Callable[[httpx.Client], None]) -> None:
        session = self.api.http
        with httpx.Client(
            base_url=self.api.base_url,
            headers=dict(session.headers),
            cookies=session.cookies,
            timeout=max(BOUNDS.values()) + 5,
            trust_env=False,
        ) as client:
            while not self._left.wait(0.1):
                act(client)

    def _ask(self, kind: str, send: Callable[[], httpx.Response]) -> Answer:
        began = time.monotonic()
        try:
            response = send()
        except httpx.TransportError as error:
            answer = Answer(kind, began, time.monotonic(), body=repr(error))
        else:
            is_json = "json" in response.headers["content-type"]
            answer = Answer(
                kind,
                began,
                time.monotonic(),
                response.status_code,
                response.json() if is_json else None,
                "retry-after" in response.headers,
            )
        self.answers.append(answer)
        return answer

    def _upload(self, client: httpx.Client) -> None:
        parts = [("images", ("a.jpg", self.jpeg))]
        answer = self._ask("upload", lambda: client.post("/api/upload/", files=parts))
        if answer.is_good:
            self.accepted.extend(answer.body["task_ids"])

    def _poll(self, client: httpx.Client) -> None:
        if not self.accepted:
            return
        asked = {"task_id": self.accepted[-50:]}
        answer = self._ask("poll", lambda: client.get("/api/task-status/", params=asked))
        if answer.is_good:
            results = (task["result"] for task in answer.body["tasks"])
            urls = (result["renditions"][0]["url"] for result in results if result)
            self.renditions.extend(islice(urls, 1))

    def _download(self, client: httpx.Client) -> None:
        if self.renditions:
            url = random.choice(self.renditions)
            self._ask("rendition", lambda: client.get(url))

    def _look(self, client: httpx.Client) -> None:
        self._ask("readiness", lambda: client.get("/readyz"))


@dataclass
class Trouble:
    """Restarts processes of a stack and waits until its visitors are served again."""

    stack: RunningStack
    visitors: Visitors
    wait_until: Callable[..., None]

    def kill(self, name: str, number: signal.Signals) -> Restart:
        pid, began = self.stack.processes()[name]["pid"], time.monotonic()
        os.kill(pid, number)
        self.wait_until(
            lambda: self.stack.processes()[name]["pid"] != pid,
            f"{name} is started again",
            RECOVERED_WITHIN,
        )
        return Restart(name, began, self.served_again(f"{name} was restarted"))

    def served_again(self, after: str) -> float:
        moment = time.monotonic()
        self.wait_until(
            lambda: self.visitors.served_since(moment),
            f"everything is served after {after}",
            RECOVERED_WITHIN,
        )
        return time.monotonic()

    def missing_since(self, moment: float) -> set[str]:
        """What readiness called missing in any answer after that moment."""
        return {
            name
            for answer in self.visitors.of("readiness")
            if answer.status == 503 and answer.began > moment
            for name in answer.body["missing"]
        }


@pytest.fixture(scope="module")
def restarted() -> Iterator[RunningStack]:
    with temporary_stack({"TASK_TIME_LIMIT_SECONDS": "5"}) as stack:
        yield stack


@pytest.fixture
def visitors(restarted: RunningStack, make_api: Any, make_picture: Any) -> Visitors:
    return Visitors(make_api(restarted.base_url), make_picture("JPEG", (32, 32)))


@pytest.fixture
def trouble(restarted: RunningStack, visitors: Visitors, wait_until: Any) -> Trouble:
    return Trouble(restarted, visitors, wait_until)


def test_clients_see_at_most_a_503_whatever_is_restarted(
    restarted: RunningStack, visitors: Visitors, trouble: Trouble
) -> None:
    restarts = []
    with visitors.at_work():
        trouble.served_again("the start")
        for name, number in KILLS:
            restarts.append(trouble.kill(name, number))
            if name in {INGEST, STATUS}:
                assert name in trouble.missing_since(restarts[-1].began)
        with redis.Redis.from_url(restarted.redis_url) as client:
            client.flushall()
        trouble.served_again("Redis lost its memory")
    sys.stdout.write(visitors.summary())
    visitors.expect_fair_answers(*restarts)
    visitors.expect_success_of_all()


@pytest.mark.parametrize("still", [["postgres"], [INGEST, STATUS]])
def test_nobody_waits_for_what_stands_still_and_readiness_tells_of_it(
    restarted: RunningStack,
    visitors: Visitors,
    trouble: Trouble,
    standing_still: Any,
    wait_until: Any,
    still: list[str],
) -> None:
    with visitors.at_work():
        trouble.served_again("the start")
        began = time.monotonic()
        with ExitStack() as frozen:
            for name in still:
                frozen.enter_context(standing_still(restarted.processes()[name]["pid"]))
            wait_until(lambda: visitors.answered_since(began), "each has its answer")
            wait_until(lambda: trouble.missing_since(began) == {INGEST, STATUS}, "both are missing")
        trouble.served_again(f"{still} went on")
    sys.stdout.write(visitors.summary())
    visitors.expect_fair_answers()
    visitors.expect_success_of_all()
