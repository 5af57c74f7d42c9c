"""What the pages consist of besides HTML: modules, styles, icons and catalogues of texts."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

ASSETS_PATH = "/api/assets/"

_MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
}
# All modules lie in one folder.
_IMPORT = re.compile(r'^(?:import|export)\b[^;"]*"\./([\w.]+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Asset:
    """One file; `tag` is a hash of its bytes."""

    content: bytes
    media_type: str
    tag: str


class PageAssets:
    """Every asset by its path, held in memory. `version` changes with any name or byte of them.

    One version for all: modules name each other relatively, so they must be of one folder.
    Raises KeyError for a file whose kind has no media type here.
    """

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self._assets = {
            path: Asset(content, _MEDIA_TYPES[path.rpartition(".")[2]], _digest(content))
            for path, content in sorted(contents.items())
        }
        self.version = _digest(
            "\n".join(f"{path} {asset.tag}" for path, asset in self._assets.items()).encode()
        )

    def find(self, path: str) -> Asset | None:
        """The asset at exactly this path; nothing else is ever read."""
        return self._assets.get(path)

    def url(self, path: str) -> str:
        """The address that serves the asset for as long as it stays as it is."""
        return f"{ASSETS_PATH}{self.version}/{path}"

    def modules_of(self, entry: str) -> list[str]:
        """The module at this path and all that it imports, on however many ways."""
        found: list[str] = []
        ahead = [entry]
        while ahead:
            path = ahead.pop()
            if path in self._assets and path not in found:
                found.append(path)
                ahead += _IMPORT.findall(self._assets[path].content.decode())
        return found


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _read(folder: Traversable, under: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _read(entry, f"{under}{entry.name}/")
        elif not entry.name.startswith("."):
            yield under + entry.name, entry.read_bytes()


PAGE_ASSETS = PageAssets(dict(_read(files("upload_gateway") / "web" / "assets")))
