"""What became of the files of an upload, as a table on the terminal."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

_COLORS = {"SUCCESS": "green", "FAILURE": "red", "PENDING": "yellow"}


def results_table(
    tasks: Iterable[Mapping[str, Any]], rejected: Iterable[Mapping[str, Any]]
) -> Table:
    """A row for each task, then one for each file that was not accepted."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in ("File", "Status"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Bytes", justify="right", no_wrap=True)
    table.add_column("Format")
    table.add_column("Renditions", no_wrap=True)
    table.add_column("Time", justify="right", no_wrap=True)
    table.add_column("Error", overflow="fold", min_width=16)
    for task in tasks:
        result, error = task["result"] or {}, task["error"] or {}
        status = str(task["status"])
        table.add_row(
            escape(task["file_name"]),
            f"[{_COLORS.get(status, 'white')}]{status}[/]",
            f"{task['size']:,}",
            str(result.get("format", "")),
            "\n".join(_rendition(each) for each in result.get("renditions", ())),
            _seconds(result.get("processing_time")),
            _reason(error["code"], error["message"]) if error else "",
        )
    for file in rejected:
        reasons = "\n".join(_reason(each["code"], each["detail"]) for each in file["errors"])
        table.add_row(escape(file["file_name"]), "[magenta]rejected[/]", "", "", "", "", reasons)
    return table


def _reason(code: str, sentence: str) -> str:
    return f"{code}\n[dim]{escape(sentence)}[/]"


def _rendition(rendition: Mapping[str, Any]) -> str:
    return f"{rendition['name']} {rendition['width']}x{rendition['height']}"


def _seconds(duration: float | None) -> str:
    return "" if duration is None else f"{duration:.2f} s"
