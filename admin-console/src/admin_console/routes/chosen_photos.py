"""`POST /admin/photos/act`: an action on the photos that an operator chose."""

from http import HTTPStatus
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from admin_console.acting import acting
from admin_console.console import console_of
from admin_console.forms import form_of
from admin_console.notices import address_after, without_notice
from admin_console.operators import operator_of
from admin_console.pages import page
from admin_console.photo_actions import Asker
from admin_console.photo_query import read_uuid
from admin_console.request_address import address_of
from photo_records.bulk_action_table import PhotoAction
from service_kit.request_id import current_request_id

_MOST = 100


@acting
async def act_on_chosen(request: Request) -> Response:
    """Retry, cancel or delete up to 100 photos; what deletes is asked about first."""
    form = form_of(request)
    action, task_ids = read_action(form.get("action")), _task_ids(form.getlist("task_id"))
    back = form.get("back", "")
    if not task_ids:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "No photo was chosen.")
    if action is PhotoAction.DELETE and form.get("confirmed") != "yes":
        return await page(
            request, "delete_chosen.html", task_ids=task_ids, back=without_notice(back)
        )
    outcomes = await console_of(request).actions.act(action, task_ids, asker_of(request))
    return RedirectResponse(address_after(back, outcomes), HTTPStatus.SEE_OTHER.value)


def read_action(text: str | None) -> PhotoAction:
    """The action that a form names. Raises HTTPException (422)."""
    if text not in set(PhotoAction):
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "There is no such action.")
    return PhotoAction(text)


def asker_of(request: Request) -> Asker:
    """Who sent `request`."""
    return Asker(operator_of(request).name, address_of(request), current_request_id())


def _task_ids(texts: list[str]) -> list[UUID]:
    try:
        # Each once, in their order.
        task_ids = list(dict.fromkeys(map(read_uuid, texts)))
    except ValueError:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "That is no task id.") from None
    if len(task_ids) > _MOST:
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"At most {_MOST} photos can be chosen at a time."
        )
    return task_ids


routes = [Route("/admin/photos/act", act_on_chosen, methods=["POST"])]
