"""Tracing never stands in the way: not without a collector, nor with one that does not answer."""

import socket
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette

from service_kit import otlp_spans
from service_kit.grpc_channel import open_channel
from service_kit.settings import ServiceSettings, TracedSettings
from service_kit.traced_channel import TracedChannel
from service_kit.traced_requests import with_spans
from service_kit.tracing import (
    is_tracing,
    link_to,
    start_tracing,
    stop_tracing,
    traced,
    traceparent,
)


@pytest.fixture
def silent_collector() -> Iterator[str]:
    """Takes connections and answers nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_spans, "_LAST_BATCH_SECONDS", 0.2)
    # In seconds: the thread that sends ends with it, if not sooner.
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")


async def test_without_a_collector_everything_is_built_as_if_there_were_no_tracing() -> None:
    start_tracing(TracedSettings(otel_exporter_otlp_endpoint=None), "tests", "service-kit")
    assert not is_tracing()
    app = Starlette()
    assert with_spans(app) is app
    async with open_channel("dns:///127.0.0.1:1") as channel:
        assert not isinstance(channel, TracedChannel)
    spans = [traced("one"), traced("another", parent="00-1-1-01", current=False)]
    assert spans[0] is spans[1]
    with spans[0] as span:
        span.note(a="b")
        span.conclude("an error")
        link_to("00-1-1-01")
        assert (span.traceparent, traceparent()) == (None, None)
    stop_tracing()


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("is_there", [True, False])
def test_a_collector_that_is_silent_or_gone_holds_up_neither_work_nor_its_end(
    silent_collector: str, is_there: bool
) -> None:
    endpoint = silent_collector if is_there else "http://127.0.0.1:1"
    start_tracing(TracedSettings(otel_exporter_otlp_endpoint=endpoint), "tests", "service-kit")
    # More than the queue of the SDK has room for.
    for _ in range(5_000):
        with traced("work"):
            pass
    stop_tracing()
    assert not is_tracing()
    with traced("afterwards") as span:
        assert span.traceparent is None


@pytest.mark.parametrize("endpoint", ["collector:4318", "grpc://collector:4317", "http://"])
def test_an_endpoint_that_is_no_http_address_is_refused(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
    with pytest.raises(ValueError, match="must be http"):
        TracedSettings()


def test_what_is_set_to_nothing_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    unset = TracedSettings()
    for name in TracedSettings.model_fields.keys() - ServiceSettings.model_fields.keys():
        monkeypatch.setenv(name.upper(), "")
    assert TracedSettings() == unset
    assert unset.otel_exporter_otlp_endpoint is None
