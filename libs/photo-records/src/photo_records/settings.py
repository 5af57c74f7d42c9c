"""The settings of the migrations and of the services' logins."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from photo_records.database_url import with_driver
from service_kit.settings import ServiceSettings


class MigrationSettings(ServiceSettings):
    """What `python -m photo_records migrate` reads."""

    database_url: SecretStr = Field(
        description="postgresql://user:password@host:port/name, as a role that may create tables"
    )

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, value: SecretStr) -> SecretStr:
        with_driver(value.get_secret_value(), "psycopg2")
        return value


class LoginSettings(MigrationSettings):
    """What `python -m photo_records logins` reads."""

    login_passwords_folder: Path = Field(
        description="The folder with the passwords of the services' database roles, a file each:"
        " ingest, status, worker, console"
    )
