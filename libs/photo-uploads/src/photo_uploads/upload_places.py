"""How many uploads one replica takes in at once, and one visitor of them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from photo_domain.errors import ErrorCode, RequestError


class ShareTakenError(RequestError):
    """A visitor has as many uploads under way as one may: others still find a place."""

    def __init__(self) -> None:
        super().__init__(
            ErrorCode.OVER_CAPACITY, "Too many of your uploads are under way; try again soon."
        )


class UploadPlaces:
    """`places` in all; one visitor gets half of them, so that nobody holds them all."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._share = max(1, places // 2)
        self._taken: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        """Uploads that are under way."""
        return self._taken.total()

    @contextmanager
    def taken_by(self, visitor: str = "") -> Iterator[None]:
        """A place while the context lasts; without `visitor` that of one who is not known yet.

        Raises RequestError (over_capacity), ShareTakenError where it is the visitor's own doing.
        """
        if visitor and self._taken[visitor] >= self._share:
            raise ShareTakenError
        if self.taken >= self._places:
            raise RequestError(
                ErrorCode.OVER_CAPACITY, "Too many uploads are under way; try again soon."
            )
        self._taken[visitor] += 1
        try:
            yield
        finally:
            self._taken[visitor] -= 1
            if not self._taken[visitor]:
                del self._taken[visitor]
