"""Fills a migrated, empty database with photos of every kind: `python many_photos.py URL COUNT`.

Always the same ones for the same count, three months of them up to now.
"""

import io
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import psycopg2

from photo_domain.failure import FailureCode
from photo_domain.file_format import FORMAT_BY_CONTENT_TYPE

_SPAN = timedelta(days=90)
# Of the photos, those that are new enough to be PENDING, and those among the rest that failed.
_NEWEST, _FAILED = 0.02, 0.05
# Of all: a lane that is seldom used.
_BULK = 0.005
_OWNERS = 2_000
_BATCH_SIZES = (1, 1, 1, 2, 3, 5, 10, 20, 40, 100)
_TYPES = ("image/jpeg", "image/png", "image/webp", "application/pdf")
_TYPE_WEIGHTS = (850, 100, 40, 10)
_CODES = list(FailureCode)
_CODE_WEIGHTS = [2 ** (len(_CODES) - number) for number in range(len(_CODES))]
_NAMES = ("IMG_{:06}", "DSC{:05}", "Scan {}", "Фото {}", "PXL_{:08}")
_ROWS_AT_ONCE = 20_000

_BATCHES = "id, owner, idempotency_key, fingerprint, rejected, pending, created_at"
_PHOTOS = (
    "task_id, batch_id, owner, created_at, file_name, content_type, size, sha256, object_key,"
    " position, status, lane, revision, changed_at, attempts, enqueued_at, next_attempt_at,"
    " started_at, lease_expires_at, claimed_by, finished_at, error_code, error_message,"
    " format, width, height, random_number, processing_time"
)
# As the worker would have left them.
_OTHERS = """
INSERT INTO renditions (photo_id, name, width, height, content_type, size, object_key)
SELECT id, made.name, made.width, 9, 'image/webp', 9, 'renditions/' || task_id || '/' || made.name
FROM (SELECT * FROM photos WHERE status = 'SUCCESS' ORDER BY id DESC LIMIT 20000) AS photo,
    (VALUES ('preview', 1280), ('thumbnail', 320)) AS made (name, width);
INSERT INTO failed_attempts
    (photo_id, revision, attempt, started_at, ended_at, claimed_by, outcome, error_code)
SELECT id, revision - 1, attempts, started_at, finished_at, 'worker:1', 'failed', error_code
FROM photos WHERE status = 'FAILURE';
"""


class _Photos:
    def __init__(self, count: int, now: datetime) -> None:
        self._count = count
        self._now = now
        self._random = Random(count)
        self._step = _SPAN / count
        self.batches: list[tuple[object, ...]] = []

    def rows(self) -> Iterator[tuple[object, ...]]:
        number = 0
        while number < self._count:
            size = min(self._random.choice(_BATCH_SIZES), self._count - number)
            born = self._now - _SPAN + self._step * number
            batch_id = self._id(born)
            owner = self._owner()
            rows = [
                self._row(number + place, born, batch_id, owner, place) for place in range(size)
            ]
            pending = sum(row[10] == "PENDING" for row in rows)
            fingerprint = "\\x" + "00" * 32
            self.batches.append((batch_id, owner, None, fingerprint, "[]", pending, born))
            yield from rows
            number += size

    def _row(
        self, number: int, born: datetime, batch_id: UUID, owner: str, place: int
    ) -> tuple[object, ...]:
        random = self._random
        task_id = self._id(born - timedelta(seconds=random.random() * 60))
        content_type = random.choices(_TYPES, _TYPE_WEIGHTS)[0]
        extension = content_type.rpartition("/")[2]
        # The same file now and then.
        digest = number % 997 if random.random() < 0.1 else number
        started = born + timedelta(seconds=random.random() * 20)
        return (
            *(task_id, batch_id, owner, born),
            f"{random.choice(_NAMES).format(random.randrange(100_000))}.{extension}",
            *(content_type, random.randrange(10_000, 9_000_000)),
            *(f"\\x{digest:064x}", f"originals/{task_id}", place),
            *self._state(number, started, content_type),
        )

    def _state(self, number: int, started: datetime, content_type: str) -> tuple[object, ...]:
        random = self._random
        lane = "bulk" if random.random() < _BULK else "interactive"
        share = random.random()
        if number > self._count * (1 - _NEWEST) and share < 0.95:
            return self._pending(lane, started)
        if share < 1 / 5_000:
            return self._pending(lane, started)
        ended = started + timedelta(seconds=1 + random.random())
        worked = ("SUCCESS", lane, 3, ended, 1, started, None, started, None, None, ended)
        if random.random() < _FAILED:
            code = random.choices(_CODES, _CODE_WEIGHTS)[0]
            return ("FAILURE", *worked[1:], code, code.message, *(None,) * 5)
        file_format = FORMAT_BY_CONTENT_TYPE[content_type]
        return (*worked, None, None, file_format, 1600, 1000, 42, 0.5)

    def _pending(self, lane: str, started: datetime) -> tuple[object, ...]:
        nothing = (None,) * 7
        share = self._random.random()
        later = self._now + timedelta(minutes=5)
        if share < 0.001:
            held = (started, None, started, later, "worker:1", None)
            return ("PENDING", lane, 2, started, 1, *held, *nothing)
        if share < 0.02:
            postponed = (started, later, started, None, None, None)
            return ("PENDING", lane, 3, started, 1, *postponed, *nothing)
        return ("PENDING", lane, 1, started, 0, started, *(None,) * 5, *nothing)

    def _owner(self) -> str:
        # One has a fifth of all; of the others a few have many.
        if self._random.random() < 0.2:
            return "owner-0"
        return f"owner-{int(_OWNERS * self._random.random() ** 3)}"

    def _id(self, born: datetime) -> UUID:
        milliseconds = int(born.timestamp() * 1000)
        value = milliseconds << 80 | 0x7 << 76 | self._random.getrandbits(12) << 64
        return UUID(int=value | 0b10 << 62 | self._random.getrandbits(62))


def fill(database_url: str, count: int) -> None:
    """Make `count` photos with their batches, renditions and failed attempts."""
    photos = _Photos(count, datetime.now(UTC))
    connection = psycopg2.connect(database_url)
    try:
        with connection.cursor() as cursor:
            # The rows of batches are known after those of their photos.
            cursor.execute("ALTER TABLE photos DROP CONSTRAINT photos_batch_id_fkey")
            _copy(cursor, "photos", _PHOTOS, photos.rows())
            _copy(cursor, "batches", _BATCHES, photos.batches)
            cursor.execute(
                "ALTER TABLE photos ADD CONSTRAINT photos_batch_id_fkey"
                " FOREIGN KEY (batch_id) REFERENCES batches"
            )
            cursor.execute(_OTHERS)
        connection.commit()
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    finally:
        connection.close()


def _copy(
    cursor: "psycopg2.extensions.cursor",
    table: str,
    columns: str,
    rows: Iterable[tuple[object, ...]],
) -> None:
    lines: list[str] = []

    def send() -> None:
        cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", io.StringIO("".join(lines)))
        lines.clear()

    for row in rows:
        lines.append("\t".join(map(_text, row)) + "\n")
        if len(lines) == _ROWS_AT_ONCE:
            send()
    send()


def _text(value: object) -> str:
    if value is None:
        return r"\N"
    return str(value).replace("\\", "\\\\")


if __name__ == "__main__":
    fill(sys.argv[1], int(sys.argv[2]))
