"""`python -m status_service`."""

import uvloop

from service_kit.settings import load_settings
from service_kit.structured_logging import configure_logging
from status_service.bootstrap import run
from status_service.settings import StatusSettings

if __name__ == "__main__":
    settings = load_settings(StatusSettings)
    configure_logging(settings, "status-service")
    uvloop.run(run(settings))
