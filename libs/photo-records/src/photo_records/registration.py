"""How a batch is born: one statement writes the rows of many batches at once."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from photo_records.task_queue import Lane

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy


@dataclass(frozen=True, slots=True)
class NewPhoto:
    """A stored file that is to become a photo."""

    task_id: UUID
    file_name: str
    content_type: str
    size: int
    sha256: bytes
    object_key: str
    position: int


@dataclass(frozen=True, slots=True)
class NewBatch:
    """An upload that was checked and may be written."""

    batch_id: UUID
    owner: str
    idempotency_key: str
    fingerprint: bytes
    rejected: list[dict[str, Any]]
    lane: Lane
    photos: tuple[NewPhoto, ...]
    # What names the span of the upload (W3C Trace Context), where it is traced.
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class RegisteredPhoto:
    """A photo of a batch, and its place in the upload."""

    task_id: UUID
    photo_id: int
    position: int


@dataclass(frozen=True, slots=True)
class RegisteredBatch:
    """A batch as it stands in the database; photos in the order of the upload.

    Photos that were deleted since are missing.
    """

    batch_id: UUID
    created_at: datetime
    fingerprint: bytes
    photos: tuple[RegisteredPhoto, ...]


class KnownTaskError(Exception):
    """One of the task ids has a photo already; nothing was written."""


_INSERT = """
WITH born AS (
    INSERT INTO batches (id, owner, idempotency_key, fingerprint, rejected, pending)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::jsonb[], $6::int[])
    ON CONFLICT (owner, idempotency_key) DO NOTHING
    RETURNING id, owner, created_at
)
INSERT INTO photos (
    batch_id, owner, created_at, lane,
    task_id, file_name, content_type, size, sha256, object_key, position, traceparent
)
SELECT
    born.id, born.owner, born.created_at, file.lane,
    file.task_id, file.file_name, file.content_type, file.size, file.sha256, file.object_key,
    file.position, file.traceparent
FROM unnest(
    $7::uuid[], $8::text[], $9::uuid[], $10::text[], $11::text[], $12::bigint[], $13::bytea[],
    $14::text[], $15::smallint[], $16::text[]
) AS file (
    batch_id, lane, task_id, file_name, content_type, size, sha256, object_key, position,
    traceparent
)
JOIN born ON born.id = file.batch_id
ORDER BY born.id, file.position
RETURNING batch_id, created_at, task_id, id, position
"""

_FIND = """
SELECT
    batch.owner, batch.idempotency_key, batch.id AS batch_id, batch.created_at, batch.fingerprint,
    photo.task_id, photo.id, photo.position
FROM unnest($1::text[], $2::text[]) AS asked (owner, idempotency_key)
JOIN batches AS batch USING (owner, idempotency_key)
LEFT JOIN photos AS photo ON photo.batch_id = batch.id
ORDER BY photo.position
"""


async def insert_batches(
    connection: Connection, batches: Sequence[NewBatch]
) -> dict[UUID, RegisteredBatch]:
    """Write the rows of all `batches` in one transaction; what was written, by batch id.

    A batch whose owner used its key before is left out, and so is missing in the answer.
    Raises KnownTaskError, and what asyncpg raises.
    """
    photos = [(batch, photo) for batch in batches for photo in batch.photos]
    try:
        rows = await connection.fetch(
            _INSERT,
            [batch.batch_id for batch in batches],
            [batch.owner for batch in batches],
            [batch.idempotency_key for batch in batches],
            [batch.fingerprint for batch in batches],
            [json.dumps(batch.rejected) for batch in batches],
            [len(batch.photos) for batch in batches],
            [batch.batch_id for batch, _ in photos],
            [batch.lane for batch, _ in photos],
            [photo.task_id for _, photo in photos],
            [photo.file_name for _, photo in photos],
            [photo.content_type for _, photo in photos],
            [photo.size for _, photo in photos],
            [photo.sha256 for _, photo in photos],
            [photo.object_key for _, photo in photos],
            [photo.position for _, photo in photos],
            [batch.traceparent for batch, _ in photos],
        )
    except asyncpg.UniqueViolationError as error:
        raise KnownTaskError from error
    fingerprints = {batch.batch_id: batch.fingerprint for batch in batches}
    return {
        batch_id: RegisteredBatch(
            batch_id=batch_id,
            created_at=group[0]["created_at"],
            fingerprint=fingerprints[batch_id],
            photos=_photos(group),
        )
        for batch_id, group in _grouped(rows, "batch_id").items()
    }


async def find_batches(
    connection: Connection, keys: Collection[tuple[str, str]]
) -> dict[tuple[str, str], RegisteredBatch]:
    """The batches that were registered under these (owner, idempotency key) pairs."""
    pairs = set(keys)  # a pair asked for twice would find every photo twice
    rows = await connection.fetch(_FIND, [owner for owner, _ in pairs], [key for _, key in pairs])
    return {
        (group[0]["owner"], group[0]["idempotency_key"]): RegisteredBatch(
            batch_id=batch_id,
            created_at=group[0]["created_at"],
            fingerprint=group[0]["fingerprint"],
            photos=_photos(group),
        )
        for batch_id, group in _grouped(rows, "batch_id").items()
    }


async def delete_batches(connection: Connection, batch_ids: Collection[UUID]) -> None:
    """Take batches back that were written in the transaction under way."""
    for statement in (
        "DELETE FROM photos WHERE batch_id = ANY($1)",
        "DELETE FROM batches WHERE id = ANY($1)",
    ):
        await connection.execute(statement, list(batch_ids))


async def stored_bytes(connection: Connection, owners: Collection[str]) -> dict[str, int]:
    """The bytes of the originals of each of these owners; of an owner without photos, none."""
    rows = await connection.fetch(
        "SELECT owner, sum(size)::bigint AS bytes FROM photos WHERE owner = ANY($1) GROUP BY owner",
        list(set(owners)),
    )
    return {row["owner"]: row["bytes"] for row in rows}


async def mark_enqueued(pool: asyncpg.Pool, task_ids: Sequence[UUID]) -> None:
    """Note that the messages of these tasks are with the broker."""
    await pool.execute(
        "UPDATE photos SET enqueued_at = now()"
        " WHERE task_id = ANY($1) AND status = 'PENDING' AND enqueued_at IS NULL",
        list(task_ids),
    )


async def registered_keys(pool: asyncpg.Pool, task_ids: Collection[UUID]) -> set[str]:
    """The keys of the originals of those of these tasks that exist."""
    rows = await pool.fetch("SELECT object_key FROM photos WHERE task_id = ANY($1)", list(task_ids))
    return {row["object_key"] for row in rows}


def _photos(group: Sequence[asyncpg.Record]) -> tuple[RegisteredPhoto, ...]:
    # A batch without any photo is one row without the columns of one.
    return tuple(
        RegisteredPhoto(row["task_id"], row["id"], row["position"])
        for row in group
        if row["id"] is not None
    )


def _grouped(rows: Sequence[asyncpg.Record], column: str) -> dict[Any, list[asyncpg.Record]]:
    groups: dict[Any, list[asyncpg.Record]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups
