"""What a caller claims of a batch, held against the rules before anything is written."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from photo_domain.errors import ErrorCode, FieldViolation, RequestError
from photo_domain.file_format import FORMAT_BY_CONTENT_TYPE, format_of_name
from photo_domain.limits import UPLOAD_LIMITS
from photo_domain.object_keys import is_nonce, original_key
from photo_domain.rejection import Rejection, RejectionCode, reject_name, reject_size
from photo_domain.task_id import new_task_id, parse_task_id, refuse_task_id
from photo_records.registration import NewBatch, NewPhoto
from photo_records.task_queue import lane_of

_KEY = re.compile(r"[\x20-\x7e]{1,255}")
# Of the sentence that explains a rejection, in UTF-8.
_MAX_DETAIL_BYTES = 500


@dataclass(frozen=True, slots=True)
class StoredFileClaim:
    """A file that the caller says it stored."""

    task_id: str
    nonce: str
    file_name: str
    content_type: str
    size: int
    sha256: bytes
    position: int


@dataclass(frozen=True, slots=True)
class RejectedFileClaim:
    """A file that the caller says it refused."""

    file_name: str
    errors: tuple[tuple[str, str], ...]  # (code, detail)
    position: int


@dataclass(frozen=True, slots=True)
class BatchClaim:
    """An upload as its caller describes it."""

    owner: str
    idempotency_key: str
    files: Sequence[StoredFileClaim]
    rejected: Sequence[RejectedFileClaim]


def check_batch(claim: BatchClaim, bulk_batch_files: int, now: datetime) -> NewBatch:
    """The batch to write. Raises RequestError (invalid_argument) that names every broken rule."""
    _check_count(claim)
    violations = [*_check_batch_fields(claim)]
    photos = []
    for index, file in enumerate(claim.files):
        task_id = parse_task_id(file.task_id)
        found = [*_check_file(file, task_id, now)]
        violations += [
            FieldViolation(f"files[{index}].{field}", problem) for field, problem in found
        ]
        if task_id and not found:
            photos.append(_photo(file, task_id))
    for index, rejected in enumerate(claim.rejected):
        if not _is_known_rejection(rejected):
            violations.append(
                FieldViolation(
                    f"rejected[{index}]",
                    "must have a name and known error codes, each once, with a detail of at most"
                    f" {_MAX_DETAIL_BYTES} bytes",
                )
            )
    if violations:
        raise _refusal(violations)
    return NewBatch(
        batch_id=new_task_id(),
        owner=claim.owner,
        idempotency_key=claim.idempotency_key,
        fingerprint=_fingerprint(claim),
        rejected=[
            {
                "position": rejected.position,
                "file_name": _storable(rejected.file_name),
                "errors": [
                    {"code": code, "detail": _storable(detail)} for code, detail in rejected.errors
                ],
            }
            for rejected in claim.rejected
        ],
        lane=lane_of(len(photos), bulk_batch_files),
        photos=tuple(photos),
    )


def _check_count(claim: BatchClaim) -> None:
    # Before anything else: looking at each of very many files takes long.
    if not claim.files or len(claim.files) + len(claim.rejected) > UPLOAD_LIMITS.max_files:
        problem = (
            "must hold at least one file, and with the rejected ones at most"
            f" {UPLOAD_LIMITS.max_files}"
        )
        raise _refusal([FieldViolation("files", problem)])


def _refusal(violations: Sequence[FieldViolation]) -> RequestError:
    return RequestError(
        ErrorCode.INVALID_ARGUMENT, "The batch breaks rules of the contract.", violations
    )


def check_names(owner: str, idempotency_key: str) -> list[FieldViolation]:
    """What is wrong with the two names that a batch goes by."""
    violations = []
    if not 1 <= len(owner) <= 255 or not owner.isprintable():
        violations.append(FieldViolation("owner", "must have 1 to 255 printable characters"))
    if not _KEY.fullmatch(idempotency_key):
        violations.append(
            FieldViolation("idempotency_key", "must have 1 to 255 printable ASCII characters")
        )
    return violations


def _check_batch_fields(claim: BatchClaim) -> list[FieldViolation]:
    violations = check_names(claim.owner, claim.idempotency_key)
    count = len(claim.files) + len(claim.rejected)
    positions = [file.position for file in claim.files]
    positions += [rejected.position for rejected in claim.rejected]
    if sorted(positions) != list(range(count)):
        violations.append(
            FieldViolation("files", f"must have the positions 0 to {count - 1}, each once")
        )
    if len({file.task_id.lower() for file in claim.files}) != len(claim.files):
        violations.append(FieldViolation("files", "must have a task id of their own each"))
    return violations


def _check_file(
    file: StoredFileClaim, task_id: UUID | None, now: datetime
) -> list[tuple[str, str]]:
    problems = []
    refusal = refuse_task_id(task_id, now) if task_id else "must be a UUIDv7 (RFC 9562)"
    if refusal:
        problems.append(("task_id", refusal))
    if not is_nonce(file.nonce):
        problems.append(("nonce", "must have 32 hexadecimal digits"))
    problems += [("file_name", each.detail) for each in reject_name(file.file_name, UPLOAD_LIMITS)]
    sniffed = FORMAT_BY_CONTENT_TYPE.get(file.content_type)
    if sniffed is None or sniffed is not format_of_name(file.file_name):
        problems.append(("content_type", "must be accepted and fit the extension"))
    rejection: Rejection | None = reject_size(file.size, UPLOAD_LIMITS)
    if rejection or file.size < 0:
        problems.append(("size", f"must be 1 to {UPLOAD_LIMITS.max_file_size}"))
    if len(file.sha256) != hashlib.sha256().digest_size:
        problems.append(("sha256", "must have 32 bytes"))
    return problems


def _photo(file: StoredFileClaim, task_id: UUID) -> NewPhoto:
    return NewPhoto(
        task_id=task_id,
        file_name=file.file_name,
        content_type=file.content_type,
        size=file.size,
        sha256=file.sha256,
        object_key=original_key(task_id, file.nonce),
        position=file.position,
    )


def _is_known_rejection(rejected: RejectedFileClaim) -> bool:
    codes = {code for code, _ in rejected.errors}
    return (
        len(rejected.file_name) <= UPLOAD_LIMITS.max_file_name_characters
        and bool(codes)
        and codes <= set(RejectionCode)
        and len(codes) == len(rejected.errors)
        and all(len(detail.encode()) <= _MAX_DETAIL_BYTES for _, detail in rejected.errors)
    )


def _storable(text: str) -> str:
    # A refused name may hold what Postgres cannot store; it must not fail the good files.
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _fingerprint(claim: BatchClaim) -> bytes:
    """SHA-256 over the files in order: name, then size and digest, or the rejection's codes."""
    described: list[tuple[int, list[object]]] = [
        (file.position, [file.file_name, file.size, file.sha256.hex()]) for file in claim.files
    ]
    described += [
        (rejected.position, [rejected.file_name, *(code for code, _ in rejected.errors)])
        for rejected in claim.rejected
    ]
    ordered = [description for _, description in sorted(described, key=lambda pair: pair[0])]
    return hashlib.sha256(json.dumps(ordered).encode()).digest()
