"""The table of codes in docs/api.md is what the gateway can answer, no more and no less."""

import ast
import re
from collections.abc import Iterator
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path

from photo_domain.failure import FailureCode
from photo_domain.rejection import RejectionCode
from upload_gateway import problems

API = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
GATEWAY = Path(str(files("upload_gateway")))
PROTOCOL = Path(str(files("service_kit"))) / "http_protocol.py"

# How a code comes to be in an answer: what is called, and where among its arguments the code is.
MADE_BY = {"Problem": 1, "RequestRefused": 1, "_refuse": 1, "unavailable": 0}
STATUS_OF = {"unavailable": HTTPStatus.SERVICE_UNAVAILABLE}
# What the framework answers by itself.
FRAMEWORK = {(404, "not_found"), (405, "method_not_allowed")}

CODE = re.compile(r"[a-z][a-z_]+")


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call in the gateway that makes a problem, with the name of what is called."""
    for path in (PROTOCOL, *GATEWAY.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in MADE_BY:
                    yield name, node


def answered() -> set[tuple[int, str]]:
    """Every status with a code that the source of the gateway names."""
    found = {(status.value, code.value) for code, status in problems._STATUS.items()}
    for name, call in calls():
        code = call.args[MADE_BY[name]]
        status = STATUS_OF.get(name)
        if status is None and isinstance(call.args[0], ast.Attribute):
            status = HTTPStatus[call.args[0].attr]
        for node in ast.walk(code):
            if isinstance(node, ast.Constant) and CODE.fullmatch(str(node.value)):
                assert status, ast.unparse(call)
                found.add((status.value, str(node.value)))
    return found | FRAMEWORK


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading."""
    section = API.split(f"### {heading}\n", 1)[1].split("\n#", 1)[0]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:1] == "|"]
    return lines[2:]


def documented() -> set[tuple[int, str]]:
    found = set()
    for statuses, codes, *_ in rows("Why a request is refused"):
        names = re.findall(r"`([a-z_]+)`", codes)
        numbers = [int(each) for each in statuses.split(", ")]
        # One status for all codes of a row, or one for each.
        pairs = zip(numbers * (len(names) if len(numbers) == 1 else 1), names, strict=True)
        found |= set(pairs)
    return found


def test_every_code_that_the_gateway_answers_is_documented_with_its_status() -> None:
    assert answered() - documented() == set()


def test_nothing_is_documented_that_the_gateway_never_answers() -> None:
    assert documented() - answered() == set()


def test_every_reason_to_reject_a_file_is_documented() -> None:
    named = {code for first, *_ in rows("Why a file is rejected") for code in first.split("`")}
    assert named & set(RejectionCode) == set(RejectionCode)
    assert {code for code in named if CODE.fullmatch(code)} == set(RejectionCode)


def test_every_reason_for_a_failure_is_documented() -> None:
    named = {code for first, *_ in rows("Why a task failed") for code in first.split("`")}
    assert {code for code in named if CODE.fullmatch(code)} == set(FailureCode)
