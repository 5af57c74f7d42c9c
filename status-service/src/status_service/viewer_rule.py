"""Who may read what: the one place that decides it, for every RPC."""

from enum import StrEnum


class Access(StrEnum):
    """How a viewer comes to see tasks, batches and renditions."""

    # Whoever knows the id may read them: ids cannot be guessed.
    OPEN = "open"
    # They are their owner's, like lists and originals.
    REQUIRED = "required"


class ViewerRule:
    """Names the owner that something must have for a viewer to see it.

    What has another owner is unknown to the viewer, like what does not exist: the queries find
    neither. A viewer without an owner owns nothing.
    """

    def __init__(self, access: Access) -> None:
        self._access = access

    def owner_of_known(self, viewer: str) -> str | None:
        """Whose a task, batch or rendition must be that is asked for by id; None for anybody's."""
        return None if self._access is Access.OPEN else self.owner_of_own(viewer)

    def owner_of_own(self, viewer: str) -> str:
        """Whose lists, streams and originals are the viewer's; empty for nobody's."""
        # Postgres takes no NUL, and no owner has one.
        return "" if "\0" in viewer else viewer
