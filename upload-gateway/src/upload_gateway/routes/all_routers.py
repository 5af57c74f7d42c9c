"""Every call of the HTTP API: a module with routes is named here, and served and described."""

from upload_gateway.routes import (
    assets,
    batch_page,
    batches,
    docs,
    events,
    home,
    photo_objects,
    probes,
    session,
    sign_out,
    task_actions,
    task_status,
    tasks,
    upload,
    visitor,
)

ROUTERS = (
    home.router,
    assets.router,
    upload.router,
    task_status.router,
    task_actions.router,
    tasks.router,
    batches.router,
    batch_page.router,
    events.router,
    docs.router,
    photo_objects.router,
    visitor.router,
    session.router,
    sign_out.router,
    probes.router,
)
