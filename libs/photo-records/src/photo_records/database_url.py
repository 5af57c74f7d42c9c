"""One DSN for every driver."""


def with_driver(database_url: str, driver: str) -> str:
    """The SQLAlchemy URL of a plain `postgresql://` DSN for `driver` (psycopg2, asyncpg)."""
    scheme, separator, rest = database_url.partition("://")
    if not separator or scheme not in {"postgresql", "postgres"}:
        raise ValueError("DATABASE_URL must start with postgresql://")
    return f"postgresql+{driver}://{rest}"
