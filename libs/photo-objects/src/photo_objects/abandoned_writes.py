"""What writes that were killed in the middle left behind on a file store."""

import asyncio
import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from obstore.store import LocalStore

from photo_objects.errors import StorageUnavailableError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

# A file store writes to `key#1` (or the next free number) and renames it; such a file is no object
# and no listing shows it. No key of this service has a `#`.
_STAGED = re.compile(r".+#[0-9]+")


class AbandonedWrites:
    """Removes unfinished files. Other stores have none: a bucket's lifecycle rule removes parts."""

    def __init__(self, store: "ObjectStore") -> None:
        self._folder = store.prefix if isinstance(store, LocalStore) else None

    async def remove(self, folder: str, before: datetime, *, dry_run: bool) -> int:
        """Remove those below `folder` that were last written before that time; how many.

        A dry run only counts them. Raises StorageUnavailableError.
        """
        if self._folder is None:
            return 0
        root = self._folder / folder
        try:
            return await asyncio.to_thread(_remove, root, before.timestamp(), dry_run=dry_run)
        except OSError as error:
            raise StorageUnavailableError("Unfinished files could not be removed.") from error


def _remove(root: Path, before: float, *, dry_run: bool) -> int:
    count = 0
    for path in _staged(root):
        try:
            if path.stat().st_mtime >= before:
                continue
            if not dry_run:
                path.unlink()
        except FileNotFoundError:
            continue  # its upload ended in this moment
        count += 1
    return count


def _staged(root: Path) -> Iterator[Path]:
    for folder, _folders, names in os.walk(root):
        yield from (Path(folder, name) for name in names if _STAGED.fullmatch(name))
