"""The renditions in object storage, as a model: who made each, and what nobody will remove."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object, the process that made it, the task it was made for, and when."""

    maker: str
    task_id: UUID
    stored_at: datetime


@dataclass(slots=True)
class ObjectStorage:
    """Keys are created once, never overwritten."""

    objects: dict[str, StoredObject] = field(default_factory=dict)
    # Those whose maker or remover died, or does not know what became of its row: for the sweeper.
    left_behind: set[str] = field(default_factory=set)
    # Runs in whose hands objects are that no row names yet.
    at_work: set[str] = field(default_factory=set)

    def create(self, key: str, made: StoredObject) -> None:
        """Store an object that nobody else can have stored."""
        assert key not in self.objects, "two runs share a key"
        self.objects[key] = made

    def remove(self, keys: Iterable[str]) -> None:
        """Remove what is there."""
        for key in keys:
            self.objects.pop(key, None)

    def maker_died(self, maker: str) -> None:
        """What it made stays where it is."""
        self.at_work.discard(maker)
        self.left_behind |= {key for key, made in self.objects.items() if made.maker == maker}

    def check(self, named: Iterable[str]) -> None:
        """Hold what is stored against the keys that rows name."""
        named = set(named)
        assert named <= self.objects.keys(), "a row names what is not stored"
        for key in self.objects.keys() - named - self.left_behind:
            assert self.objects[key].maker in self.at_work, "an orphan that nobody answers for"
