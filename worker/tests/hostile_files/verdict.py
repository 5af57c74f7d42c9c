"""Whether what became of a hostile file is right."""

import io
from collections.abc import Sequence

from PIL import Image

from hostile_files.hostile_file import MARK, SUCCESS, HostileFile


def complaint(file: HostileFile, outcome: str, renditions: Sequence[bytes]) -> str | None:
    """What is wrong with this outcome, in words; None if nothing is."""
    if outcome not in file.right:
        return f"ended as {outcome}, not as {' or '.join(sorted(file.right))}"
    if outcome != SUCCESS:
        return "it left renditions behind" if renditions else None
    if not renditions:
        return "it has no renditions"
    for data in renditions:
        if MARK in data:
            return "a rendition carries what was hidden in the file"
        if unreadable := _why_unreadable(data):
            return f"a rendition cannot be read: {unreadable}"
    return None


def _why_unreadable(rendition: bytes) -> str | None:
    try:
        with Image.open(io.BytesIO(rendition)) as image:
            image.load()
    except Exception as error:  # noqa: BLE001 - Pillow has many ways to refuse a file
        return type(error).__name__
    return None
