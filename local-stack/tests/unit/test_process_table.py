import json
from pathlib import Path

from local_stack.process_table import ProcessEntry, ProcessTable, read_process_table


def entry(pid: int) -> ProcessEntry:
    return {"pid": pid, "port": None, "metrics_port": 9103}


def test_the_file_holds_each_process_with_its_ports(tmp_path: Path) -> None:
    table = ProcessTable(tmp_path / "processes.json")
    table.record("worker", entry(7))
    table.record("redis", {"pid": 8, "port": 6390, "metrics_port": None})

    assert json.loads((tmp_path / "processes.json").read_text()) == {
        "worker": {"pid": 7, "port": None, "metrics_port": 9103},
        "redis": {"pid": 8, "port": 6390, "metrics_port": None},
    }


def test_a_restart_replaces_the_process_id(tmp_path: Path) -> None:
    path = tmp_path / "processes.json"
    table = ProcessTable(path)
    table.record("worker", entry(7))
    table.record("worker", entry(9))

    assert read_process_table(path)["worker"]["pid"] == 9


def test_a_reader_keeps_a_whole_file_while_it_is_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "processes.json"
    table = ProcessTable(path)
    table.record("worker", entry(7))
    with path.open() as opened_before:
        table.record("worker", entry(9))
        assert json.load(opened_before)["worker"]["pid"] == 7
    assert [each.name for each in tmp_path.iterdir()] == ["processes.json"]


def test_the_file_is_gone_at_the_end_and_reads_as_nothing(tmp_path: Path) -> None:
    path = tmp_path / "processes.json"
    table = ProcessTable(path)
    table.record("worker", entry(7))
    table.remove()
    table.remove()

    assert read_process_table(path) == {}
