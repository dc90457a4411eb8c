"""What workers have to do, of all tenants."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.sql import ClauseElement

from canonical.store.sql import tables
from canonical.store.sql.connected import Connected
from canonical.store.sql.plan import HIGHEST


class Agenda(Connected):
    """The part of a unit that reads the agenda of jobs."""

    __slots__ = ()

    def due_jobs(self, now: int, limit: int) -> list[tuple[int, int, int, str | None]]:
        agenda = tables.job_agenda

        def build() -> ClauseElement:
            return (
                sa.select(agenda.c.tenant_id, agenda.c.job_id, agenda.c.due_at, agenda.c.holder)
                .where(agenda.c.due_at <= sa.bindparam("now", type_=sa.BigInteger()))
                .order_by(agenda.c.due_at, agenda.c.job_id)
                .limit(sa.bindparam("limit", type_=sa.BigInteger()))
                .offset(sa.literal_column("0"))
            )

        rows = self._run(self._statements.fixed("due jobs", build), {"now": now, "limit": limit}).fetchall()
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    def held_jobs(self, now: int, until: int, prefix: str) -> list[tuple[int, int, int, str | None]]:
        agenda = tables.job_agenda

        def build() -> ClauseElement:
            return sa.select(agenda.c.tenant_id, agenda.c.job_id, agenda.c.due_at, agenda.c.holder).where(
                agenda.c.due_at > sa.bindparam("now", type_=sa.BigInteger()),
                agenda.c.due_at <= sa.bindparam("until", type_=sa.BigInteger()),
                agenda.c.holder >= sa.bindparam("low", type_=sa.Text()),
                agenda.c.holder < sa.bindparam("high", type_=sa.Text()),
            )

        params = {"now": now, "until": until, "low": prefix, "high": prefix + HIGHEST}
        rows = self._run(self._statements.fixed("held jobs", build), params).fetchall()
        return [(row[0], row[1], row[2], row[3]) for row in rows]
