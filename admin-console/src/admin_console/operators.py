"""Who is at the console."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from photo_records.console_tables import OperatorRole

if TYPE_CHECKING:
    from starlette.requests import Request


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who has signed in."""

    id: int
    name: str
    role: OperatorRole

    @property
    def may_act(self) -> bool:
        """Whether they may change something; a viewer sees everything and changes nothing."""
        return self.role is OperatorRole.SUPERUSER


def operator_of(request: "Request") -> Operator:
    """Who asks: the session guard lets nobody else reach a page."""
    return cast("Operator", request.state.operator)
