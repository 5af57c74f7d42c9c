"""What a service writes to its log."""

import json
import subprocess
import sys

_PROGRAM = """
import logging, sys
import structlog
from service_kit.settings import ServiceSettings
from service_kit.structured_logging import configure_logging

configure_logging(ServiceSettings(log_format=sys.argv[1], log_level=sys.argv[2]), "example")
structlog.contextvars.bind_contextvars(request_id="r1")
log = structlog.get_logger("mine")
log.debug("seldom_wanted")
log.info("batch_registered", accepted=3, name="\\u00fc")
logging.getLogger("library").warning("%s from elsewhere", "greetings")
def divide(photo):
    return len(photo) / 0
try:
    divide(b"bytes of" + b" a photo")
except ZeroDivisionError:
    log.exception("rpc_failed")
"""


def logged(log_format: str, log_level: str = "info") -> str:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, log_format, log_level],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == ""
    return done.stderr


def test_outside_a_terminal_every_event_is_a_line_of_json() -> None:
    ours, foreign, failure = map(json.loads, logged("auto").splitlines())
    assert ours.pop("timestamp").endswith("Z")
    assert ours == {
        "event": "batch_registered",
        "accepted": 3,
        "name": "ü",
        "level": "info",
        "logger": "mine",
        "request_id": "r1",
        "service": "example",
    }
    assert foreign["event"] == "greetings from elsewhere"
    assert (foreign["service"], foreign["request_id"]) == ("example", "r1")
    assert (foreign["level"], foreign["logger"]) == ("warning", "library")
    assert "ZeroDivisionError" in failure["exception"]


def test_a_traceback_shows_no_value_of_any_frame() -> None:
    for log_format in ("console", "json"):
        lines = logged(log_format)
        assert "ZeroDivisionError" in lines
        assert "bytes of a photo" not in lines


def test_the_level_decides_what_is_logged() -> None:
    assert "seldom_wanted" in logged("json", "debug")
    assert "batch_registered" not in logged("json", "warning")
    assert "greetings" in logged("json", "warning")


def test_the_console_format_is_for_people() -> None:
    text = logged("console")
    assert "batch_registered" in text
    assert not text.lstrip().startswith("{")
