"""`python -m ingest_service`."""

import uvloop

from ingest_service.bootstrap import run
from ingest_service.settings import IngestSettings
from service_kit.settings import load_settings
from service_kit.structured_logging import configure_logging

if __name__ == "__main__":
    settings = load_settings(IngestSettings)
    configure_logging(settings, "ingest-service")
    uvloop.run(run(settings))
