"""The services' own ways into the database of the stack."""

from collections.abc import Mapping

from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.secrets_folder import SecretsFolder
from local_stack.stack_folder import StackFolder
from photo_records.service_roles import ServiceRole


def service_database_urls(
    postgres: EmbeddedPostgres, folder: StackFolder
) -> Mapping[ServiceRole, str]:
    """The address of the database for each role; the first time, this makes their passwords.

    They are good once `python -m photo_records logins` has run.
    """
    secrets = SecretsFolder(folder.login_passwords)
    return {role: postgres.url_of(role, secrets.secret(role.service)) for role in ServiceRole}
