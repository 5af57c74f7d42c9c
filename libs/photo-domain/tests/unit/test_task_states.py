"""Stages and failure codes."""

import ast
import sys
from pathlib import Path

import pytest

import photo_domain
from photo_domain.failure import FailureCode, ProcessingError
from photo_domain.task_state import TaskStage, TaskStatus, stage_of

PENDING = TaskStatus.PENDING


@pytest.mark.parametrize(
    ("leased", "postponed", "stage"),
    [
        (False, False, TaskStage.QUEUED),
        (True, False, TaskStage.PROCESSING),
        (False, True, TaskStage.WAITING_TO_RETRY),
        (True, True, TaskStage.PROCESSING),
    ],
)
def test_the_stage_of_a_pending_task_follows_its_lease_and_its_next_attempt(
    leased: bool, postponed: bool, stage: TaskStage
) -> None:
    assert stage_of(PENDING, leased=leased, postponed=postponed) is stage


@pytest.mark.parametrize("status", [TaskStatus.SUCCESS, TaskStatus.FAILURE])
@pytest.mark.parametrize("leased", [False, True])
@pytest.mark.parametrize("postponed", [False, True])
def test_an_ended_task_is_done(status: TaskStatus, leased: bool, postponed: bool) -> None:
    assert stage_of(status, leased=leased, postponed=postponed) is TaskStage.DONE


@pytest.mark.parametrize("code", FailureCode)
def test_every_failure_has_a_sentence_for_its_uploader(code: FailureCode) -> None:
    assert code.message.endswith(".")
    assert code.message[0].isupper()
    assert str(ProcessingError(code)) == code.message


def test_no_two_failures_say_the_same() -> None:
    assert len({code.message for code in FailureCode}) == len(FailureCode)


def test_the_domain_imports_the_standard_library_only() -> None:
    folder = Path(photo_domain.__file__).parent
    imported = set()
    for source in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                assert node.module is not None
                imported.add(node.module.partition(".")[0])
    assert imported - {"photo_domain"} <= sys.stdlib_module_names
