"""A file made to do harm, and what has to become of it."""

from dataclasses import dataclass, replace

from photo_domain.failure import FailureCode
from photo_domain.file_format import FileFormat

SUCCESS = "success"
# Not a byte of what carries it may come out in a rendition.
MARK = b"<script>hostile mark</script>"

CORRUPT = FailureCode.CORRUPT_IMAGE
TRUNCATED = FailureCode.TRUNCATED_IMAGE
TOO_MANY_PIXELS = FailureCode.TOO_MANY_PIXELS
TOO_MANY_PAGES = FailureCode.TOO_MANY_PAGES
ENCRYPTED = FailureCode.ENCRYPTED_DOCUMENT
UNSUPPORTED = FailureCode.UNSUPPORTED_CONTENT
CRASHED = FailureCode.CRASHED

# What may become of a file with a random change: nobody knows what the change hit.
ANY_REFUSAL = (CORRUPT, TRUNCATED, TOO_MANY_PIXELS, TOO_MANY_PAGES)


@dataclass(frozen=True, slots=True)
class HostileFile:
    """The bytes, what they are uploaded as, and the outcomes that are right for them."""

    data: bytes
    claimed: FileFormat
    # SUCCESS or values of FailureCode.
    right: frozenset[str]
    # The name of the function that made it.
    kind: str = ""

    def named(self, kind: str) -> "HostileFile":
        """The same, with its kind."""
        return replace(self, kind=kind)


def hostile(data: bytes, claimed: FileFormat, *right: str) -> HostileFile:
    """A file that has to end in one of `right`."""
    return HostileFile(data, claimed, frozenset(right))
