"""The database roles of the services, and what each of them may do.

A migration that makes a table, or a column that a service writes, needs its line here and nothing
else: what is new is granted in its transaction (`migrations/env.py`). Take a line away a release
after the code that needed it, with a migration that revokes it.
"""

from collections.abc import Mapping
from enum import StrEnum


class ServiceRole(StrEnum):
    """A role of Postgres; the cluster has one of each, whatever databases it has."""

    INGEST = "photo_ingest"
    STATUS = "photo_status"
    WORKER = "photo_worker"
    CONSOLE = "photo_console"

    @property
    def service(self) -> str:
        """The short name of the service: ingest, status, worker, console."""
        return self.name.lower()


# The columns of a right; None stands for those that the table has and will have.
Columns = frozenset[str] | None

# By table and privilege. Nobody needs a right on the sequences of identity columns, and what goes
# with its photo (ON DELETE CASCADE) goes in the name of the owner of the tables.
Rights = Mapping[str, Mapping[str, Columns]]


def _all_of(*privileges: str) -> Mapping[str, Columns]:
    return dict.fromkeys(privileges)


_READ = _all_of("SELECT")
# The version: `schema_version` looks at it.
_EVERYBODY: Rights = {"alembic_version": _READ}

# What a run of a task writes. Whose the photo is, what file it is and where that lies is not among
# it: the worker is the one that opens files of strangers.
_OF_A_RUN = frozenset(
    {
        *("status", "revision", "changed_at", "attempts", "crashes", "enqueued_at"),
        *("next_attempt_at", "started_at", "lease_expires_at", "claimed_by", "postponements"),
        *("postponed_since", "finished_at", "finished_by", "error_code", "error_message"),
        *("format", "width", "height", "random_number", "processing_time", "pages", "orientation"),
        *("taken_at", "camera", "dominant_color", "thumbhash", "phash", "step_seconds"),
    }
)

# A trigger removes the oldest attempts of a photo in the name of whoever adds one.
_NOTE_ATTEMPTS = _all_of("SELECT", "INSERT", "DELETE")

RIGHTS: Mapping[ServiceRole, Rights] = {
    ServiceRole.INGEST: {
        **_EVERYBODY,
        "batches": _all_of("SELECT", "INSERT", "UPDATE", "DELETE"),
        "photos": _all_of("SELECT", "INSERT", "UPDATE", "DELETE"),
        "renditions": _READ,
        "failed_attempts": _NOTE_ATTEMPTS,
        "paused_lanes": _all_of("SELECT", "INSERT", "DELETE"),
    },
    ServiceRole.STATUS: {
        **_EVERYBODY,
        "batches": _READ,
        "photos": _READ,
        "renditions": _READ,
    },
    ServiceRole.WORKER: {
        **_EVERYBODY,
        "batches": {"SELECT": frozenset({"id", "pending"}), "UPDATE": frozenset({"pending"})},
        "photos": {"SELECT": None, "UPDATE": _OF_A_RUN},
        "renditions": _all_of("SELECT", "INSERT"),
        "failed_attempts": _NOTE_ATTEMPTS,
    },
    ServiceRole.CONSOLE: {
        **_EVERYBODY,
        "batches": _READ,
        "photos": _READ,
        "renditions": _READ,
        "failed_attempts": _READ,
        "paused_lanes": _READ,
        "admin_users": _all_of("SELECT", "INSERT", "UPDATE"),
        "admin_sessions": _all_of("SELECT", "INSERT", "UPDATE", "DELETE"),
        # UPDATE, because it locks rows that it removes.
        "admin_login_failures": _all_of("SELECT", "INSERT", "UPDATE", "DELETE"),
        "audit_log": _all_of("SELECT", "INSERT"),
        "bulk_actions": _all_of("SELECT", "INSERT", "UPDATE"),
    },
}
