"""Who may read what: the one place that decides it, for every RPC."""

from dataclasses import dataclass
from enum import StrEnum

from photo_domain.errors import ErrorCode, FieldViolation, RequestError


class Access(StrEnum):
    """How a viewer comes to see tasks, batches and renditions."""

    # Whoever knows the id may read them: ids cannot be guessed.
    OPEN = "open"
    # They are their owner's, like lists and originals.
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Viewer:
    """An owner, or an operator; both empty for a visitor without a session."""

    owner: str = ""
    operator: str = ""


def check_viewer(owner: str, operator: str) -> Viewer:
    """The viewer that a call names. Raises RequestError (invalid_argument) where it names two."""
    if owner and operator:
        raise RequestError(
            ErrorCode.INVALID_ARGUMENT,
            "The call does not say on whose behalf it is made.",
            [FieldViolation("viewer", "must be an owner or an operator, not both")],
        )
    return Viewer(owner, operator)


class ViewerRule:
    """Names the owner that something must have for a viewer to see it.

    What has another owner is unknown to the viewer, like what does not exist: the queries find
    neither. A viewer without an owner owns nothing; an operator knows everything that has an id.
    """

    def __init__(self, access: Access) -> None:
        self._access = access

    def owner_of_known(self, viewer: Viewer) -> str | None:
        """Whose a task, batch or rendition must be that is asked for by id; None for anybody's."""
        if self._access is Access.OPEN or viewer.operator:
            return None
        return self.owner_of_own(viewer)

    def owner_of_own(self, viewer: Viewer) -> str:
        """Whose lists, streams and originals are the viewer's; empty for nobody's."""
        # Postgres takes no NUL, and no owner has one.
        return "" if "\0" in viewer.owner else viewer.owner
