"""The companies on this rendezvous: a short name for links, a long one for people."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from ezp2p.base.errors import UsageError
from ezp2p.rendezvous.database import Database
from ezp2p.rendezvous.records import SITE
from ezp2p.wire.invitation import SITE as SITE_NAME
from ezp2p.wire.keys import ErrorKey

# First parts of our own paths: a site of that name could never be reached.
RESERVED = frozenset({"api", "static", "healthz", "readyz", "metrics"})
_LONGEST_COMPANY = 256


@dataclass(frozen=True, slots=True)
class Site:
    """One company. `name` stands in links, `company` on pages and in the consent dialog."""

    id: int
    name: str
    company: str


class Sites:
    """The table of sites."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, name: str, company: str, wall: float) -> Site:
        """Add a site. Raises UsageError(usage) for a taken name or one no link can carry."""
        company = _company(company)
        if not SITE_NAME.fullmatch(name) or name in RESERVED:
            raise UsageError(ErrorKey.USAGE, why=f"'{name}' cannot be the name of a site")
        row = {"name": name, "company": company, "created_at": wall}
        try:
            async with self._database.writing() as connection:
                new = await connection.execute(insert(SITE).values(row).returning(SITE.c.id))
                return Site(int(new.scalar_one()), name, company)
        except IntegrityError:
            raise UsageError(ErrorKey.USAGE, why=f"site '{name}' exists already") from None

    async def find(self, name: str) -> Site | None:
        """Return the site of this name."""
        async with self._database.reading() as connection:
            query = select(SITE.c.id, SITE.c.name, SITE.c.company).where(SITE.c.name == name)
            row = (await connection.execute(query)).first()
        return Site(row.id, row.name, row.company) if row else None

    async def all(self) -> list[Site]:
        """Return every site by name."""
        async with self._database.reading() as connection:
            query = select(SITE.c.id, SITE.c.name, SITE.c.company).order_by(SITE.c.name)
            return [Site(r.id, r.name, r.company) for r in await connection.execute(query)]

    async def rename(self, name: str, company: str) -> None:
        """Give the site another long name. Raises UsageError(site.unknown)."""
        change = update(SITE).where(SITE.c.name == name).values(company=_company(company))
        async with self._database.writing() as connection:
            if (await connection.execute(change)).rowcount == 0:
                raise UsageError(ErrorKey.SITE_UNKNOWN, site=name)


def _company(text: str) -> str:
    text = " ".join(text.split())
    if not 0 < len(text) <= _LONGEST_COMPANY or not text.isprintable():
        raise UsageError(ErrorKey.USAGE, why="a company's name has 1 to 256 printable characters")
    return text
