"""How an example ends: no fault any more, and then everything must have its result."""

from datetime import timedelta
from uuid import uuid4

from photo_domain.task_state import TaskStatus
from photo_records.sweeping import owned_objects
from photo_records.task_queue import Lane

from .object_storage import StoredObject
from .processes import DELAY, World, finish, look, work
from .statements import LEASE

# Looks of a relay, each followed by a worker that empties the queues: the first finds what was
# never queued, postponed or leased, the second what the broker lost.
_ROUNDS = 2
_SWEEP_AGE = timedelta(hours=48)


def end_everything(world: World) -> None:
    """One relay and one healthy worker end every task, and a sweep leaves only what rows name."""
    for lane in Lane:
        world.statements.pause(lane, paused=False)
    for number in range(_ROUNDS):
        world.database.pass_time((DELAY + LEASE).total_seconds())
        # The lanes are never empty: others upload too.
        world.broker.publish([(lane, uuid4()) for lane in Lane], world.now)
        finish(look(world))
        while lanes := [lane for lane in Lane if world.broker.lanes[lane]]:
            finish(work(world, world.broker.take(lanes[0]), f"healthy:worker:{number}"))
        world.check()
    rows = world.database.rows().photos.values()
    assert all(row["status"] != TaskStatus.PENDING for row in rows), "a task is stuck"
    world.database.pass_time(2 * _SWEEP_AGE.total_seconds())
    sweep(world)
    assert world.storage.objects.keys() == {key for row in rows for key in row["keys"]}


def old_objects(world: World) -> dict[str, StoredObject]:
    """What a sweeper would look at."""
    limit = world.now - _SWEEP_AGE
    return {key: made for key, made in world.storage.objects.items() if made.stored_at < limit}


def sweep(world: World) -> None:
    """The sweeper: objects that no row names, but for those of a task that may still end."""
    old = old_objects(world)
    tasks = {made.task_id for made in old.values()}
    owned = world.database.run(owned_objects(world.database.pool, tasks))
    for key, made in old.items():
        owner = owned.get(made.task_id)
        if owner is None or not (owner.pending or key in owner.keys):
            world.storage.remove([key])
