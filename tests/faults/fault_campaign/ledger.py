"""What the clients sent, and what they were told of it."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

NO_FAULT = "none yet"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A file that a 202 accepted, and the fault that was going on then."""

    fault: str
    sha256: bytes
    batch_id: str


@dataclass
class Ledger:
    """The clients' side of the story; the database's side is held against it in the end."""

    # The fault that is going on.
    fault: str = NO_FAULT
    acknowledged: dict[str, Acknowledged] = field(default_factory=dict)
    # How many files each acknowledged batch has.
    batches: dict[str, int] = field(default_factory=dict)
    # By fault: what requests were answered with.
    answers: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    # Answers that no client should get, in words.
    surprises: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _results: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    def accept(self, document: dict[str, Any], digests: list[bytes]) -> None:
        """Note a 202 and the digests of its files, in their order."""
        task_ids = document["task_ids"]
        if len(task_ids) != len(digests) or document["rejected"]:
            self.surprise(f"of {len(digests)} files {len(task_ids)} were accepted")
        self.batches[document["batch_id"]] = len(digests)
        for task_id, digest in zip(task_ids, digests, strict=False):
            if task_id in self.acknowledged:
                self.surprise(f"task id {task_id} was given twice")
            self.acknowledged[task_id] = Acknowledged(self.fault, digest, document["batch_id"])

    def answer(self, kind: str) -> None:
        """Count an answer, or what came instead of one."""
        self.answers[self.fault][kind] += 1

    def surprise(self, what: str) -> None:
        """Note something that must not happen."""
        self.surprises[self.fault].append(what)

    def see(self, task: dict[str, Any]) -> None:
        """Note how a task stands, as its client sees it: a result must never change."""
        if task["status"] is None:
            self.surprise(f"task {task['task_id']} is unknown")
        elif task["status"] != "PENDING":
            result, error = task["result"], task["error"]
            told = (task["status"], result and result["random_number"], error and error["code"])
            if self._results.setdefault(task["task_id"], told) != told:
                self.surprise(f"the result of {task['task_id']} changed")
        elif task["task_id"] in self._results:
            self.surprise(f"task {task['task_id']} lost its result")

    def open_tasks(self) -> list[str]:
        """The tasks whose end no client has seen, the oldest first."""
        return [task_id for task_id in self.acknowledged if task_id not in self._results]
