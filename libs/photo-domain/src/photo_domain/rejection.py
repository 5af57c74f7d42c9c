"""Why a file of an upload is not accepted."""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from photo_domain.file_format import FORMAT_BY_EXTENSION, FileFormat, format_of_name
from photo_domain.limits import UploadLimits


class RejectionCode(StrEnum):
    """A reason to refuse a file, stable for programs."""

    NAME_MISSING = "name_missing"
    NAME_TOO_LONG = "name_too_long"
    NAME_INVALID = "name_invalid"
    UNSUPPORTED_EXTENSION = "unsupported_extension"
    EMPTY_FILE = "empty_file"
    FILE_TOO_LARGE = "file_too_large"
    CONTENT_MISMATCH = "content_mismatch"


@dataclass(frozen=True, slots=True)
class Rejection:
    """One reason with a sentence for people: what is wrong and what would be right."""

    code: RejectionCode
    detail: str


def reject_name(file_name: str, limits: UploadLimits) -> list[Rejection]:
    """Every rule of file names that `file_name` breaks, none if it is good."""
    if not file_name:
        return [Rejection(RejectionCode.NAME_MISSING, "The file has no name.")]
    rejections = []
    if len(file_name) > limits.max_file_name_characters:
        rejections.append(
            Rejection(
                RejectionCode.NAME_TOO_LONG,
                f"The name has {len(file_name)} characters; "
                f"at most {limits.max_file_name_characters} are allowed.",
            )
        )
    if not _is_printable_name(file_name):
        rejections.append(
            Rejection(
                RejectionCode.NAME_INVALID,
                "The name has a control character, a slash or a backslash.",
            )
        )
    if format_of_name(file_name) is None:
        accepted = ", ".join(FORMAT_BY_EXTENSION)
        rejections.append(
            Rejection(
                RejectionCode.UNSUPPORTED_EXTENSION,
                f"The extension is not one of {accepted}.",
            )
        )
    return rejections


def reject_size(size: int, limits: UploadLimits) -> Rejection | None:
    """The rule of sizes that a file of `size` bytes breaks.

    `size` may be less than the whole file once it is over the limit.
    """
    if size == 0:
        return Rejection(RejectionCode.EMPTY_FILE, "The file is empty.")
    if size > limits.max_file_size:
        return Rejection(
            RejectionCode.FILE_TOO_LARGE,
            f"The file is larger than {limits.max_file_size} bytes.",
        )
    return None


def reject_content(file_name: str, found: FileFormat | None) -> Rejection | None:
    """The mismatch between the extension of `file_name` and the sniffed format.

    A name that promises no accepted format is refused as a name, whatever the content.
    """
    promised = format_of_name(file_name)
    if promised is None or promised is found:
        return None
    return Rejection(
        RejectionCode.CONTENT_MISMATCH,
        f"The content is {f'a {found} file' if found else 'of no accepted format'}, "
        f"not the {promised} file that the name promises.",
    )


def _is_printable_name(file_name: str) -> bool:
    # Cc: controls; Cs: lone surrogates, which no database stores; Zl, Zp: line breaks.
    return not any(
        character in "/\\" or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
        for character in file_name
    )
