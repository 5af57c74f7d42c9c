"""The broker as a model: two lanes that may lose, keep back and repeat messages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from itertools import count
from uuid import UUID

from photo_records.outbox import NOTHING_WAITS
from photo_records.task_queue import Lane


class Arrival(Enum):
    """What becomes of a group of messages on its way to the broker."""

    ALL = "all"
    # All arrive, and the publisher hears of none.
    ALL_UNHEARD = "all_unheard"
    # The line breaks in the middle.
    HALF = "half"
    NONE = "none"


class Mischief(Enum):
    """What a broker may do to the messages that it has."""

    # FLUSHALL, or a start from an empty disk: the mark of its memory goes too.
    LOSE_EVERYTHING = "lose_everything"
    # A restart without the last second: the mark is older and stays.
    LOSE_MESSAGES = "lose_messages"
    # One of them, while its lane goes on.
    LOSE_ONE = "lose_one"
    # The visibility timeout is over: what somebody still holds is handed out once more.
    DELIVER_AGAIN = "deliver_again"
    # An old message, long acknowledged, comes back.
    REPEAT = "repeat"


class BrokerAwayError(Exception):
    """The broker did not say that it has the messages."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message in its lane; it keeps the time of its publishing wherever it goes."""

    task_id: UUID
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message in somebody's hands."""

    number: int
    lane: Lane
    message: Message

    @property
    def task_id(self) -> UUID:
        """The task that it is about."""
        return self.message.task_id


@dataclass(slots=True)
class Broker:
    """Celery on Redis: lists, what was taken and not acknowledged, and the mark of its memory."""

    lanes: dict[Lane, list[Message]] = field(default_factory=lambda: {lane: [] for lane in Lane})
    unacknowledged: dict[int, Delivery] = field(default_factory=dict)
    # Every message ever taken in: an old one may come again at any time.
    history: list[tuple[Lane, Message]] = field(default_factory=list)
    remembers: bool = False
    _numbers: Iterator[int] = field(default_factory=count)

    def publish(
        self, messages: Sequence[tuple[Lane, UUID]], now: datetime, arrival: Arrival = Arrival.ALL
    ) -> None:
        """Take the messages in. Raises BrokerAwayError; some may have arrived."""
        arriving = {Arrival.HALF: len(messages) // 2, Arrival.NONE: 0}.get(arrival, len(messages))
        for lane, task_id in messages[:arriving]:
            message = Message(task_id, now)
            self.lanes[lane].append(message)
            self.history.append((lane, message))
        if arrival is not Arrival.ALL:
            raise BrokerAwayError

    def given_out_until(self) -> dict[Lane, datetime]:
        """When the next message of each lane was published."""
        return {
            lane: messages[0].published_at if messages else NOTHING_WAITS
            for lane, messages in self.lanes.items()
        }

    def take(self, lane: Lane) -> Delivery:
        """Hand out the oldest message of a lane that has one."""
        delivery = Delivery(next(self._numbers), lane, self.lanes[lane].pop(0))
        self.unacknowledged[delivery.number] = delivery
        return delivery

    def acknowledge(self, delivery: Delivery) -> None:
        """Forget the message; one that came back meanwhile stays."""
        self.unacknowledged.pop(delivery.number, None)

    def put_back(self, delivery: Delivery) -> None:
        """Back to the end of its queue: rejected, or its process gone."""
        if self.unacknowledged.pop(delivery.number, None):
            self.lanes[delivery.lane].append(delivery.message)

    def misbehave(self, how: Mischief, which: int) -> None:
        """Do what a broker may; `which` chooses the message."""
        if how in {Mischief.LOSE_MESSAGES, Mischief.LOSE_EVERYTHING}:
            for messages in self.lanes.values():
                messages.clear()
        if how is Mischief.LOSE_EVERYTHING:
            self.unacknowledged.clear()
            self.remembers = False
        if how is Mischief.REPEAT:
            lane, message = self.history[which % len(self.history)]
            self.lanes[lane].append(message)
        lane = list(Lane)[which % len(Lane)]
        if how is Mischief.LOSE_ONE and self.lanes[lane]:
            self.lanes[lane].pop(which % len(self.lanes[lane]))
        if how is Mischief.DELIVER_AGAIN and self.unacknowledged:
            deliveries = list(self.unacknowledged.values())
            overdue = self.unacknowledged.pop(deliveries[which % len(deliveries)].number)
            self.lanes[overdue.lane].insert(0, overdue.message)
