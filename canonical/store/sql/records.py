"""Records by kind: loaded, found, counted, summed up and written; and the records of modules."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.sql import ClauseElement

from canonical.errors import Conflict
from canonical.model import KINDS, Record, User, Viewer
from canonical.model.module import ModuleSort
from canonical.operations import Aggregate, Fields, Report
from canonical.query import Node, Query, Scalar, Window
from canonical.store.port import Where
from canonical.store.sql import modules, reports, tables
from canonical.store.sql.compile import CARD, ME, TENANT, among, select_records
from canonical.store.sql.kept import Kept, add
from canonical.store.sql.loaders import JOINED, Reading, reading
from canonical.store.sql.plan import TEXT
from canonical.store.sql.rows import Rows
from canonical.values import from_column

R = TypeVar("R", bound=Record)
EVERY = 2**62
"""The limit of what has none."""
DEEP = 500
"""Rows that a page passes over, from which on it pays to ask first whether the tenant hides any."""
NOBODY: dict[int | None, str | None] = {}


class Records(Rows):
    """The part of a unit that knows kinds.

    Where something may be remembered, usernames are looked up there instead of joined, and users are not read again.
    """

    __slots__ = ()

    def load(self, kind: type[R], ids: Iterable[int], fields: Fields = None) -> dict[int, R]:
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return {}
        kept = self._remembered()
        if kept is None:
            loader = JOINED[kind]
            return {row[0]: loader(row, NOBODY) for row in self._rows_by_id(kind, wanted)}
        if kind is User:
            how = reading(kind)
            rows = self._user_rows(kept, wanted)
        else:
            how = reading(kind, fields)
            rows = self._rows_by_id(kind, wanted, how)
        return {record.id: record for record in self._named(how, kept, rows)}

    def remembered(self, dialect: str, name: str) -> dict[Any, Any]:
        kept = None if self.writing else self._remembered()
        return {} if kept is None else kept.made_of(self.tenant_id, dialect, name)

    def _rows_by_id(self, kind: type[Record], ids: list[int], how: Reading | None = None) -> list[Any]:
        """The rows of these ids: as `how` reads them, else whole with everything that is joined."""
        one = len(ids) == 1

        def build() -> ClauseElement:
            source = tables.RECORDS[kind.KIND].alias("r")
            id = sa.bindparam("id", type_=sa.BigInteger())
            chosen = source.c.id == id if one else among(self._backend, source.c.id, "id")
            spec = KINDS[kind.KIND] if how is None else how.spec
            rows = select_records(spec, source, joined=how is None)
            return rows.where(source.c.tenant_id == TENANT, chosen)

        sql = self._statements.fixed(("load", kind, one, None if how is None else how.fields, how is None), build)
        params = {"tenant_id": self.tenant_id, "id": ids[0] if one else self._ids(ids)}
        return self._run(sql, params).fetchall()

    def _user_rows(self, kept: Kept, ids: list[int]) -> list[Any]:
        tenant_id, users = self.tenant_id, kept.users
        missing = [id for id in ids if (tenant_id, id) not in users]
        found = [users[tenant_id, id] for id in ids if (tenant_id, id) in users]
        if missing:
            for row in self._rows_by_id(User, missing, reading(User)):
                add(users, (tenant_id, row[0]), row)
                found.append(row)
        return found

    def _named(self, how: Reading, kept: Kept, rows: list[Any]) -> list[Any]:
        """The records of rows without usernames."""
        loader = how.load
        names = kept.names_of(self.tenant_id)
        try:
            return [loader(row, names) for row in rows]
        except KeyError:
            missing = {row[at] for row in rows for at in how.named_by} - names.keys()
            names.update(dict.fromkeys(missing))
            names.update(self._usernames(list(missing)))
            return [loader(row, names) for row in rows]

    def _usernames(self, ids: list[int]) -> list[tuple[int, str]]:
        def build() -> ClauseElement:
            users = tables.user
            return sa.select(users.c.id, users.c.username).where(
                users.c.tenant_id == TENANT, among(self._backend, users.c.id, "id")
            )

        sql = self._statements.fixed("usernames", build)
        return self._run(sql, {"tenant_id": self.tenant_id, "id": self._ids(ids)}).fetchall()

    def find(self, kind: type[R], query: Query, viewer: Viewer, fields: Fields = None) -> list[R]:
        kept = self._remembered()
        if kept is None or self.writing:
            sql, values = self._statements.find(kind, query, viewer)
            self._see_own_texts(sql)
            loader = JOINED[kind]
            rows = self._run(sql, self._paged(values, viewer, query.window)).fetchall()
            return [loader(row, NOBODY) for row in rows]
        # The page's ids and their rows are of one moment.
        with self._backend.snapshot(self._connection):
            guarded = query.window.offset < DEEP or self._restricted(kind, tables.HIDDEN, at_once=True)
            masked = self._veiled(kind, query, viewer)
            sql, values = self._statements.keys(kind, query, viewer, guarded=guarded, masked=masked)
            ids = [row[0] for row in self._run(sql, self._paged(values, viewer, query.window)).fetchall()]
            if not ids:
                return []
            how = reading(kind, fields)
            found = {row[0]: row for row in self._rows_by_id(kind, ids, how)}
        return self._named(how, kept, [found[id] for id in ids])

    def _restricted(self, kind: type[Record], visibilities: tuple[str, ...], *, at_once: bool) -> bool:
        """Whether the tenant has any record of the kind with one of these visibilities.

        With `at_once` in this very snapshot, as befits what records are read by; else remembered as totals are.
        """
        table = tables.RECORDS[kind.KIND]
        if "visibility" not in table.c:
            return False

        def build() -> ClauseElement:
            words: list[Any] = [sa.literal_column(f"'{word}'") for word in visibilities]
            everyone: Any = sa.literal_column("'everyone'")
            hidden = (table.c.tenant_id == TENANT, table.c.visibility != everyone, table.c.visibility.in_(words))
            return sa.select(sa.exists().where(*hidden))

        sql = self._statements.fixed(("restricted", kind, visibilities), build)
        params = {"tenant_id": self.tenant_id}
        return bool(self._counted(sql, params) if at_once else self._total(sql, params))

    def _veiled(self, kind: type[Record], query: Query, viewer: Viewer) -> bool:
        """Whether the tenant has anything that may be kept from the viewer and on which the answer depends."""
        veils = self._statements.veils(kind, query, viewer)
        if TEXT in veils and self._restricted(kind, tables.MASKED, at_once=True):
            return True
        others = sorted(veils - {TEXT})
        return any(self._restricted(KINDS[other].record, tables.UNTOLD_WORDS, at_once=False) for other in others)

    def hides(self, kind: type[Record]) -> bool:
        return self._restricted(kind, tables.HIDDEN, at_once=False)

    def linked(self, kind: type[Record], ids: Iterable[int], viewer: Viewer) -> set[int]:
        wanted = list(ids)
        links = tables.link

        def build() -> ClauseElement:
            me = sa.or_(
                sa.and_(links.c.target_kind == sa.literal_column("'user'"), links.c.target_id == ME),
                sa.and_(links.c.target_kind == sa.literal_column("'party'"), links.c.target_id == CARD),
            )
            return sa.select(links.c.record_id).where(
                links.c.tenant_id == TENANT,
                links.c.record_kind == sa.literal_column(f"'{kind.KIND}'"),
                among(self._backend, links.c.record_id, "id"),
                me,
            )

        params = {"tenant_id": self.tenant_id, "id": self._ids(wanted), "me": viewer.user_id, "card": viewer.card_id}
        return {row[0] for row in self._run(self._statements.fixed(("linked", kind), build), params).fetchall()}

    def _paged(self, values: list[Scalar], viewer: Viewer, window: Window) -> dict[str, Any]:
        params = self._bound(values, viewer)
        params["limit"] = EVERY if window.limit is None else window.limit
        params["offset"] = window.offset
        return params

    def count(self, kind: type[Record], query: Query, viewer: Viewer) -> int:
        if self.writing or self._kept is None:
            sql, values = self._statements.count(kind, query, viewer)
            self._see_own_texts(sql)
            return self._total(sql, self._bound(values, viewer))
        with self._backend.snapshot(self._connection):
            guarded = self._restricted(kind, tables.HIDDEN, at_once=False)
            masked = self._veiled(kind, query, viewer)
            sql, values = self._statements.count(kind, query, viewer, guarded=guarded, masked=masked)
            return self._total(sql, self._bound(values, viewer))

    def _see_own_texts(self, sql: str) -> None:
        """Lets a substring search inside a write find what that write made."""
        if self.writing and "activity_search" in sql:
            self._backend.index_texts(self._connection)

    def _total(self, sql: str, params: dict[str, Any]) -> int:
        """The one number that a count gives, kept for as long as nobody commits."""
        kept = None if self.writing else self._remembered()
        if kept is None:
            return self._counted(sql, params)
        key = (sql, *params.values())
        total = kept.totals.get(key)
        if total is None:
            total = self._counted(sql, params)
            add(kept.totals, key, total)
        return total

    def _counted(self, sql: str, params: dict[str, Any]) -> int:
        return int(cast(Any, self._run(sql, params).fetchone())[0])

    def _bound(self, values: list[Scalar], viewer: Viewer) -> dict[str, Any]:
        params: dict[str, Any] = {f"p{at}": value for at, value in enumerate(values)}
        params["tenant_id"] = self.tenant_id
        params["me"] = viewer.user_id
        params["card"] = viewer.card_id
        return params

    def lock(self, kind: type[Record], id: int) -> None:
        if self._backend.name == "sqlite":
            return  # one unit writes at a time

        def build() -> ClauseElement:
            table = tables.RECORDS[kind.KIND]
            chosen = table.c.id == sa.bindparam("id", type_=sa.BigInteger())
            return sa.select(table.c.id).where(table.c.tenant_id == TENANT, chosen).with_for_update()

        params = {"tenant_id": self.tenant_id, "id": id}
        self._run(self._statements.fixed(("lock", kind), build), params).fetchone()

    def insert_record(self, kind: type[Record], values: Where) -> None:
        self.insert(tables.TABLE_NAMES[kind.KIND], values)

    def update_record(self, kind: type[Record], id: int, version: int, values: Where) -> None:
        table = tables.TABLE_NAMES[kind.KIND]
        if self.update(table, {"id": id, "version": version}, {**values, "version": version + 1}) != 1:
            raise Conflict(f"{kind.KIND} {id} was changed meanwhile")

    def delete_record(self, kind: type[Record], id: int) -> None:
        self.delete(tables.TABLE_NAMES[kind.KIND], {"id": id})

    def clear_reference(self, kind: type[Record], field: str, id: int) -> None:
        self.update(tables.TABLE_NAMES[kind.KIND], {field: id}, {field: None})

    # -- records of modules, numbers over many records ----------------------------------------------

    def module_record_ids(self, module_id: int, text: str, sort: tuple[ModuleSort, ...], window: Window) -> list[int]:
        limit = 2**62 if window.limit is None else window.limit
        built = modules.find_records(self._backend, self.tenant_id, module_id, text, sort, limit, window.offset)
        return [row[0] for row in self._built(built)]

    def count_module_records(self, module_id: int, text: str) -> int:
        key, build, params = modules.count_records(self._backend, self.tenant_id, module_id, text)
        return self._total(self._statements.fixed(key, build), params)

    def aggregate_module(self, module_id: int, asked: Aggregate) -> list[tuple[Any, Any]]:
        built = modules.aggregate_module(self.tenant_id, module_id, asked)
        return [(from_column(key), _number(number)) for key, number in self._built(built)]

    def aggregate(self, kind: type[Record], where: Node, asked: Aggregate, viewer: Viewer) -> list[tuple[Any, Any]]:
        built = modules.aggregate_kind(self._backend, self.tenant_id, viewer, KINDS[kind.KIND], where, asked)
        return [(row[0], _number(row[1])) for row in self._built(built)]

    def report_module(self, module_id: int, asked: Report) -> list[tuple[Any, ...]]:
        return self._reported(reports.report_module(self._backend, self.tenant_id, module_id, asked))

    def report(self, kind: type[Record], where: Node, asked: Report, viewer: Viewer) -> list[tuple[Any, ...]]:
        return self._reported(
            reports.report_kind(self._backend, self.tenant_id, viewer, KINDS[kind.KIND], where, asked)
        )

    def _reported(self, built: modules.Built) -> list[tuple[Any, ...]]:
        return [tuple(_number(value) for value in row) for row in self._built(built)]

    def _built(self, built: modules.Built) -> list[Any]:
        key, build, params = built
        sql = self._statements.fixed(key, build)
        self._see_own_texts(sql)
        return self._run(sql, params).fetchall()


def _number(value: Any) -> Any:
    """PostgreSQL sums whole numbers to decimals; the value of a pair may be text."""
    if isinstance(value, str):
        return from_column(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
