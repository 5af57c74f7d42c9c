"""The tables of the admin console: who may sign in, who is signed in, and what they did."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from photo_records.tables import Record


class OperatorRole(StrEnum):
    """What an operator may do."""

    SUPERUSER = "superuser"
    VIEWER = "viewer"


class AdminUserRecord(Record):
    """An operator: somebody who may sign in to the console."""

    __tablename__ = "admin_users"
    __table_args__ = (
        CheckConstraint("char_length(name) BETWEEN 1 AND 64", name="name"),
        CheckConstraint("role IN ('superuser', 'viewer')", name="role"),
        Index("admin_users_lower_name_key", func.lower(text("name")), unique=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str]
    # argon2id, in the form of the reference implementation.
    password_hash: Mapped[str]
    role: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    password_changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AdminSessionRecord(Record):
    """An operator who is signed in, in one browser."""

    __tablename__ = "admin_sessions"
    __table_args__ = (
        CheckConstraint("octet_length(token_hash) = 32", name="token_hash"),
        Index(None, "user_id"),
    )

    # SHA-256 of what the browser holds: who reads this table can sign in as nobody.
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("admin_users.id", ondelete="CASCADE")
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    address: Mapped[str]
    user_agent: Mapped[str]


class LoginFailureRecord(Record):
    """A password that was wrong, or that is being checked just now."""

    __tablename__ = "admin_login_failures"
    __table_args__ = (
        CheckConstraint("octet_length(subject) = 32", name="subject"),
        Index(None, "subject", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    # SHA-256 of the name or the address: people type passwords where names belong.
    subject: Mapped[bytes]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class AuditLogRecord(Record):
    """Something an operator did. A trigger refuses every change of what is written."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index(None, "operator", "id"),
        Index(None, "action", "id"),
        Index(None, "target", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    # The name, not the id: the line stays true when the operator is renamed or gone.
    operator: Mapped[str]
    address: Mapped[str]
    action: Mapped[str]
    # What it was done to: a task id, a lane, an owner, an operator's name; empty for none.
    target: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    request_id: Mapped[str]
