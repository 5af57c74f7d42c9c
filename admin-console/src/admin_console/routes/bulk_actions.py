"""`/admin/bulk-actions/`: actions on all photos of a filter, asked about before they begin."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from uuid import UUID, uuid4

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from admin_console.acting import acting
from admin_console.audit_log import record_act
from admin_console.audit_reads import lines_about
from admin_console.bulk_actions import (
    MOST_MATCHED,
    BulkAction,
    create_bulk_action,
    end_bulk_action,
    find_answer,
    find_bulk_action,
    list_bulk_actions,
    target_of,
)
from admin_console.console import console_of
from admin_console.forms import form_of
from admin_console.operators import operator_of
from admin_console.pages import page, refusal
from admin_console.photo_query import PhotoQuery, read_photo_query, read_uuid, time_text
from admin_console.routes.chosen_photos import asker_of, read_action
from photo_domain.task_state import TaskStatus
from photo_records.bulk_action_table import BulkActionState, PhotoAction
from photo_records.photo_search import count_photos

BULK_ACTIONS = "/admin/bulk-actions/"
_PAGE_ROWS = 50
_AUDIT_LINES = 20
_MAX_ID = 2**63 - 1

# What can be retried and cancelled: the rest would only be refused, one by one.
_STATUS_OF = {PhotoAction.RETRY: TaskStatus.FAILURE, PhotoAction.CANCEL: TaskStatus.PENDING}


async def show_bulk_actions(request: Request) -> Response:
    """A page of the actions, newest first."""
    text = request.query_params.get("before")
    before = _read_id(text) if text else None
    actions = await list_bulk_actions(console_of(request).pool, before, _PAGE_ROWS + 1)
    shown = [(action, _query_of(action)) for action in actions[:_PAGE_ROWS]]
    return await page(
        request,
        "bulk_actions.html",
        shown=shown,
        older=shown[-1][0].id if len(actions) > _PAGE_ROWS else None,
        is_first_page=before is None,
    )


async def show_bulk_action(request: Request) -> Response:
    """How far an action is."""
    pool = console_of(request).pool
    action = await find_bulk_action(pool, _read_id(request.path_params["id"]))
    if action is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    lines = await lines_about(pool, target_of(action.id), _AUDIT_LINES)
    return await page(
        request,
        "bulk_action.html",
        bulk=action,
        query=_query_of(action),
        most=MOST_MATCHED,
        lines=lines,
    )


async def ask(request: Request) -> Response:
    """Show what the action would be done to, before it begins."""
    if not operator_of(request).may_act:
        return await refusal(
            request, HTTPStatus.FORBIDDEN, "You may look at everything, but change nothing."
        )
    action = read_action(request.query_params.get("action"))
    query = _bounded(action, request.query_params)
    return await page(
        request,
        "ask_bulk_action.html",
        action=action,
        query=query,
        matched=await _count(request, query),
        most=MOST_MATCHED,
        question_id=uuid4(),
    )


@acting
async def begin(request: Request) -> Response:
    """Ask for the action; it is done in the background."""
    form = form_of(request)
    action, question_id = read_action(form.get("action")), _question_id(form)
    query = _bounded(action, form)
    matched = await _count(request, query)
    async with console_of(request).pool.acquire() as connection, connection.transaction():
        action_id = await create_bulk_action(
            connection, asker_of(request), action, query.fields, matched, question_id
        )
        if action_id is None:
            # The form was sent twice.
            action_id = await find_answer(connection, question_id)
        else:
            details = {"action": str(action), "filter": dict(query.fields), "matched": matched}
            await record_act(connection, request, "bulk_action", target_of(action_id), details)
    console_of(request).bulk.wake()
    return RedirectResponse(f"{BULK_ACTIONS}{action_id}", HTTPStatus.SEE_OTHER.value)


@acting
async def stop(request: Request) -> Response:
    """Do it to no more photos; what was done stays done."""
    action_id = _read_id(request.path_params["id"])
    async with console_of(request).pool.acquire() as connection, connection.transaction():
        if await end_bulk_action(connection, action_id, BulkActionState.STOPPED):
            await record_act(connection, request, "stop_bulk_action", target_of(action_id))
    return RedirectResponse(f"{BULK_ACTIONS}{action_id}", HTTPStatus.SEE_OTHER.value)


def _question_id(form: Mapping[str, str]) -> UUID:
    try:
        return read_uuid(form.get("question_id", ""))
    except ValueError:
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY, "The form was changed: ask again."
        ) from None


def _bounded(action: PhotoAction, given: Mapping[str, str]) -> PhotoQuery:
    """The photos of a filter that the action can be done to, of those that are there now.

    Raises HTTPException (422) for a filter that is wrong, or is none.
    """
    query = read_photo_query(given)
    if query.errors:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(query.errors.values()))
    if not query.fields.keys() - {"until"}:
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "Choose a filter first: nothing is done to all photos at once.",
        )
    now, status = datetime.now(UTC), _STATUS_OF.get(action)
    if status and query.wanted.status not in {None, status}:
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"Only photos that are {status} can be chosen for it."
        )
    until = query.wanted.until_time
    return read_photo_query(
        {
            **query.fields,
            **({"status": status} if status else {}),
            "until": time_text(min(until, now) if until else now),
        }
    )


async def _count(request: Request, query: PhotoQuery) -> int | None:
    """How many photos it names now; None for more than are counted."""
    async with console_of(request).engine.connect() as connection:
        count = await count_photos(connection, query.wanted, MOST_MATCHED)
    return count if count <= MOST_MATCHED else None


def _query_of(action: BulkAction) -> PhotoQuery:
    return read_photo_query(action.fields)


def _read_id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 19) or int(text) > _MAX_ID:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return int(text)


routes = [
    Route(BULK_ACTIONS, show_bulk_actions, methods=["GET"]),
    Route(BULK_ACTIONS, begin, methods=["POST"]),
    Route(BULK_ACTIONS + "new", ask, methods=["GET"]),
    Route(BULK_ACTIONS + "{id}", show_bulk_action, methods=["GET"]),
    Route(BULK_ACTIONS + "{id}/stop", stop, methods=["POST"]),
]
