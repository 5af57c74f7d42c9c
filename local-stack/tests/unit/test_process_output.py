import asyncio
import os
from pathlib import Path

from local_stack.process_output import ProcessOutput


async def fed(output: ProcessOutput, *pieces: bytes) -> None:
    reading, writing = os.pipe()
    ended = await output.read_from(reading)
    for piece in pieces:
        os.write(writing, piece)
    os.close(writing)
    async with asyncio.timeout(5):
        await ended
    output.close()


async def test_lines_go_to_the_log_and_with_the_name_to_the_terminal(tmp_path: Path) -> None:
    echoed: list[str] = []
    output = ProcessOutput("worker", tmp_path, echoed.append)
    await fed(output, b"one\ntw", b"o\nno end")

    assert (tmp_path / "worker.log").read_text() == "one\ntwo\nno end\n"
    assert [line.split(" | ") for line in echoed] == [
        ["worker        ", "one"],
        ["worker        ", "two"],
        ["worker        ", "no end"],
    ]


async def test_a_new_start_keeps_the_log_of_the_one_before(tmp_path: Path) -> None:
    for line in (b"first\n", b"second\n", b"third\n"):
        await fed(ProcessOutput("worker", tmp_path, None), line)

    assert (tmp_path / "worker.log").read_text() == "third\n"
    assert (tmp_path / "worker.log.1").read_text() == "second\n"
    assert not (tmp_path / "worker.log.2").exists()


async def test_the_last_lines_stand_indented_under_an_error(tmp_path: Path) -> None:
    output = ProcessOutput("worker", tmp_path, None)
    await fed(output, b"".join(b"line %d\n" % number for number in range(50)))

    lines = output.last_lines.splitlines()
    assert lines[-1] == "    line 49"
    assert len(lines) == 21


async def test_a_line_without_an_end_does_not_grow_for_ever(tmp_path: Path) -> None:
    output = ProcessOutput("worker", tmp_path, None)
    reading, writing = os.pipe()
    ended = await output.read_from(reading)
    total = 300_000
    await asyncio.to_thread(os.write, writing, b"x" * total)
    os.close(writing)
    async with asyncio.timeout(5):
        await ended
    output.close()

    text = output.path.read_text()
    assert text.count("x") == total
    assert max(map(len, text.splitlines())) < 150_000


async def test_bytes_that_are_no_text_are_kept_readable(tmp_path: Path) -> None:
    output = ProcessOutput("worker", tmp_path, None)
    await fed(output, b"caf\xe9 %s\n")

    assert output.path.read_text() == "caf\ufffd %s\n"
