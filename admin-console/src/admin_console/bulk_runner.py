"""Works off the actions on many photos, in the background of every replica."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from admin_console.audit_log import record
from admin_console.bulk_actions import (
    BulkAction,
    end_bulk_action,
    keep_bulk_action,
    release_bulk_action,
    take_bulk_action,
    target_of,
)
from admin_console.photo_actions import PhotoActions
from admin_console.photo_query import read_photo_query
from photo_records.bounded_read import ReadTooSlowError, UnknownPlaceError
from photo_records.bulk_action_table import BulkActionState
from photo_records.database_errors import DATABASE_DOWN
from photo_records.photo_search import matching_task_ids

# Photos that are looked up at once; after them it is the turn of the next action.
_STEP = 96
# Photos after which the row says how far it is, and whether somebody has stopped it.
_GROUP = 16

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RunnerPace:
    """How the runner takes its time, in seconds."""

    # Between two looks for an action.
    look: float = 2.0
    # Before photos are tried again where a service does not answer.
    trouble: float = 5.0
    # After which another replica takes over what a dead one had: longer than a group takes.
    lease: float = 90.0


class _NotOursError(Exception):
    """Somebody stopped the action, or another replica has taken it."""


class BulkRunner:
    """Takes an action, does it to its next photos, and leaves it to its next turn or ends it.

    Any number of replicas may run one. Where it is interrupted, the photos of the last step may be
    come to again, which changes nothing that was done.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        engine: AsyncEngine,
        actions: PhotoActions,
        pace: RunnerPace | None = None,
    ) -> None:
        self._pool = pool
        self._engine = engine
        self._actions = actions
        self._pace = pace or RunnerPace()
        self._asked = asyncio.Event()

    def wake(self) -> None:
        """Look at once: an action was asked for."""
        self._asked.set()

    async def run(self) -> None:
        """Work until it is cancelled."""
        while True:
            self._asked.clear()
            if not await self._try_to_work():
                try:
                    async with asyncio.timeout(self._pace.look):
                        await self._asked.wait()
                except TimeoutError:
                    continue

    async def _try_to_work(self) -> bool:
        try:
            return await self.work_once()
        except (*DATABASE_DOWN, asyncpg.PostgresError, DBAPIError) as error:
            _log.warning("bulk_action_interrupted", error=type(error).__name__)
        except Exception:  # noqa: BLE001 - whatever it is, the next look may find it gone
            _log.exception("bulk_action_broke")
        return False

    async def work_once(self) -> bool:
        """Work off a step of one action; False where there is none to take."""
        taken = await take_bulk_action(self._pool, self._pace.lease)
        if taken is None:
            return False
        with structlog.contextvars.bound_contextvars(
            bulk_action=taken.id, request_id=taken.asker.request_id
        ):
            _log.debug("bulk_action_taken", action=str(taken.action))
            try:
                await self._work_off_step(taken)
            except _NotOursError:
                _log.info("bulk_action_left")
            except asyncio.CancelledError:
                # Where this fails the lease runs out.
                with suppress(*DATABASE_DOWN, asyncpg.PostgresError):
                    await release_bulk_action(self._pool, taken)
                raise
        return True

    async def _work_off_step(self, taken: BulkAction) -> None:
        query = read_photo_query(taken.fields)
        if query.errors or not query.fields:
            # Of another version: what cannot be understood is done to nobody.
            _log.error("bulk_action_not_understood", fields=list(query.errors))
            await self._end(taken, BulkActionState.STOPPED)
            return
        try:
            async with self._engine.connect() as connection:
                found = await matching_task_ids(connection, query.wanted, taken.cursor, _STEP)
        except (ReadTooSlowError, UnknownPlaceError) as error:
            await self._wait(taken, "search_too_slow", error)
            await self._release(taken)
            return
        for start in range(0, len(found.task_ids), _GROUP):
            await self._do(taken, found.task_ids[start : start + _GROUP])
        if found.next is None:
            await self._end(taken, BulkActionState.DONE)
        else:
            await self._release(taken, found.next)

    async def _do(self, taken: BulkAction, task_ids: Sequence[UUID]) -> None:
        """Do it to each, again and again where a service does not answer."""
        left = task_ids
        while left:
            outcomes = await self._actions.act(
                taken.action,
                left,
                taken.asker,
                {"bulk_action": taken.id},
                repeats=True,
                is_repeat=left is not task_ids,
            )
            troubled = [each for each in outcomes if each.may_be_repeated]
            refused = sum(each.refusal is not None for each in outcomes) - len(troubled)
            await self._keep(
                taken,
                done=len(outcomes) - len(troubled) - refused,
                refused=refused,
                trouble=troubled[0].refusal if troubled else None,
            )
            left = [each.task_id for each in troubled]
            if left:
                _log.warning("bulk_action_held_up", photos=len(left))
                await asyncio.sleep(self._pace.trouble)

    async def _wait(self, taken: BulkAction, trouble: str, error: Exception) -> None:
        _log.warning("bulk_action_held_up", error=type(error).__name__)
        await self._keep(taken, trouble=trouble)
        await asyncio.sleep(self._pace.trouble)

    async def _keep(
        self, taken: BulkAction, *, done: int = 0, refused: int = 0, trouble: str | None = None
    ) -> None:
        if not await keep_bulk_action(
            self._pool, taken, self._pace.lease, done=done, refused=refused, trouble=trouble
        ):
            raise _NotOursError

    async def _release(self, taken: BulkAction, cursor: str | None = None) -> None:
        if not await release_bulk_action(self._pool, taken, cursor):
            raise _NotOursError

    async def _end(self, taken: BulkAction, state: BulkActionState) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            if not await end_bulk_action(connection, taken.id, state, taken.claim):
                raise _NotOursError
            await record(
                connection,
                taken.asker.operator,
                "bulk_action_ended",
                target_of(taken.id),
                {"state": str(state), "action": str(taken.action)},
                taken.asker.address,
                taken.asker.request_id,
            )
        _log.info("bulk_action_ended", state=str(state))
