"""Which renditions are made: the setting `RENDITIONS`, read."""

import re
from dataclasses import dataclass
from enum import StrEnum


class RenditionFormat(StrEnum):
    """How a rendition is encoded."""

    WEBP = "webp"
    AVIF = "avif"
    JPEG = "jpeg"

    @property
    def content_type(self) -> str:
        """The media type as registered with IANA."""
        return f"image/{self}"

    @property
    def default_quality(self) -> int:
        """About as good to look at in each format; docs/performance.md has the measurement."""
        return {RenditionFormat.WEBP: 80, RenditionFormat.AVIF: 65, RenditionFormat.JPEG: 82}[self]


@dataclass(frozen=True, slots=True)
class RenditionSpec:
    """One smaller copy; a photo that is smaller already is not enlarged."""

    name: str
    # In pixels.
    long_edge: int
    format: RenditionFormat
    # 1 to 100.
    quality: int


_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_LONG_EDGES = range(16, 8193)
_QUALITIES = range(1, 101)
_MOST = 8

_FORM = "name:long_edge[:format[:quality]], such as preview:1280:webp:80"


def parse_renditions(text: str) -> tuple[RenditionSpec, ...]:
    """The renditions of `name:long_edge[:format[:quality]]`, separated by commas.

    Largest first: the decoder is asked for the largest, and the others are made from it.
    Raises ValueError with what is wrong and what it should be.
    """
    specs = [_parse_one(item.strip()) for item in text.split(",")]
    if len(specs) > _MOST:
        raise ValueError(f"names {len(specs)} renditions; at most {_MOST} are made")
    names = [spec.name for spec in specs]
    if len(set(names)) < len(names):
        raise ValueError("names a rendition twice")
    return tuple(sorted(specs, key=lambda spec: spec.long_edge, reverse=True))


def _parse_one(item: str) -> RenditionSpec:
    name, edge, format_name, quality = _parts_of(item)
    if not _NAME.fullmatch(name):
        raise ValueError(f"'{name}' is no name: up to 32 of a-z, 0-9, - and _, a letter first")
    try:
        chosen = RenditionFormat(format_name)
    except ValueError:
        raise ValueError(f"'{item}': the format is one of {', '.join(RenditionFormat)}") from None
    if quality is None:
        quality = str(chosen.default_quality)
    return RenditionSpec(
        name,
        _number(item, "the long edge", edge, _LONG_EDGES),
        chosen,
        _number(item, "the quality", quality, _QUALITIES),
    )


def _parts_of(item: str) -> tuple[str, str, str, str | None]:
    match item.split(":"):
        case [name, edge]:
            return name, edge, RenditionFormat.WEBP, None
        case [name, edge, format_name]:
            return name, edge, format_name, None
        case [name, edge, format_name, quality]:
            return name, edge, format_name, quality
    raise ValueError(f"'{item}' must be {_FORM}")


def _number(item: str, what: str, text: str, allowed: range) -> int:
    if not re.fullmatch("[0-9]{1,6}", text) or int(text) not in allowed:
        raise ValueError(f"'{item}': {what} is {allowed.start} to {allowed.stop - 1}")
    return int(text)
