"""`python -m photo_worker`: the worker until SIGTERM, which lets running photos finish."""

import sys

from photo_worker.settings import WorkerSettings, prepare_metrics_folder
from service_kit.settings import load_settings
from service_kit.structured_logging import configure_logging


def main() -> int:
    """Run the worker; the exit code is 0 after an orderly shutdown."""
    settings = load_settings(WorkerSettings)
    configure_logging(settings, "worker")
    with prepare_metrics_folder(settings.worker_metrics_folder) as metrics_folder:
        # prometheus_client chooses its mode when it is imported.
        from photo_worker.pool import run_pool  # noqa: PLC0415

        return run_pool(settings, metrics_folder)


if __name__ == "__main__":
    sys.exit(main())
