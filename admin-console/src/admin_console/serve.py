"""Serves the pages."""

import uvicorn

from admin_console.app import build_app
from admin_console.bootstrap import ConsoleBootstrap
from admin_console.settings import ConsoleSettings
from service_kit.http_protocol import BoundedHttpProtocol
from service_kit.metrics_server import serve_metrics
from service_kit.service_info import announce_service
from service_kit.settings import load_settings
from service_kit.structured_logging import configure_logging
from service_kit.tracing import start_tracing

# The most connections and running requests; browsers ask for a page's pictures together.
_MAX_REQUESTS = 200


def serve() -> None:
    """Answer until SIGTERM or SIGINT, then let running requests finish."""
    settings = load_settings(ConsoleSettings)
    configure_logging(settings, "admin-console")
    # Before the app is built: what traces nothing has no part for it.
    start_tracing(settings, "admin-console", "admin-console")
    app = build_app(ConsoleBootstrap(settings).open_console)
    announce_service("admin-console", "admin-console")
    serve_metrics(settings.listen_host, settings.admin_metrics_port)
    uvicorn.run(
        app,
        host=settings.listen_host,
        port=settings.admin_port,
        loop="uvloop",
        http=BoundedHttpProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        # Without an empty list uvicorn would believe whoever connects from this machine.
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        server_header=False,
        limit_concurrency=_MAX_REQUESTS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=int(settings.shutdown_grace_seconds),
    )
