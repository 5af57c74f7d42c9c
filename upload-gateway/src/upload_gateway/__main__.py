"""`python -m upload_gateway` serves; `python -m upload_gateway api-key` makes a key."""

import asyncio
import sys

import uvicorn

from service_kit.http_protocol import BoundedHttpProtocol
from service_kit.metrics_server import serve_metrics
from service_kit.service_info import announce_service
from service_kit.settings import load_settings
from service_kit.structured_logging import configure_logging
from service_kit.tracing import start_tracing
from upload_gateway.app import build_app, check_storage
from upload_gateway.issue_api_key import issue_api_key
from upload_gateway.settings import GatewaySettings


def main() -> None:
    """Serve the HTTP API until SIGTERM or SIGINT, then let running requests finish."""
    if sys.argv[1:2] == ["api-key"]:
        sys.stdout.write(issue_api_key(sys.argv[2:]))
        return
    settings = load_settings(GatewaySettings)
    configure_logging(settings, "upload-gateway")
    asyncio.run(check_storage(settings))
    # Before the app is built: what traces nothing has no part for it.
    start_tracing(settings, "upload-gateway", "upload-gateway")
    announce_service("upload-gateway", "upload-gateway")
    serve_metrics(settings.listen_host, settings.gateway_metrics_port)
    uvicorn.run(
        build_app(settings),
        host=settings.listen_host,
        port=settings.gateway_port,
        loop="uvloop",
        http=BoundedHttpProtocol,
        log_config=None,
        access_log=False,
        # Without an empty list uvicorn would believe whoever connects from this machine.
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=int(settings.shutdown_grace_seconds),
    )


if __name__ == "__main__":
    main()
