"""How many uploads one replica takes in at once, and one visitor of them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from photo_domain.errors import ErrorCode, RequestError


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

        Raises RequestError (over_capacity).
        """
        share = self._share if visitor else self._places
        if self.taken >= self._places or self._taken[visitor] >= share:
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
