"""How slowly an upload may arrive."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TypeVar

from photo_domain.errors import ErrorCode, RequestError

PieceT = TypeVar("PieceT")


@dataclass(frozen=True, slots=True)
class PaceRule:
    """What is asked of whoever sends an upload.

    Whoever waits for it `rate_seconds` must have got `min_rate` bytes for each of them. Time in
    which the service itself does not read does not count there, but in the `total_seconds` that
    an upload may take.
    """

    rate_seconds: float = 20.0
    min_rate: int = 4 * 1024
    total_seconds: float = 3600.0


PACE_RULE = PaceRule()


class UploadPace:
    """Waits for an upload, which begins now, as long as it keeps coming."""

    def __init__(self, rule: PaceRule = PACE_RULE) -> None:
        self._rule = rule
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.time() + rule.total_seconds
        self._waited = 0.0
        self._received = 0

    async def next_piece(
        self, pieces: AsyncIterator[PieceT], size_of: Callable[[PieceT], int], largest: int = 0
    ) -> PieceT | None:
        """The next piece, None at the end. Raises RequestError (body_too_slow).

        `largest`, in bytes, where it may be a piece that is seen only when it is whole: the wait
        for it is longer by the time that it may take.
        """
        rule = self._rule
        started = self._loop.time()
        patience = min(
            rule.rate_seconds + largest / rule.min_rate - self._waited, self._deadline - started
        )
        try:
            async with asyncio.timeout(max(patience, 0)):
                piece = await anext(pieces, None)
        except TimeoutError:
            raise self._too_slow() from None
        self._waited += self._loop.time() - started
        self._received += size_of(piece) if piece is not None else 0
        if self._received >= rule.rate_seconds * rule.min_rate:
            self._waited, self._received = 0.0, 0
        return piece

    def _too_slow(self) -> RequestError:
        rule = self._rule
        return RequestError(
            ErrorCode.BODY_TOO_SLOW,
            f"The upload must bring {rule.min_rate} bytes a second, looked at over"
            f" {rule.rate_seconds:.0f} s, and take no longer than {rule.total_seconds:.0f} s.",
        )
