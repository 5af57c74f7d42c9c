"""Every page of the console: a module with routes is named here."""

from admin_console import static_files
from admin_console.routes import (
    audit_log,
    batches,
    bulk_actions,
    chosen_photos,
    front_page,
    lanes,
    login,
    photos,
    probes,
    sessions,
)

ROUTES = [
    *probes.routes,
    *static_files.routes,
    *login.routes,
    *sessions.routes,
    *front_page.routes,
    *lanes.routes,
    *photos.routes,
    *chosen_photos.routes,
    *batches.routes,
    *bulk_actions.routes,
    *audit_log.routes,
]
