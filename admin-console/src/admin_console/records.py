"""The small tables as they are, read only: lists that sqladmin makes, in our layout."""

from typing import Any, ClassVar

import jinja2
from sqladmin import Admin, ModelView
from sqladmin.formatters import BASE_FORMATTERS
from sqladmin.templating import Jinja2Templates
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from admin_console.error_pages import EXCEPTION_HANDLERS
from admin_console.moments import moment
from admin_console.pages import TEMPLATES, layout_context
from photo_records.console_tables import AdminUserRecord
from photo_records.tables import PausedLaneRecord

_PATH = "/admin/records"


def _moment_in(record: Any, column: str) -> str:
    return moment(getattr(record, column))


class _Records(ModelView):
    """A table to look at, and nothing else."""

    can_create = can_edit = can_delete = can_export = can_import = can_view_details = False
    list_template = "records.html"
    page_size = 100
    page_size_options: ClassVar[list[int]] = [100]
    column_type_formatters: ClassVar[dict[type, Any]] = {
        **BASE_FORMATTERS,
        bool: lambda value: "yes" if value else "no",
    }

    async def list_context(self, request: Request) -> dict[str, Any]:
        """What the layout needs."""
        return layout_context(request)


class Operators(_Records, model=AdminUserRecord):
    """Who may sign in; hashes stay where they are."""

    name_plural = "Operators"
    column_list: ClassVar[list[Any]] = [
        AdminUserRecord.name,
        AdminUserRecord.role,
        AdminUserRecord.active,
        AdminUserRecord.created_at,
        AdminUserRecord.password_changed_at,
    ]
    column_default_sort: ClassVar[Any] = "name"
    column_formatters: ClassVar[dict[Any, Any]] = {
        AdminUserRecord.created_at: _moment_in,
        AdminUserRecord.password_changed_at: _moment_in,
    }
    column_labels: ClassVar[dict[Any, str]] = {
        AdminUserRecord.name: "Name",
        AdminUserRecord.role: "Role",
        AdminUserRecord.active: "May sign in",
        AdminUserRecord.created_at: "Since",
        AdminUserRecord.password_changed_at: "Password since",
    }


class PausedLanes(_Records, model=PausedLaneRecord):
    """Lanes of which nothing is published for now."""

    name_plural = "Paused lanes"
    column_list: ClassVar[list[Any]] = [
        PausedLaneRecord.lane,
        PausedLaneRecord.paused_at,
        PausedLaneRecord.paused_by,
    ]
    column_formatters: ClassVar[dict[Any, Any]] = {PausedLaneRecord.paused_at: _moment_in}
    column_labels: ClassVar[dict[Any, str]] = {
        PausedLaneRecord.lane: "Lane",
        PausedLaneRecord.paused_at: "Since",
        PausedLaneRecord.paused_by: "By",
    }


# sqladmin names the pages for the models; these are the words that people read.
Operators.identity = "operators"
PausedLanes.identity = "paused-lanes"


class _ReadOnlyAdmin(Admin):
    """sqladmin without its forms, scripts, exports and login: only the lists are left."""

    def __init__(self, app: Starlette, engine: AsyncEngine) -> None:
        super().__init__(app, engine, base_url=_PATH)
        self.admin.router.routes = [
            Route("/{identity}/", endpoint=self.list, name="list", methods=["GET"])
        ]
        self.admin.exception_handlers = EXCEPTION_HANDLERS

    def init_templating_engine(self) -> Jinja2Templates:
        """Our templates, which ask for values as sqladmin's do: in coroutines."""
        templates = super().init_templating_engine()
        loader = TEMPLATES.loader
        assert isinstance(loader, jinja2.BaseLoader)
        templates.env.loader = loader
        templates.env.globals.update(TEMPLATES.globals)
        templates.env.filters.update(TEMPLATES.filters)
        templates.env.trim_blocks = templates.env.lstrip_blocks = True
        return templates


def mount_records(app: Starlette, engine: AsyncEngine) -> None:
    """Add the lists below /admin/records/."""
    admin = _ReadOnlyAdmin(app, engine)
    for view in (Operators, PausedLanes):
        admin.add_view(view)
