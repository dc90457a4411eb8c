"""A unit of work over one connection: the store's port on SQL statements compiled once."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar, cast

import orjson
import sqlalchemy as sa
from sqlalchemy.sql import ClauseElement

from canonical.errors import Conflict
from canonical.model import KINDS, ContactPoint, CustomValue, Link, Record, Tag
from canonical.model.module import ModuleSort
from canonical.operations import Aggregate
from canonical.query import Node, Query, Scalar, Window
from canonical.store.port import CREDENTIAL_COLUMNS, SYSTEM, Where
from canonical.store.sql import modules, tables
from canonical.store.sql.backend import Backend, Cursor
from canonical.store.sql.compile import TENANT, Statements, select_records
from canonical.store.sql.counters import Counters
from canonical.store.sql.loaders import LOADERS
from canonical.store.sql.plan import HIGHEST, padded
from canonical.values import Ref, fold, fold_key

R = TypeVar("R", bound=Record)
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
TOTALS_KEPT = 512


_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def _without_nul(json: str) -> str:
    """JSON text without NUL characters, which PostgreSQL's JSON does not know and no text of ours has."""
    return _NUL.sub(r"\1", json) if "\\u0000" in json else json


def _stored(column: str, value: Any) -> Any:
    if column in JSON_COLUMNS:
        return _without_nul(orjson.dumps(value).decode()) if value else None
    if isinstance(value, bool):
        return int(value)
    return value


class SqlUnit:
    """`connection` is this thread's reader, or the writer inside its transaction (`writing`)."""

    __slots__ = ("_backend", "_connection", "_counters", "_statements", "_totals", "tenant_id", "writing")

    def __init__(
        self,
        backend: Backend,
        statements: Statements,
        connection: Any,
        tenant_id: int,
        *,
        writing: bool,
        totals: OrderedDict[object, tuple[int, int]] | None = None,
        counters: Counters | None = None,
    ) -> None:
        self._backend = backend
        self._statements = statements
        self._connection = connection
        self._totals = totals
        self._counters = counters
        self.tenant_id = tenant_id
        self.writing = writing

    def _run(self, sql: str, params: Mapping[str, Any]) -> Cursor:
        return self._backend.execute(self._connection, sql, params)

    # -- rows of small tables ---------------------------------------------------------------------

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

        key = ("select", table, shape, order, window is not None)
        rows = self._run(self._statements.fixed(key, build), params).fetchall()
        if not rows:
            return []
        names = COLUMNS[table]
        out = [dict(zip(names, row, strict=True)) for row in rows]
        for name in JSON_IN[table]:
            for row in out:
                row[name] = orjson.loads(row[name]) if row[name] else {}
        return out

    def count_rows(self, table: str, where: Where) -> int:
        described = TABLES[table]
        params: dict[str, Any] = {}
        shape = self._conditions(described, where, params)

        def build() -> ClauseElement:
            return sa.select(sa.func.count()).select_from(described).where(*self._clauses(described, shape))

        sql = self._statements.fixed(("count rows", table, shape), build)
        return int(cast(Any, self._run(sql, params).fetchone())[0])

    def _row(self, table: str, values: Where) -> dict[str, Any]:
        row = {column: _stored(column, value) for column, value in values.items()}
        for column, value in values.items():
            folding = FOLDED.get((table, column))
            if folding is not None:
                row[f"{column}_fold"] = None if value is None else folding(value)
        return row

    def _insertion(self, table: str, row: Mapping[str, Any]) -> str:
        described = TABLES[table]
        names = tuple(row)

        def build() -> ClauseElement:
            return sa.insert(described).values(
                {name: sa.bindparam(name, type_=described.c[name].type) for name in names}
            )

        return self._statements.fixed(("insert", table, names), build)

    def _with_tenant(self, table: str, row: dict[str, Any]) -> dict[str, Any]:
        if self.tenant_id != SYSTEM and "tenant_id" in TABLES[table].c:
            row["tenant_id"] = self.tenant_id
        return row

    def insert(self, table: str, values: Where) -> None:
        row = self._with_tenant(table, self._row(table, values))
        self._run(self._insertion(table, row), row)

    def insert_many(self, table: str, rows: Sequence[Where]) -> None:
        ready = [self._with_tenant(table, self._row(table, values)) for values in rows]
        if ready:
            self._backend.executemany(self._connection, self._insertion(table, ready[0]), ready)

    def update(self, table: str, where: Where, values: Where) -> int:
        described = TABLES[table]
        params = {f"v_{column}": value for column, value in self._row(table, values).items()}
        names = tuple(params)
        shape = self._conditions(described, where, params)

        def build() -> ClauseElement:
            changes = {name[2:]: sa.bindparam(name, type_=described.c[name[2:]].type) for name in names}
            return sa.update(described).where(*self._clauses(described, shape)).values(changes)

        return self._run(self._statements.fixed(("update", table, names, shape), build), params).rowcount

    def delete(self, table: str, where: Where) -> int:
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
        self.__class__(self._backend, self._statements, self._connection, SYSTEM, writing=True).insert(
            "counter", {"tenant_id": params["tenant_id"], "name": name, "value": 1}
        )
        return 1

    def raise_value(self, name: str, to: int) -> None:
        if self._counters is not None:
            self._counters.values[SYSTEM, name] = max(to, self.next_value(name, shared=True))
            return
        if self.next_value(name, shared=True) < to:
            system = SqlUnit(self._backend, self._statements, self._connection, SYSTEM, writing=True)
            system.update("counter", {"tenant_id": SYSTEM, "name": name}, {"value": to})

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

    def version(self) -> int | None:
        return None if self.writing else self._backend.data_version(self._connection)

    def purge_tokens(self, now: int) -> None:
        token = tables.token

        def build() -> ClauseElement:
            return sa.delete(token).where(token.c.expires_at < sa.bindparam("now", type_=sa.BigInteger()))

        self._run(self._statements.fixed("purge tokens", build), {"now": now})

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
        return [(row[0], _number(row[1])) for row in self._built(built)]

    def aggregate(
        self, kind: type[Record], where: Node, asked: Aggregate, me: int, admin: bool
    ) -> list[tuple[Any, Any]]:
        spec = KINDS[kind.KIND]
        built = modules.aggregate_kind(self._backend, self.tenant_id, me, spec, where, asked, admin=admin)
        return [(row[0], _number(row[1])) for row in self._built(built)]

    def _built(self, built: modules.Built) -> list[Any]:
        key, build, params = built
        sql = self._statements.fixed(key, build)
        self._see_own_texts(sql)
        return self._run(sql, params).fetchall()

    # -- records ----------------------------------------------------------------------------------

    def load(self, kind: type[R], ids: Iterable[int]) -> dict[int, R]:
        wanted = padded(list(dict.fromkeys(ids)))
        if not wanted:
            return {}
        count = len(wanted)

        def build() -> ClauseElement:
            source = tables.RECORDS[kind.KIND].alias("r")
            binds = [sa.bindparam(f"i{at}", type_=sa.BigInteger()) for at in range(count)]
            chosen = source.c.id == binds[0] if count == 1 else source.c.id.in_(binds)
            return select_records(KINDS[kind.KIND], source).where(source.c.tenant_id == TENANT, chosen)

        params: dict[str, Any] = {f"i{at}": id for at, id in enumerate(wanted)}
        params["tenant_id"] = self.tenant_id
        sql = self._statements.fixed(("load", kind, count), build)
        loader = LOADERS[kind]
        return {record.id: record for record in map(loader, self._run(sql, params).fetchall())}

    def find(self, kind: type[R], query: Query, me: int, admin: bool) -> list[R]:
        sql, values = self._statements.find(kind, query, admin=admin)
        self._see_own_texts(sql)
        params = self._bound(values, me)
        window = query.window
        params["limit"] = 2**62 if window.limit is None else window.limit
        params["offset"] = window.offset
        return list(map(LOADERS[kind], self._run(sql, params).fetchall()))

    def count(self, kind: type[Record], query: Query, me: int, admin: bool) -> int:
        sql, values = self._statements.count(kind, query, admin=admin)
        self._see_own_texts(sql)
        return self._total(sql, self._bound(values, me))

    def _see_own_texts(self, sql: str) -> None:
        """Lets a substring search inside a write find what that write made."""
        if self.writing and "activity_search" in sql:
            self._backend.index_texts(self._connection)

    def _total(self, sql: str, params: dict[str, Any]) -> int:
        """The one number that a count gives, kept for as long as nobody commits."""
        version = None if self._totals is None else self._backend.data_version(self._connection)
        if version is None or self._totals is None:
            return int(cast(Any, self._run(sql, params).fetchone())[0])
        # A total stays true until another connection commits, and every write of ours is on another connection.
        key = (sql, *params.values())
        kept = self._totals.get(key)
        if kept is not None and kept[0] == version:
            return kept[1]
        total = int(cast(Any, self._run(sql, params).fetchone())[0])
        self._totals[key] = (version, total)
        if len(self._totals) > TOTALS_KEPT:
            self._totals.popitem(last=False)
        return total

    def _bound(self, values: list[Scalar], me: int) -> dict[str, Any]:
        params: dict[str, Any] = {f"p{at}": value for at, value in enumerate(values)}
        params["tenant_id"] = self.tenant_id
        params["me"] = me
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

    # -- what hangs on records ----------------------------------------------------------------------

    def _links(self, where: Where, order: tuple[str, ...]) -> list[Link]:
        described = tables.link
        params: dict[str, Any] = {}
        shape = self._conditions(described, where, params)

        def build() -> ClauseElement:
            party = tables.RECORDS["party"].alias("t_party")
            origin = described.outerjoin(party, sa.and_(_points_at(described, "party"), _is_target(described, party)))
            named: list[tuple[Any, Any]] = [(_points_at(described, "party"), party.c.name)]
            for kind, column in (
                ("user", "username"),
                ("opportunity", "title"),
                ("case", "title"),
                ("activity", "title"),
            ):
                # Looked up only for links to that kind, which costs less than a join for each.
                other = tables.RECORDS[kind].alias(f"t_{kind}")
                name = sa.select(other.c[column]).where(_is_target(described, other)).scalar_subquery()
                named.append((_points_at(described, kind), name))
            columns = ("id", "record_kind", "record_id", "target_kind", "target_id", "role", "position", "at")
            chosen = [described.c[name] for name in columns]
            by = [described.c[name] for name in order]
            return (
                sa.select(*chosen, sa.case(*named), party.c.type)
                .select_from(origin)
                .where(*self._clauses(described, shape))
                .order_by(*by)
            )

        rows = self._run(self._statements.fixed(("links", shape, order), build), params).fetchall()
        return [Link(r[0], Ref(r[1], r[2]), Ref(r[3], r[4]), r[5], r[6], r[7], r[8], r[9]) for r in rows]

    def links_of(self, record_kind: str, ids: Iterable[int]) -> dict[int, list[Link]]:
        out: dict[int, list[Link]] = {id: [] for id in ids}
        if out:
            for link in self._links(
                {"record_kind": record_kind, "record_id": tuple(out)}, ("record_id", "position", "id")
            ):
                out[link.record.id].append(link)
        return out

    def links_to(self, target_kind: str, target_id: int, record_kind: str | None) -> list[Link]:
        where: dict[str, Any] = {"target_kind": target_kind, "target_id": target_id}
        if record_kind is not None:
            where["record_kind"] = record_kind
        return self._links(where, ("id",))

    def points_of(self, ids: Iterable[int]) -> dict[int, list[ContactPoint]]:
        out: dict[int, list[ContactPoint]] = {id: [] for id in ids}
        if out:
            for row in self.select("contact_point", {"party_id": tuple(out)}, ("party_id", "position", "id")):
                out[row["party_id"]].append(_point(row))
        return out

    def tags_of(self, record_kind: str, ids: Iterable[int]) -> dict[int, list[Tag]]:
        out: dict[int, list[Tag]] = {id: [] for id in ids}
        if not out:
            return out
        pairs = self.select(
            "tagging", {"record_kind": record_kind, "record_id": tuple(out)}, ("record_id", "position", "tag_id")
        )
        if not pairs:
            return out
        known = {row["id"]: row for row in self.select("tag", {"id": tuple({pair["tag_id"] for pair in pairs})})}
        for pair in pairs:
            row = known[pair["tag_id"]]
            out[pair["record_id"]].append(Tag(row["id"], row["name"], row["url"], row["keywords"], row["parent_id"]))
        return out

    def custom_of(self, record_kind: str, ids: Iterable[int]) -> dict[int, list[CustomValue]]:
        out: dict[int, list[CustomValue]] = {id: [] for id in ids}
        if out:
            where = {"record_kind": record_kind, "record_id": tuple(out)}
            for row in self.select("custom_value", where, ("record_id", "position", "name")):
                out[row["record_id"]].append(CustomValue(row["name"], row["value"], row["group"]))
        return out


def _points_at(link: sa.Table, kind: str) -> Any:
    """Whether a link's target is of that kind."""
    return link.c.target_kind == sa.literal_column(f"'{kind}'")


def _is_target(link: sa.Table, other: Any) -> Any:
    """Whether a record of the right kind is a link's target."""
    return sa.and_(other.c.tenant_id == link.c.tenant_id, other.c.id == link.c.target_id)


def _number(value: Any) -> Any:
    """PostgreSQL sums whole numbers to decimals."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _point(row: Mapping[str, Any]) -> ContactPoint:
    return ContactPoint(
        kind=row["kind"],
        value=row["value"] or "",
        label=row["label"],
        id=row["id"],
        service=row["service"],
        street=row["street"],
        street2=row["street2"],
        city=row["city"],
        region=row["region"],
        postcode=row["postcode"],
        country=row["country"],
        position=row["position"],
        party_id=row["party_id"],
        extras=row["extras"],
    )
