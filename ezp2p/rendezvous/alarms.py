"""What an administrator must hear about: somebody guesses access codes."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlalchemy import insert, select

from ezp2p.rendezvous.database import Database
from ezp2p.rendezvous.records import ALARM, SITE

CODE_GUESSING = "code-guessing"
_NEWEST = 100
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AlarmRecord:
    """One alarm of a site. `at` in seconds since 1970 (UTC)."""

    kind: str
    detail: str
    at: float


class Alarms:
    """The table of alarms."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ring(self, site: str, kind: str, detail: str, wall: float) -> None:
        """Warn in the log, and keep it for the administrator's list."""
        _LOG.warning("alarm at site %s: %s: %s", site, kind, detail)
        site_id = select(SITE.c.id).where(SITE.c.name == site).scalar_subquery()
        row = {"site_id": site_id, "kind": kind, "detail": detail, "created_at": wall}
        async with self._database.writing() as connection:
            await connection.execute(insert(ALARM).values(row))

    async def newest(self, site_id: int) -> list[AlarmRecord]:
        """Return the latest alarms of a site, newest first."""
        query = (
            select(ALARM.c.kind, ALARM.c.detail, ALARM.c.created_at)
            .where(ALARM.c.site_id == site_id)
            .order_by(ALARM.c.created_at.desc(), ALARM.c.id.desc())
            .limit(_NEWEST)
        )
        async with self._database.reading() as connection:
            rows = await connection.execute(query)
            return [AlarmRecord(row.kind, row.detail, row.created_at) for row in rows]
