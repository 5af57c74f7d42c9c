"""Clients that behave as clients should: they repeat what was not answered, with the same key."""

import asyncio
import hashlib
import random
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx

from fault_campaign.ledger import Ledger
from fault_campaign.photos import PhotoMaker
from fault_campaign.system_under_test import BULK_BATCH_FILES

# Above the ends that the storage and the registration have in the gateway.
LONGEST_ANSWER_SECONDS = 30.0
_PAUSE_SECONDS = 0.25
_UPLOADERS = 3
_POLLED_TASKS = 100
# Clients hold back while so many files are open: a machine that is slow must not drown.
_MOST_OPEN_TASKS = 40


class Client:
    """One visitor of the API."""

    def __init__(self, base_url: str, ledger: Ledger) -> None:
        self._ledger = ledger
        self._http = httpx.AsyncClient(
            base_url=base_url, timeout=LONGEST_ANSWER_SECONDS, trust_env=False
        )

    @asynccontextmanager
    async def visiting(self) -> AsyncIterator["Client"]:
        """Get a session and its token; leave in the end."""
        async with self._http:
            token = (await self._http.get("/api/csrf")).json()["csrf_token"]
            self._http.headers["X-CSRFToken"] = token
            yield self

    async def upload(self, files: Sequence[bytes], *, first_try_at: str = "") -> bool:
        """Upload until a 202 comes; False if the upload was refused.

        `first_try_at` is the address of another gateway to begin with.
        """
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        parts = [("images", (f"{n}.jpg", content)) for n, content in enumerate(files)]
        parts = [
            (field, (name if content[:2] == b"\xff\xd8" else name[:-3] + "png", content))
            for field, (name, content) in parts
        ]
        address = first_try_at + "/api/upload/"
        while True:
            answer = await self._ask("POST", address, headers=headers, files=parts)
            if answer is not None and answer.status_code == httpx.codes.ACCEPTED:
                self._ledger.accept(
                    answer.json(), [hashlib.sha256(content).digest() for content in files]
                )
                return True
            if answer is not None and answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return False
            address = "/api/upload/"
            await asyncio.sleep(_PAUSE_SECONDS)

    async def poll(self, task_ids: Sequence[str]) -> None:
        """Ask how tasks stand and note it."""
        answer = await self._ask("GET", "/api/task-status/", params={"task_id": list(task_ids)})
        if answer is not None and answer.is_success:
            for task in answer.json()["tasks"]:
                self._ledger.see(task)

    async def is_ready(self) -> bool:
        """Whether the gateway calls itself ready."""
        answer = await self._ask("GET", "/readyz")
        return answer is not None and answer.is_success

    async def _ask(self, method: str, address: str, **content: object) -> httpx.Response | None:
        try:
            answer = await self._http.request(method, address, **content)  # type: ignore[arg-type]
        except httpx.TimeoutException:
            self._ledger.surprise(
                f"{method} {address}: no answer in {LONGEST_ANSWER_SECONDS:.0f} s"
            )
            return None
        except httpx.TransportError:
            self._ledger.answer("broken")
            return None
        self._ledger.answer(str(answer.status_code))
        if answer.is_success:
            return answer
        if (
            answer.status_code != httpx.codes.SERVICE_UNAVAILABLE
            or "Retry-After" not in answer.headers
        ):
            self._ledger.surprise(f"{method} {address}: {answer.status_code} {answer.text[:200]}")
        return answer


@asynccontextmanager
async def upload_load(
    base_url: str, ledger: Ledger, photos: PhotoMaker, chance: random.Random
) -> AsyncIterator[None]:
    """Upload and poll as long as the context lasts; every upload that was begun is finished."""
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(_UPLOADERS):
            tasks.create_task(_keep_uploading(base_url, ledger, photos, chance, stopping))
        tasks.create_task(_keep_polling(base_url, ledger, stopping))
        try:
            yield
        finally:
            stopping.set()


async def _keep_uploading(
    base_url: str,
    ledger: Ledger,
    photos: PhotoMaker,
    chance: random.Random,
    stopping: asyncio.Event,
) -> None:
    async with Client(base_url, ledger).visiting() as client:
        while not stopping.is_set():
            if len(ledger.open_tasks()) > _MOST_OPEN_TASKS:
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            count = BULK_BATCH_FILES if chance.random() < 0.1 else chance.randint(1, 4)
            await client.upload([photos.jpeg() for _ in range(count)])
            await asyncio.sleep(chance.uniform(0.5, 1.5) * _PAUSE_SECONDS)


async def _keep_polling(base_url: str, ledger: Ledger, stopping: asyncio.Event) -> None:
    async with Client(base_url, ledger).visiting() as client:
        while not stopping.is_set():
            # Some that have ended too: a result must stay what it was.
            ended = list(ledger.acknowledged)[-_POLLED_TASKS // 4 :]
            asked = [*ended, *ledger.open_tasks()][:_POLLED_TASKS]
            if asked:
                await client.poll(asked)
            await asyncio.sleep(_PAUSE_SECONDS)
