"""Entity tags (RFC 9110 8.8.3, 13.1.2); those of tasks are weak, made of the revision."""

import re
from collections.abc import Sequence

_TAG = re.compile(r'(?:W/)?"([^"]*)"')


def entity_tag(revision: int) -> str:
    """The tag of a task in this revision."""
    return f'W/"{revision}"'


class KnownTags:
    """What the client knows already, by its If-None-Match headers."""

    def __init__(self, headers: Sequence[str]) -> None:
        self.any = any(header.strip() == "*" for header in headers)
        self._tags = {tag for header in headers for tag in _TAG.findall(header)}

    def __bool__(self) -> bool:
        return self.any or bool(self._tags)

    def include(self, tag: int | str) -> bool:
        """Whether what has this revision or tag is no news, by weak comparison (8.8.3.2)."""
        return self.any or str(tag) in self._tags
