"""One record with what hangs on it, in one statement."""

from __future__ import annotations

from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.sql import ClauseElement

from canonical.model import Record, User
from canonical.operations import Fields
from canonical.store.sql import tables
from canonical.store.sql.attached import WIDTH, Attached, made_of, part_rows
from canonical.store.sql.compile import TENANT, select_records
from canonical.store.sql.loaders import reading
from canonical.store.sql.records import Records

R = TypeVar("R", bound=Record)
ID = sa.bindparam("id", type_=sa.BigInteger())


class Whole(Records, Attached):
    """The part of a unit that reads what requests for one record ask for."""

    __slots__ = ()

    def load_with(self, kind: type[R], id: int, parts: tuple[str, ...], fields: Fields = None) -> R | None:
        kept = self._remembered()
        if kept is None or kind is User:
            record = self.load(kind, (id,), fields).get(id)
            if record is not None:
                for part, found in self.attached(kind.KIND, (id,), parts).items():
                    setattr(record, part, found[id])
            return record
        how = reading(kind, fields)

        def build() -> ClauseElement:
            source = tables.RECORDS[kind.KIND].alias("r")
            rows = select_records(how.spec, source, joined=False).where(
                source.c.tenant_id == TENANT, source.c.id == ID
            )
            hanging = [part_rows(part, lambda column: column == ID) for part in parts]
            width = max(WIDTH, len(rows.selected_columns))
            return _padded(rows, width).union_all(*(_padded(select, width) for select in hanging))

        sql = self._statements.fixed(("load with", kind, parts, fields), build)
        params = {"tenant_id": self.tenant_id, "id": id, "record_kind": kind.KIND}
        own: list[Any] = []
        hanging: dict[str, list[Any]] = {part: [] for part in parts}
        for row in self._run(sql, params).fetchall():
            # A record's row begins with its id, that of a part with the part's name.
            hanging.get(row[0], own).append(row)
        for record in self._named(how, kept, own):
            for part, rows in hanging.items():
                setattr(record, part, made_of(part, kind.KIND, rows))
            return record  # type: ignore[no-any-return]
        return None


def _padded(rows: sa.Select[Any], width: int) -> sa.Select[Any]:
    """The same rows with as many columns as all parts of one statement must have."""
    return rows.add_columns(*[sa.null()] * (width - len(rows.selected_columns)))
