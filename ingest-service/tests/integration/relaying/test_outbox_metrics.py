"""What the metrics tell of the outbox."""

from collections.abc import Awaitable, Callable

from prometheus_client import REGISTRY

from ingest_service.outbox_relay import OutboxRelay
from photo_records.outbox import RepublishReason
from photo_records.task_queue import Lane

Photos = Callable[..., Awaitable[list[str]]]

LONG_AGO = "now() - interval '10 minutes'"
LEASED = {"started_at": LONG_AGO, "revision": "2", "attempts": "1"}


async def test_the_outbox_is_measured(relay: OutboxRelay, photos: Photos) -> None:
    name = "outbox_republished_total"
    labels = {"reason": RepublishReason.NEVER_QUEUED}
    before = REGISTRY.get_sample_value(name, labels) or 0
    await photos(2, enqueued_at="NULL", created_at=LONG_AGO)
    await photos(1)
    waits = {"next_attempt_at": "now() + interval '1 minute'"}
    await photos(1, **waits)
    await photos(1, enqueued_at="NULL", **waits)
    worked_on = {"lease_expires_at": "now() + interval '1 minute'", **LEASED}
    await photos(1, **worked_on)
    await photos(1, enqueued_at="NULL", **worked_on)
    await relay.measure()
    await relay.relay_once()
    assert (REGISTRY.get_sample_value(name, labels) or 0) - before == 2
    waiting, idle = {"lane": Lane.INTERACTIVE}, {"lane": Lane.BULK}
    assert REGISTRY.get_sample_value("outbox_tasks", waiting) == 4
    oldest = REGISTRY.get_sample_value("oldest_pending_task_seconds", waiting)
    assert oldest is not None
    assert 600 <= oldest < 700
    for name in ("outbox_tasks", "oldest_pending_task_seconds"):
        assert REGISTRY.get_sample_value(name, idle) == 0
    await relay.measure()
    assert REGISTRY.get_sample_value("outbox_tasks", waiting) == 2
