"""Rows of small tables by plain equality, counters and credentials."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import orjson
import sqlalchemy as sa
from sqlalchemy.sql import ClauseElement

from canonical.generated import function
from canonical.query import Window
from canonical.store.port import CREDENTIAL_COLUMNS, SYSTEM, Where
from canonical.store.sql import tables
from canonical.store.sql.compile import TENANT
from canonical.store.sql.connected import Connected
from canonical.store.sql.kept import SETUP_TABLES, add
from canonical.store.sql.plan import padded
from canonical.values import fold, fold_key

TABLES = tables.metadata.tables
JSON_COLUMNS = {"extras", "data", "options", "settings"}
FOLDED = {
    (name, column.name.removesuffix("_fold")): fold_key
    if any(column.name in index.columns for index in table.indexes)
    else fold
    for name, table in TABLES.items()
    for column in table.c.values()
    if column.name.endswith("_fold")
}
"""How the second column of a folded one is made: cut where it stands in an index."""
COLUMNS = {name: tuple(table.c.keys()) for name, table in TABLES.items()}
JSON_IN = {name: tuple(JSON_COLUMNS.intersection(columns)) for name, columns in COLUMNS.items()}

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def _without_nul(json: str) -> str:
    """JSON text without NUL characters, which PostgreSQL's JSON does not know and no text of ours has."""
    return _NUL.sub(r"\1", json) if "\\u0000" in json else json


def _json(value: Any) -> str | None:
    return _without_nul(orjson.dumps(value).decode()) if value else None


def _extra_names(extras: Mapping[str, Any]) -> str | None:
    return f",{','.join(sorted(extras))}," if extras else None


Maker = Callable[[Where], dict[str, Any]]


@functools.lru_cache(maxsize=512)
def _maker(table: str, names: tuple[str, ...]) -> Maker:
    """A function from values by column to a row as it is stored, folded columns with it; generated once.

    Its source holds the names of the table's columns only. Raises KeyError for any other name.
    """
    columns = TABLES[table].c
    entries = []
    for name in names:
        value = f"v[{columns[name].name!r}]"
        if name in JSON_COLUMNS:
            value = f"json({value})"
        elif isinstance(columns[name].type, sa.SmallInteger):
            value = f"int({value})"
        entries.append(f"{name!r}: {value}")
        if name == "extras" and "extra_names" in columns:
            entries.append(f"'extra_names': extra_names({value.removeprefix('json')})")
        folding = FOLDED.get((table, name))
        if folding is not None:
            how = "fold_key" if folding is fold_key else "fold"
            entries.append(f"'{name}_fold': None if {value} is None else {how}({value})")
    known = {"json": _json, "int": int, "extra_names": _extra_names, "fold": fold, "fold_key": fold_key}
    return function("make", ("v",), [f"return {{{', '.join(entries)}}}"], known)


class Rows(Connected):
    """The part of a unit that reads and writes rows as they are."""

    __slots__ = ()

    def _conditions(
        self, table: sa.Table, where: Where, params: dict[str, Any], at_least: Where | None = None
    ) -> tuple[object, ...]:
        """The key of a set of conditions; their values go into `params`."""
        shape: list[object] = []
        if self.tenant_id != SYSTEM and "tenant_id" in COLUMNS[table.name]:
            params["tenant_id"] = self.tenant_id
            shape.append("tenant")
        for column, value in where.items():
            if value is None:
                shape.append((column, "missing"))
            elif isinstance(value, tuple | list):
                values = padded(list(value))
                for at, item in enumerate(values):
                    params[f"w_{column}_{at}"] = item
                shape.append((column, len(values)))
            else:
                params[f"w_{column}"] = int(value) if isinstance(value, bool) else value
                shape.append(column)
        for column, value in (at_least or {}).items():
            params[f"l_{column}"] = value
            shape.append((column, "at least"))
        return tuple(shape)

    @staticmethod
    def _clauses(table: sa.Table, shape: tuple[object, ...]) -> list[Any]:
        clauses: list[Any] = []
        for part in shape:
            if part == "tenant":
                clauses.append(table.c.tenant_id == TENANT)
            elif isinstance(part, str):
                clauses.append(table.c[part] == sa.bindparam(f"w_{part}", type_=table.c[part].type))
            else:
                column, how = cast(tuple[str, Any], part)
                field = table.c[column]
                if how == "missing":
                    clauses.append(field.is_(None))
                elif how == "at least":
                    clauses.append(field >= sa.bindparam(f"l_{column}", type_=field.type))
                elif how == 0:
                    clauses.append(sa.false())
                else:
                    binds = [sa.bindparam(f"w_{column}_{at}", type_=field.type) for at in range(how)]
                    clauses.append(field.in_(binds))
        return clauses

    def select(
        self,
        table: str,
        where: Where,
        order: tuple[str, ...] = (),
        *,
        at_least: Where | None = None,
        window: Window | None = None,
    ) -> list[dict[str, Any]]:
        described = TABLES[table]
        params: dict[str, Any] = {}
        shape = self._conditions(described, where, params, at_least)
        if window is not None:
            params["limit"] = 2**62 if window.limit is None else window.limit
            params["offset"] = window.offset

        def build() -> ClauseElement:
            by = [described.c[name] for name in order]
            rows = sa.select(described).where(*self._clauses(described, shape)).order_by(*by)
            if window is None:
                return rows
            limit, offset = (sa.bindparam(name, type_=sa.BigInteger()) for name in ("limit", "offset"))
            return rows.limit(limit).offset(offset)

        sql = self._statements.fixed(("select", table, shape, order, window is not None), build)
        rows = self._set_up(sql, params) if table in SETUP_TABLES else self._run(sql, params).fetchall()
        if not rows:
            return []
        names = COLUMNS[table]
        out = [dict(zip(names, row, strict=True)) for row in rows]
        for name in JSON_IN[table]:
            for row in out:
                row[name] = orjson.loads(row[name]) if row[name] else {}
        return out

    def _set_up(self, sql: str, params: dict[str, Any]) -> list[Any]:
        """The rows of a set-up table, remembered."""
        kept = self._remembered()
        if kept is None:
            return self._run(sql, params).fetchall()
        key = (sql, *params.values())
        rows = kept.rows.get(key)
        if rows is None:
            rows = self._run(sql, params).fetchall()
            add(kept.rows, key, rows)
        return rows

    def count_rows(self, table: str, where: Where) -> int:
        described = TABLES[table]
        params: dict[str, Any] = {}
        shape = self._conditions(described, where, params)

        def build() -> ClauseElement:
            return sa.select(sa.func.count()).select_from(described).where(*self._clauses(described, shape))

        sql = self._statements.fixed(("count rows", table, shape), build)
        return int(cast(Any, self._run(sql, params).fetchone())[0])

    def _insertion(self, table: str, row: Mapping[str, Any]) -> str:
        described = TABLES[table]
        names = tuple(row)

        def build() -> ClauseElement:
            return sa.insert(described).values(
                {name: sa.bindparam(name, type_=described.c[name].type) for name in names}
            )

        return self._statements.fixed(("insert", table, names), build)

    def _changing(self, table: str) -> None:
        if self._kept is not None:
            self._kept.forget(table)

    def _owned(self, table: str) -> dict[str, int]:
        """The column by which a row belongs to the tenant."""
        if self.tenant_id != SYSTEM and "tenant_id" in COLUMNS[table]:
            return {"tenant_id": self.tenant_id}
        return {}

    def insert(self, table: str, values: Where) -> None:
        self._changing(table)
        row = _maker(table, tuple(values))(values)
        row.update(self._owned(table))
        self._run(self._insertion(table, row), row)

    def insert_many(self, table: str, rows: Sequence[Where]) -> None:
        if not rows:
            return
        self._changing(table)
        make = _maker(table, tuple(rows[0]))
        owned = self._owned(table)
        ready = [make(values) | owned for values in rows]
        self._backend.executemany(self._connection, self._insertion(table, ready[0]), ready)

    def update(self, table: str, where: Where, values: Where) -> int:
        self._changing(table)
        described = TABLES[table]
        row = _maker(table, tuple(values))(values)
        params = {f"v_{column}": value for column, value in row.items()}
        names = tuple(params)
        shape = self._conditions(described, where, params)

        def build() -> ClauseElement:
            changes = {name[2:]: sa.bindparam(name, type_=described.c[name[2:]].type) for name in names}
            return sa.update(described).where(*self._clauses(described, shape)).values(changes)

        return self._run(self._statements.fixed(("update", table, names, shape), build), params).rowcount

    def delete(self, table: str, where: Where) -> int:
        self._changing(table)
        described = TABLES[table]
        params: dict[str, Any] = {}
        shape = self._conditions(described, where, params)

        def build() -> ClauseElement:
            return sa.delete(described).where(*self._clauses(described, shape))

        return self._run(self._statements.fixed(("delete", table, shape), build), params).rowcount

    def next_value(self, name: str, *, shared: bool = False) -> int:
        tenant_id = SYSTEM if shared else self.tenant_id
        if self._counters is not None:
            return self._counters.next(self._backend, self._connection, (tenant_id, name))
        params = {"tenant_id": tenant_id, "name": name}
        counter = tables.counter

        def build() -> ClauseElement:
            bump = {"value": counter.c.value + sa.literal_column("1")}
            where = (counter.c.tenant_id == TENANT, counter.c.name == sa.bindparam("name", type_=sa.Text()))
            return sa.update(counter).where(*where).values(bump).returning(counter.c.value)

        row = self._run(self._statements.fixed("counter", build), params).fetchone()
        if row is not None:
            return int(row[0])
        self._system().insert("counter", {"tenant_id": params["tenant_id"], "name": name, "value": 1})
        return 1

    def _system(self) -> Rows:
        """What belongs to no tenant, on the same connection."""
        return Rows(self._backend, self._statements, self._connection, SYSTEM, True, self._kept)

    def raise_value(self, name: str, to: int) -> None:
        if self._counters is not None:
            self._counters.values[SYSTEM, name] = max(to, self.next_value(name, shared=True))
            return
        if self.next_value(name, shared=True) < to:
            self._system().update("counter", {"tenant_id": SYSTEM, "name": name}, {"value": to})

    def credential(self, kind: str, digest: str) -> tuple[Any, ...] | None:
        def build() -> ClauseElement:
            token, user = tables.token, tables.user
            columns = [token.c[name] if name in token.c else user.c[name] for name in CREDENTIAL_COLUMNS]
            joined = token.join(user, sa.and_(user.c.tenant_id == token.c.tenant_id, user.c.id == token.c.user_id))
            return (
                sa.select(*columns)
                .select_from(joined)
                .where(
                    token.c.kind == sa.bindparam("kind", type_=sa.Text()),
                    token.c.digest == sa.bindparam("digest", type_=sa.Text()),
                )
            )

        sql = self._statements.fixed("credential", build)
        row: tuple[Any, ...] | None = self._run(sql, {"kind": kind, "digest": digest}).fetchone()
        return row

    def purge_tokens(self, now: int) -> None:
        token = tables.token

        def build() -> ClauseElement:
            return sa.delete(token).where(token.c.expires_at < sa.bindparam("now", type_=sa.BigInteger()))

        self._run(self._statements.fixed("purge tokens", build), {"now": now})
