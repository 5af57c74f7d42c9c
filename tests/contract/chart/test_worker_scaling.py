"""What KEDA asks Postgres: how many photos wait with the broker or are being worked on."""

from typing import Any

import psycopg2
import pytest

_INSERT = """
WITH batch AS (
    INSERT INTO batches (id, owner, fingerprint, rejected, pending)
    VALUES (gen_random_uuid(), 'owner', decode(repeat('00', 32), 'hex'), '[]', 1) RETURNING id
)
INSERT INTO photos (
    task_id, batch_id, owner, file_name, content_type, size, sha256, object_key, position, lane,
    enqueued_at, next_attempt_at, started_at, lease_expires_at
)
SELECT
    gen_random_uuid(), id, 'owner', 'a.jpg', 'image/jpeg', 1, decode(repeat('00', 32), 'hex'),
    'originals/20260101/' || gen_random_uuid(), 0, 'interactive', {times}
FROM batch
"""
_QUEUED = "now(), NULL, NULL, NULL"
_PROCESSING = "now(), NULL, now(), now() + interval '1 minute'"
_UNPUBLISHED = "NULL, NULL, NULL, NULL"
_POSTPONED = "now(), now() + interval '1 hour', now(), NULL"


@pytest.fixture
def trigger(render: Any) -> dict[str, Any]:
    (scaled,) = render("production").of_kind("ScaledObject")
    (found,) = scaled["spec"]["triggers"]
    return dict(found)


def test_it_counts_what_waits_and_what_is_worked_on(
    trigger: dict[str, Any], database_url: str
) -> None:
    connection = psycopg2.connect(database_url)
    try:
        with connection.cursor() as cursor:
            for times in (_QUEUED, _QUEUED, _PROCESSING, _UNPUBLISHED, _POSTPONED):
                cursor.execute(_INSERT.format(times=times))
            cursor.execute(trigger["metadata"]["query"])
            assert cursor.fetchall() == [(3,)]
    finally:
        connection.close()


def test_it_asks_postgres_with_the_role_that_only_reads(
    trigger: dict[str, Any], render: Any
) -> None:
    assert trigger["type"] == "postgresql"
    name = trigger["authenticationRef"]["name"]
    (target,) = render("production").named("TriggerAuthentication", name)["spec"]["secretTargetRef"]
    assert target == {"parameter": "connection", "name": "photo-database", "key": "status"}
