"""What operators do to photos, one or many, each through the ingest service and each on record."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import asyncpg
from prometheus_client import Counter

from admin_console.audit_log import record_each
from admin_console.ingest_client import IngestClient
from photo_domain.errors import ErrorCode, RequestError
from photo_records.bulk_action_table import PhotoAction

_ACTIONS = Counter(
    "photo_console_actions_total", "Photos that operators acted on", ["action", "outcome"]
)

# Calls under way for one request or step.
_AT_ONCE = 8

# Refusals that tell how the photo stands, so that asking again is of no use.
_FINAL = {ErrorCode.UNKNOWN_TASK, ErrorCode.TASK_NOT_FAILED, ErrorCode.TASK_ENDED}

# Why an action was not done: as the service says, or since it was out of reach for another photo.
Refusal = ErrorCode | Literal["not_tried"]


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for an action, from which address, with which request."""

    operator: str
    address: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an action on a photo."""

    task_id: UUID
    # Why it was not done, None where it was.
    refusal: Refusal | None = None

    @property
    def kind(self) -> Literal["done", "refused", "out_of_reach"]:
        """What metrics tell of it."""
        if self.refusal is None:
            return "done"
        return "out_of_reach" if self.may_be_repeated else "refused"

    @property
    def may_be_repeated(self) -> bool:
        """Whether something was out of reach, so that nobody knows, or nothing was changed."""
        return self.refusal is not None and self.refusal not in _FINAL


class PhotoActions:
    """Does what operators ask for. Each photo is a line of the audit log before it is touched."""

    def __init__(self, pool: asyncpg.Pool, ingest: IngestClient) -> None:
        self._pool = pool
        self._do: Mapping[PhotoAction, Callable[[str, str], Coroutine[Any, Any, None]]] = {
            PhotoAction.RETRY: ingest.retry_task,
            PhotoAction.CANCEL: ingest.cancel_task,
            PhotoAction.DELETE: ingest.delete_photo,
        }

    async def act(
        self,
        action: PhotoAction,
        task_ids: Sequence[UUID],
        asker: Asker,
        details: Mapping[str, Any] | None = None,
        *,
        repeats: bool = False,
        is_repeat: bool = False,
    ) -> list[Outcome]:
        """Do it to each photo; the outcomes in their order. `details` are for the audit lines.

        What is refused gets a second line that says why. Once something is out of reach, the photos
        that are not under way are not tried: a person waits for the answer. A caller that `repeats`
        what may be repeated has them tried, gives those photos no second line, and with `is_repeat`
        no first one again.

        Raises what asyncpg raises, before anything is done where the first lines cannot be written.
        """
        if not is_repeat:
            await self._record(action, task_ids, asker, dict(details or {}))
        limit, out_of_reach = asyncio.Semaphore(_AT_ONCE), asyncio.Event()

        async def one(task_id: UUID) -> Outcome:
            async with limit:
                if out_of_reach.is_set():
                    return Outcome(task_id, "not_tried")
                outcome = await self._try(action, task_id, asker.operator)
                if outcome.may_be_repeated and not repeats:
                    out_of_reach.set()
                return outcome

        outcomes = await asyncio.gather(*map(one, task_ids))
        refusals: dict[Refusal, list[UUID]] = {}
        for outcome in outcomes:
            _ACTIONS.labels(action, outcome.kind).inc()
            if outcome.refusal and not (repeats and outcome.may_be_repeated):
                refusals.setdefault(outcome.refusal, []).append(outcome.task_id)
        for code, refused in refusals.items():
            await self._record(action, refused, asker, {**(details or {}), "refused": code})
        return outcomes

    async def _try(self, action: PhotoAction, task_id: UUID, operator: str) -> Outcome:
        try:
            await self._do[action](str(task_id), operator)
        except RequestError as error:
            if action is PhotoAction.DELETE and error.code is ErrorCode.UNKNOWN_TASK:
                # It is gone, which is what was asked for.
                return Outcome(task_id)
            return Outcome(task_id, error.code)
        return Outcome(task_id)

    async def _record(
        self, action: PhotoAction, task_ids: Sequence[UUID], asker: Asker, details: dict[str, Any]
    ) -> None:
        await record_each(
            self._pool,
            asker.operator,
            action,
            [str(task_id) for task_id in task_ids],
            details,
            asker.address,
            asker.request_id,
        )
