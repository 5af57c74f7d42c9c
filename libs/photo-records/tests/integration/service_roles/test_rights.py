"""What each role may do in a migrated database: what `service_roles` says, and nothing else."""

from collections.abc import Callable
from typing import Any

import psycopg2.errors
import pytest

from photo_records.service_roles import RIGHTS, ServiceRole
from photo_records.tables import Record

_GRANTED = """
SELECT pg_get_userbyid(right_.grantee), relation.relname, NULL, right_.privilege_type
FROM pg_class AS relation, aclexplode(relation.relacl) AS right_
WHERE relation.relnamespace = 'public'::regnamespace AND right_.grantee <> relation.relowner
UNION ALL
SELECT pg_get_userbyid(right_.grantee), relation.relname, attribute.attname, right_.privilege_type
FROM pg_class AS relation
JOIN pg_attribute AS attribute ON attribute.attrelid = relation.oid,
aclexplode(attribute.attacl) AS right_
WHERE relation.relnamespace = 'public'::regnamespace AND right_.grantee <> relation.relowner
"""


def test_the_roles_have_what_is_written_of_every_table_and_nothing_else(
    connect: Any, database_url: str
) -> None:
    written = {
        (str(role), table, column, privilege)
        for role, tables in RIGHTS.items()
        for table, privileges in tables.items()
        for privilege, columns in privileges.items()
        for column in (columns or {None})
    }
    with connect(database_url) as cursor:
        cursor.execute(_GRANTED)
        assert set(cursor.fetchall()) == written


def test_every_table_has_a_service_that_uses_it() -> None:
    used = {table for tables in RIGHTS.values() for table in tables}
    assert used == {*Record.metadata.tables, "alembic_version"}


def test_no_role_may_make_anything_or_change_others(connect: Any, database_url: str) -> None:
    with connect(database_url) as cursor:
        cursor.execute(
            "SELECT rolname FROM pg_roles WHERE rolname LIKE 'photo\\_%' AND"
            " (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls"
            " OR has_schema_privilege(oid, 'public', 'CREATE'))"
        )
        assert cursor.fetchall() == []


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (ServiceRole.WORKER, "SELECT password_hash FROM admin_users"),
        (ServiceRole.WORKER, "SELECT idempotency_key FROM batches"),
        (ServiceRole.WORKER, "UPDATE photos SET owner = 'me'"),
        (ServiceRole.WORKER, "UPDATE photos SET object_key = 'another'"),
        (ServiceRole.WORKER, "DELETE FROM photos"),
        (ServiceRole.STATUS, "UPDATE photos SET revision = 7"),
        (ServiceRole.STATUS, "SELECT FROM photos FOR UPDATE"),
        (ServiceRole.INGEST, "INSERT INTO audit_log (operator) VALUES ('me')"),
        (ServiceRole.INGEST, "SELECT FROM admin_sessions"),
        (ServiceRole.CONSOLE, "UPDATE photos SET status = 'FAILURE'"),
        (ServiceRole.CONSOLE, "DELETE FROM paused_lanes"),
        (ServiceRole.CONSOLE, "UPDATE audit_log SET operator = 'somebody else'"),
        (ServiceRole.CONSOLE, "DELETE FROM audit_log"),
        (ServiceRole.CONSOLE, "TRUNCATE audit_log"),
        (ServiceRole.CONSOLE, "ALTER TABLE audit_log DISABLE TRIGGER audit_log_is_append_only"),
        (ServiceRole.CONSOLE, "DROP TRIGGER audit_log_is_append_only ON audit_log"),
    ],
)
def test_a_service_that_somebody_took_over_is_refused_what_is_not_its_own(
    as_role: Callable[[ServiceRole], Any], role: ServiceRole, statement: str
) -> None:
    with as_role(role) as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute(statement)
