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
        with Image.open(io.BytesIO(data)) as image:
            # Raises where it cannot be read.
            image.load()
    return None
