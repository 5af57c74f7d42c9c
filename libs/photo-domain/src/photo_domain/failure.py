"""How a task can fail."""

from enum import StrEnum


class FailureCode(StrEnum):
    """The reason a task ended in FAILURE, stable for programs."""

    CORRUPT_IMAGE = "corrupt_image"
    TRUNCATED_IMAGE = "truncated_image"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_PAGES = "too_many_pages"
    UNSUPPORTED_CONTENT = "unsupported_content"
    ENCRYPTED_DOCUMENT = "encrypted_document"
    ORIGINAL_MISSING = "original_missing"
    ORIGINAL_MISMATCH = "original_mismatch"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    CANCELLED = "cancelled"
    INTERNAL = "internal"

    @property
    def message(self) -> str:
        """The sentence that the uploader reads."""
        return _MESSAGES[self]


_MESSAGES = {
    FailureCode.CORRUPT_IMAGE: "The file is damaged and cannot be read.",
    FailureCode.TRUNCATED_IMAGE: "The file ends too early; upload it again.",
    FailureCode.TOO_MANY_PIXELS: "The image has more pixels than are allowed for its kind.",
    FailureCode.TOO_MANY_PAGES: "The file has more pages or frames than are allowed.",
    FailureCode.UNSUPPORTED_CONTENT: "The file has a content that is not supported.",
    FailureCode.ENCRYPTED_DOCUMENT: "The document is encrypted; upload it without a password.",
    FailureCode.ORIGINAL_MISSING: "The stored file is gone; upload it again.",
    FailureCode.ORIGINAL_MISMATCH: "The stored file is not what was uploaded; upload it again.",
    FailureCode.STORAGE_UNAVAILABLE: "The storage did not answer for a day; retry later.",
    FailureCode.TIMEOUT: "Processing took longer than allowed.",
    FailureCode.CRASHED: "Processing crashed repeatedly on this file.",
    FailureCode.CANCELLED: "The task was cancelled.",
    FailureCode.INTERNAL: "Processing failed for a reason of ours; retry later.",
}


class ProcessingError(Exception):
    """A photo that cannot be processed, for a reason its uploader may know."""

    def __init__(self, code: FailureCode) -> None:
        super().__init__(code.message)
        self.code = code
