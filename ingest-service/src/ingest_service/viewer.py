"""On whose behalf a call is made."""

from dataclasses import dataclass

from photo_domain.errors import ErrorCode, FieldViolation, RequestError

_MAX_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class Viewer:
    """An owner, who acts on what is theirs, or an operator, who acts on everything."""

    owner: str | None
    operator: str | None


def check_viewer(owner: str, operator: str) -> Viewer:
    """The viewer that one of the two names. Raises RequestError (invalid_argument)."""
    name = owner or operator
    if (owner and operator) or not 1 <= len(name) <= _MAX_CHARACTERS or not name.isprintable():
        problem = f"must be an owner or an operator of 1 to {_MAX_CHARACTERS} printable characters"
        raise RequestError(
            ErrorCode.INVALID_ARGUMENT,
            "The call does not say on whose behalf it is made.",
            [FieldViolation("viewer", problem)],
        )
    return Viewer(owner or None, operator or None)
