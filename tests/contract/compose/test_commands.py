"""The commands that documents and scripts show work on the system that .env describes."""

import re
from pathlib import Path

_ROOT = Path(__file__).parents[3]


def test_none_names_files_of_compose_by_itself() -> None:
    """It would be another system than that of the commands that do not."""
    for path in (*_ROOT.glob("*.md"), *_ROOT.glob("docs/*.md"), *_ROOT.glob("deploy/compose/*")):
        found = re.search(r"docker compose (-f|--file)\b.*", path.read_text("utf-8"))
        assert not found, f"{path.name}: {found[0] if found else ''}"


def test_the_files_that_are_offered_are_there() -> None:
    told = re.findall(
        r"COMPOSE_FILE=([\w./:-]+)",
        (_ROOT / ".env.example").read_text("utf-8")
        + (_ROOT / "docs" / "operations.md").read_text("utf-8")
        + (_ROOT / "deploy" / "compose" / "object-store.yml").read_text("utf-8"),
    )
    assert len(told) == 3
    assert len(set(told)) == 1
    for name in told[0].split(":"):
        assert (_ROOT / name).is_file(), name
