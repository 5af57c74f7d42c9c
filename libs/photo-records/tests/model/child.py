"""A process of a worker."""

from dataclasses import dataclass
from datetime import datetime

from photo_records.task_queue import Lane

from .broker import Delivery
from .processes import Process, World, started, work


@dataclass(slots=True)
class Child:
    """A process of a worker and what it has in hand."""

    name: str
    delivery: Delivery | None = None
    process: Process | None = None
    since: datetime | None = None
    # Its parent has written it off, and kills it next.
    doomed: bool = False

    def take(self, world: World) -> None:
        """Begin with the next message; the lanes in turn."""
        lanes = [lane for lane in Lane if world.broker.lanes[lane]]
        self.delivery = world.broker.take(lanes[next(world.numbers) % len(lanes)])
        self.process = started(work(world, self.delivery, self.name))
        self.since = world.now
