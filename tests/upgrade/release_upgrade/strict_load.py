"""Visitors who upload, poll and follow streams all the time; nothing may be refused to them."""

import asyncio
import hashlib
import random
from collections.abc import Sequence
from typing import Self

import httpx
from httpx_sse import aconnect_sse

from fault_campaign.ledger import Ledger
from fault_campaign.load import LONGEST_ANSWER_SECONDS, upload_load
from fault_campaign.photos import PhotoMaker

_RESULT_SECONDS = 60.0
_FILES = 2
_PAUSE_SECONDS = 0.25


class StrictLoad:
    """Load on one gateway while the context lasts, or until `finish`."""

    def __init__(self, base_url: str, ledger: Ledger, photos: PhotoMaker, seed: int) -> None:
        self._base_url = base_url
        self._ledger = ledger
        self._photos = photos
        self._chance = random.Random(seed)
        self._stopping = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._run(), name=f"load on {self._base_url}")
        return self

    async def __aexit__(self, *_: object) -> None:
        """What was not finished has failed: there is nothing left to be learnt of it."""
        if self._running:
            self._running.cancel()
            await asyncio.wait([self._running])

    async def finish(self) -> None:
        """End what was begun, and begin nothing more; raise what went wrong."""
        self._stopping.set()
        if self._running:
            await self._running

    async def _run(self) -> None:
        async with (
            upload_load(self._base_url, self._ledger, self._photos, self._chance),
            httpx.AsyncClient(
                base_url=self._base_url, timeout=LONGEST_ANSWER_SECONDS, trust_env=False
            ) as http,
        ):
            token = (await http.get("/api/csrf")).json()["csrf_token"]
            http.headers["X-CSRFToken"] = token
            while not self._stopping.is_set():
                await self._upload_and_follow(http)
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _upload_and_follow(self, http: httpx.AsyncClient) -> None:
        files = [self._photos.jpeg() for _ in range(_FILES)]
        parts = [("images", (f"{n}.jpg", content)) for n, content in enumerate(files)]
        answer = await http.post("/api/upload/", files=parts)
        self._ledger.answer(str(answer.status_code))
        if answer.status_code != httpx.codes.ACCEPTED:
            return
        self._ledger.accept(answer.json(), [hashlib.sha256(content).digest() for content in files])
        try:
            async with asyncio.timeout(_RESULT_SECONDS):
                await self._follow(http, answer.json()["batch_id"], answer.json()["task_ids"])
        except TimeoutError:
            self._ledger.surprise(f"a stream did not come to its end in {_RESULT_SECONDS:.0f} s")

    async def _follow(
        self, http: httpx.AsyncClient, batch_id: str, task_ids: Sequence[str]
    ) -> None:
        """Read the events of the batch to their end; where the stream ends before, go on."""
        last_id = ""
        ended: set[str] = set()
        while True:
            headers = {"Last-Event-ID": last_id} if last_id else {}
            async with aconnect_sse(
                http, "GET", "/api/events", params={"batch_id": batch_id}, headers=headers
            ) as stream:
                self._ledger.answer(str(stream.response.status_code))
                if not stream.response.is_success:
                    return
                async for event in stream.aiter_sse():
                    last_id = event.id or last_id
                    if event.event == "task" and event.json()["status"] != "PENDING":
                        ended.add(event.json()["task_id"])
                    if event.event == "done":
                        if ended != set(task_ids):
                            self._ledger.surprise("a stream left a result out")
                        return
