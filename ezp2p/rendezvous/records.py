"""The tables of the rendezvous, in types that SQLite and PostgreSQL read alike.

    site 1 --- n account 1 --- n token
         1 --- n alarm

Times are seconds since 1970 (UTC). Passwords stand here as argon2id, tokens as SHA-256: nothing
in a stolen copy lets anybody in. migrations/ builds these tables; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

SITE = Table(
    "site",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", String(32), nullable=False, unique=True),
    Column("company", String(256), nullable=False),
    Column("created_at", Double, nullable=False),
)

ACCOUNT = Table(
    "account",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("site_id", ForeignKey("site.id", ondelete="CASCADE"), nullable=False),
    Column("login", String(64), nullable=False),
    Column("name", String(256), nullable=False),
    Column("role", String(16), nullable=False),
    Column("password_hash", String(256), nullable=False),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("site_id", "login"),
)

TOKEN = Table(
    "token",
    METADATA,
    Column("hash", String(64), primary_key=True),
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
)

ALARM = Table(
    "alarm",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("site_id", ForeignKey("site.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("detail", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Index("ix_alarm_site_id_created_at", "site_id", "created_at"),
)
