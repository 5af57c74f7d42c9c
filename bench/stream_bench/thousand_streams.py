"""What a thousand open streams cost one replica, and how soon all of them tell of a change.

`python -m stream_bench.thousand_streams --streams 1000`
"""

import argparse
import asyncio
import resource
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from local_stack.running_stack import RunningStack, temporary_stack
from local_stack.sample_photos import sample_jpeg
from processing_bench.markdown_table import markdown_table
from stream_bench.event_streams import EventStream, open_streams
from stream_bench.footprint import SERVICES, Footprint, footprint, open_watches

# For a thousand streams: memory of each service in bytes; the others whatever the number.
_MEMORY_TARGET = 150_000_000
_FEW = 10
# Changes that are waited for, one after another.
_CHANGES = 5
_DEADLINE_SECONDS = 180
_HEAD = ("", "before", "with the streams", "more", "target")


@dataclass(frozen=True, slots=True)
class _Figure:
    what: str
    before: int
    after: int
    target: int
    shown: Callable[[int], str]

    @property
    def is_met(self) -> bool:
        return self.after - self.before < self.target

    @property
    def cells(self) -> tuple[str, ...]:
        values = (self.before, self.after, self.after - self.before)
        return (self.what, *map(self.shown, values), f"< {self.shown(self.target)}")


async def measure(stack: RunningStack, count: int) -> bool:
    """Print the figures; whether every target is met."""
    async with (
        asyncio.timeout(_DEADLINE_SECONDS),
        httpx.AsyncClient(base_url=stack.base_url, trust_env=False, timeout=30) as visitor,
    ):
        token = (await visitor.get("/api/csrf")).json()["csrf_token"]
        visitor.headers["X-CSRFToken"] = token
        cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
        port = httpx.URL(stack.base_url).port or 80
        # What is loaded lazily is loaded, and pools have their connections.
        async with open_streams(20, port, cookie) as few:
            await _times_of_change(visitor, few)
        await _until(lambda: open_watches(stack) == 0)
        before = footprint(stack)
        async with open_streams(count, port, cookie) as streams:
            await _until(lambda: open_watches(stack) == count)
            delays = [await _times_of_change(visitor, streams) for _ in range(_CHANGES)]
            after = footprint(stack)
    return _report(count, before, after, delays)


async def _times_of_change(
    visitor: httpx.AsyncClient, streams: Sequence[EventStream]
) -> list[float]:
    """Upload a photo; how many seconds after its end each stream told of it, in their order."""
    files = {"images": ("change.jpg", sample_jpeg())}
    answer = await visitor.post("/api/upload/", files=files)
    task_id = answer.json()["task_ids"][0]
    await _until(lambda: all(task_id in stream.told_at for stream in streams))
    task: dict[str, Any] = (await visitor.get(f"/api/task-status/{task_id}")).json()
    finished = datetime.fromisoformat(task["finished_at"]).timestamp()
    return sorted(stream.told_at[task_id] - finished for stream in streams)


async def _until(condition: Callable[[], bool]) -> None:
    # The deadline of the whole ends it.
    while not condition():  # noqa: ASYNC110 - other processes have no event for it
        await asyncio.sleep(0.02)


def _report(
    count: int, before: Footprint, after: Footprint, delays: Sequence[Sequence[float]]
) -> bool:
    rows, met = [], True
    for figure in _figures(count, before, after):
        met &= figure.is_met
        rows.append(figure.cells)
    print(f"{count} streams of one visitor:\n\n{markdown_table(_HEAD, rows)}\n")
    for name, values in (
        ("first", [each[0] for each in delays]),
        ("median", [statistics.median(each) for each in delays]),
        ("last", [each[-1] for each in delays]),
    ):
        times = ", ".join(f"{value * 1000:.0f}" for value in sorted(values))
        print(f"The {name} stream told of a task's end after {times} ms.")
    print("Every target is met." if met else "A target is missed.")
    return met


def _figures(count: int, before: Footprint, after: Footprint) -> list[_Figure]:
    target = _MEMORY_TARGET * count // 1000
    memory = [
        _Figure(f"{name}, MB", before.memory[name], after.memory[name], target, _mb)
        for name in SERVICES
    ]
    threads = [
        _Figure(f"{name}, threads", before.threads[name], after.threads[name], _FEW, str)
        for name in SERVICES
    ]
    database = before.database_connections, after.database_connections
    redis = before.redis_connections, after.redis_connections
    return [
        *memory,
        *threads,
        _Figure("connections to Postgres", *database, _FEW, str),
        _Figure("connections to Redis", *redis, _FEW, str),
    ]


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f}"


def main() -> int:
    """Start a stack and measure; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=1000, help="at most 1,900")
    count = parser.parse_args().streams
    # Each stream is a file of this process and of the gateway, which inherits the limit.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with temporary_stack() as stack:
        return 0 if asyncio.run(measure(stack, count)) else 1


if __name__ == "__main__":
    sys.exit(main())
