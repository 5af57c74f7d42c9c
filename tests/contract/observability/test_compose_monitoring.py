"""Compose's Prometheus and Grafana find the services, the rules and the dashboards."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from admin_console.settings import ConsoleSettings
from ingest_service.settings import IngestSettings
from photo_worker.settings import WorkerSettings
from status_service.settings import StatusSettings
from upload_gateway.settings import GatewaySettings

PORTS = {
    "upload-gateway": GatewaySettings.model_fields["gateway_metrics_port"].default,
    "ingest-service": IngestSettings.model_fields["ingest_metrics_port"].default,
    "status-service": StatusSettings.model_fields["status_metrics_port"].default,
    "worker": WorkerSettings.model_fields["worker_metrics_port"].default,
    "admin-console": ConsoleSettings.model_fields["admin_metrics_port"].default,
}


def test_promtool_accepts_the_configuration(
    promtool: Callable[..., None], observability: Path
) -> None:
    promtool("check", "config", observability / "prometheus.yml")


@pytest.mark.parametrize("service", PORTS)
def test_every_service_is_scraped_at_the_port_that_it_has_by_default(
    service: str, observability: Path
) -> None:
    config = yaml.safe_load((observability / "prometheus.yml").read_text("utf-8"))
    (job,) = [each for each in config["scrape_configs"] if each["job_name"] == service]
    (found,) = job["dns_sd_configs"]
    assert (found["names"], found["type"], found["port"]) == ([service], "A", PORTS[service])


def test_grafana_is_given_a_prometheus_and_the_dashboards(observability: Path) -> None:
    folder = observability / "grafana" / "provisioning"
    sources = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text("utf-8"))
    assert [source["type"] for source in sources["datasources"]] == ["prometheus"]
    boards = yaml.safe_load((folder / "dashboards" / "photos.yml").read_text("utf-8"))
    told = (observability / "README.md").read_text("utf-8")
    for provider in boards["providers"]:
        assert provider["options"]["path"] in told
