"""Grants the roles of the services what `service_roles` gives them."""

from collections.abc import Mapping

from sqlalchemy import Connection, text

from photo_records.service_roles import RIGHTS, Columns, ServiceRole

_ROLES = text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:names)")
_COLUMNS = text("""
SELECT class.relname, attribute.attname
FROM pg_class AS class JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid
WHERE class.relnamespace = current_schema()::regnamespace AND class.relkind = 'r'
AND attribute.attnum > 0 AND NOT attribute.attisdropped
""")
_SCHEMA = text("SELECT quote_ident(current_schema())")


def grant_rights(connection: Connection) -> frozenset[ServiceRole]:
    """Grant what the tables there are call for; the roles that are missing, which get nothing.

    In the transaction under way, as an owner of the tables. Nothing is taken away: the version
    before may still need it.
    """
    names = [str(role) for role in RIGHTS]
    found = {ServiceRole(name) for name in connection.scalars(_ROLES, {"names": names})}
    schema: str = connection.execute(_SCHEMA).scalar_one()
    tables = _columns_of_tables(connection)
    for role in sorted(found):
        connection.execute(text(f"GRANT USAGE ON SCHEMA {schema} TO {role}"))
        for table, privileges in RIGHTS[role].items():
            granted = _granted(privileges, tables.get(table, frozenset()))
            if granted:
                connection.execute(text(f"GRANT {granted} ON {schema}.{table} TO {role}"))
    return frozenset(RIGHTS) - found


def _columns_of_tables(connection: Connection) -> Mapping[str, frozenset[str]]:
    tables: dict[str, frozenset[str]] = {}
    for table, column in connection.execute(_COLUMNS):
        tables[table] = tables.get(table, frozenset()) | {column}
    return tables


def _granted(privileges: Mapping[str, Columns], existing: frozenset[str]) -> str:
    """What is granted on a table with these columns, as GRANT lists it; empty for nothing."""
    if not existing:
        return ""
    parts = []
    for privilege, columns in privileges.items():
        if columns is None:
            parts.append(privilege)
        elif there := sorted(columns & existing):
            parts.append(f"{privilege} ({', '.join(there)})")
    return ", ".join(parts)
