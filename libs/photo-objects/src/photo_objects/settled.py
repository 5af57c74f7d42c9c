"""Waiting for a store operation that cannot be called back."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

_SETTLE_SECONDS = 2.0

Outcome = TypeVar("Outcome")


async def settled(operation: Awaitable[Outcome]) -> Outcome:
    """What `operation` gives; if this wait is cancelled, it may take 2 s more to settle.

    obstore writes files in a thread that goes on after its future is cancelled. Without this
    wait an object could appear after its upload was cleaned up, and its buffer would be in use
    after its bytes were given back to the budget. A second cancellation ends the wait at once.
    """
    future = asyncio.ensure_future(operation)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        try:
            await asyncio.wait({future}, timeout=_SETTLE_SECONDS)
        finally:
            future.cancel()
        raise
