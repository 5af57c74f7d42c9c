"""The settings of the migrations."""

from pydantic import Field, SecretStr

from service_kit.settings import ServiceSettings


class MigrationSettings(ServiceSettings):
    """What `python -m photo_records` reads."""

    database_url: SecretStr = Field(
        description="postgresql://user:password@host:port/name, as a role that may create tables"
    )
