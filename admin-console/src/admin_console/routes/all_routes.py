"""Every page of the console: a module with routes is named here."""

from admin_console import static_files
from admin_console.routes import login, probes, sessions

ROUTES = [
    *probes.routes,
    *static_files.routes,
    *login.routes,
    *sessions.routes,
]
