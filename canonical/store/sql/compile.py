"""The second half of compiling a query: from a shape to SQL, once, kept by shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql import ClauseElement

from canonical.model import KINDS, KindSpec, Record, Viewer
from canonical.model.visibility import (
    ADMIN,
    ANYONE,
    CREATOR,
    DECIDED_BY,
    LINKED,
    OWNER,
    READ_BY,
    SEEN_BY,
    Way,
    has_texts,
)
from canonical.query import First, Node, Query, Scalar, Sort
from canonical.store.sql import tables
from canonical.store.sql.backend import Backend, compile_sql
from canonical.store.sql.derived import own_rank, printed, state_rank, whole_seconds
from canonical.store.sql.plan import (
    REVERSE,
    SEARCH_COLUMNS,
    TEXT,
    VEILED,
    Plan,
    Shape,
    bound,
    extras_asked,
    how_of,
    plan,
    sort_shapes,
    sort_veils,
    veil_of,
    veils,
    without_extras,
)

TENANT = sa.bindparam("tenant_id", type_=sa.BigInteger())
ME = sa.bindparam("me", type_=sa.BigInteger())
CARD = sa.bindparam("card", type_=sa.BigInteger())
LIMIT = sa.bindparam("limit", type_=sa.BigInteger())
OFFSET = sa.bindparam("offset", type_=sa.BigInteger())

EVERY_VEIL: Final = VEILED | {TEXT}
TREES_KEPT = 512
SMALL = 100
"""Values in a query tree that is remembered."""

Expression = sa.ColumnElement[Any]

# The table of each relation's rows, and the column in it that names the record.
_RELATED: dict[str, tuple[sa.Table, str]] = {
    "links": (tables.link, "record_id"),
    "points": (tables.point, "party_id"),
    "custom": (tables.custom_value, "record_id"),
    "tags": (tables.tagging, "record_id"),
    "steps": (tables.state_change, "record_id"),
}


class Builder:
    """Builds one expression; values are numbered in the order in which the plan collected them.

    Of related records only those count that the viewer sees, and only what is shown of them. Of the records themselves
    what `veils` names is kept back: nothing, when the tenant has none of which not everything is shown to everybody.
    """

    def __init__(self, backend: Backend, viewer: Viewer, begin: int = 0, veils: frozenset[str] = EVERY_VEIL) -> None:
        self.sqlite = backend.name == "sqlite"
        self.viewer = viewer
        self.veils = veils
        self._bound = begin
        self._aliases = 0

    def _bind(self, how: str) -> Expression:
        kind: Any = (
            sa.BigInteger() if how in ("number", "rank", "plain rank") else sa.Float() if how == "float" else sa.Text()
        )
        self._bound += 1
        return sa.bindparam(f"p{self._bound - 1}", type_=kind)

    def shown(self, spec: KindSpec, source: Any, name: str, how: str) -> Expression:
        """The column as the viewer sees it."""
        column = self.column(source, name, how)
        veil = veil_of(spec, name, self.viewer)
        if veil is None or veil not in self.veils:
            return column
        kept = spec.by_name[name].default if veil == TEXT and how != "extras" else None
        empty: Any = sa.null() if kept is None else sa.literal_column(f"'{kept}'")
        return sa.case((self._is_shown(veil, spec, source, name), column), else_=empty)

    def _is_shown(self, veil: str, spec: KindSpec, source: Any, name: str) -> Expression:
        if veil == TEXT:
            return readable(spec, source)
        return told(KINDS[veil], source.c[name], self.viewer)

    def column(self, source: Any, name: str, how: str) -> Expression:
        if how in ("fold", "key"):
            return cast(Expression, source.c[f"{name}_fold"])
        if how == "plain rank":
            return state_rank(source)
        if how == "rank":
            return own_rank(source, self._extra(source, name), sqlite=self.sqlite)
        return self._extra(source, name) if how == "extras" else cast(Expression, source.c[name])

    def _extra(self, source: Any, name: str) -> Expression:
        keys = name.split(".")[1:]
        if self.sqlite:
            steps = ".".join(f'"{key}"' for key in keys)
            path: Expression = sa.literal_column(f"'$.{steps}'")
            return sa.cast(sa.func.json_extract(source.c.extras, path), sa.Text)
        pointer: Expression = sa.literal_column(f"'{{{','.join(keys)}}}'")
        return sa.cast(source.c.extras, sa.JSON).op("#>>", return_type=sa.Text())(pointer)

    def where(self, shape: Shape, spec: KindSpec, source: Any) -> Expression:
        """As `build`, for a whole condition: what asks for extras looks only at records that have some.

        Other records are judged by what their index holds.
        """
        if shape[0] == "and":
            return sa.and_(sa.true(), *(self.where(child, spec, source) for child in shape[1:]))
        namespaces = extras_asked(shape)
        if not namespaces:
            return self.build(shape, spec, source)
        begun = self._bound
        without = self.build(without_extras(shape), spec, source)
        self._bound = begun
        self._aliases += 1
        rows = tables.RECORDS[spec.name].alias(f"x{self._aliases}")
        found: sa.Select[Any] = sa.select(sa.literal_column("1")).where(
            rows.c.tenant_id == TENANT, rows.c.id == source.c.id, self.build(shape, spec, rows)
        )
        names = source.c.extra_names
        absent = [names.not_like(sa.literal_column(f"'%,{namespace},%'")) for namespace in sorted(namespaces)]
        return sa.or_(
            sa.and_(sa.or_(names.is_(None), sa.and_(*absent)), without),
            sa.and_(names.is_not(None), sa.not_(sa.and_(*absent)), found.exists()),
        )

    def build(self, shape: Shape, spec: KindSpec | None, source: Any) -> Expression:
        match shape:
            case ("unknown", bound):
                self._bound += bound
                return cast(Expression, sa.null())
            case ("const", value, bound):
                self._bound += bound
                return sa.true() if value else sa.false()
            case ("const", value):
                return sa.true() if value else sa.false()
            case ("and", *children):
                return sa.and_(sa.true(), *(self.build(child, spec, source) for child in children))
            case ("or", *children):
                return sa.or_(sa.false(), *(self.build(child, spec, source) for child in children))
            case ("not", child):
                return sa.not_(self.build(child, spec, source))
            case ("veiled", compared, truth, veil):
                return self._veiled(compared, truth, veil, cast(KindSpec, spec), source)
            case ("compare", name, how, primitive, count):
                return self._compare(source, name, how, primitive, count)
        _, relation, where = shape
        return self._target(relation, where, source) if spec is None else self._has(relation, where, spec, source)

    def _veiled(self, compared: Shape, truth: bool | None, veil: str, spec: KindSpec, source: Any) -> Expression:
        """A comparison that comes to `truth` where what it compares is not shown."""
        found = self.build(compared, spec, source)
        if veil not in self.veils:
            return found
        shown = self._is_shown(veil, spec, source, compared[1])
        if truth is None:
            return sa.case((shown, found))
        return sa.or_(sa.not_(shown), found) if truth else sa.and_(found, shown)

    def _compare(self, source: Any, name: str, how: str, primitive: str, count: Any) -> Expression:
        column = self.column(source, name, how)
        match primitive:
            case "null":
                return column.is_(None)
            case "not null":
                return column.is_not(None)
            case "never":
                return column.bool_op("=")(sa.null())
            case "in":
                # An empty list holds nothing, but of a missing value that is unknown, as with any comparison.
                return column.in_([self._bind(how) for _ in range(count)]) if count else column != column
            case "none of":
                words = cast(tuple[str, ...], count)
                return sa.and_(*(column != sa.literal_column(f"'{word}'") for word in words))
            case "range":
                return sa.and_(column >= self._bind(how), column < self._bind(how))
            case "like":
                return column.like(self._bind(how), escape="\\")
            case "match":
                matches = column.like(self._bind(how), escape="\\")
                return sa.and_(self._search(source, name), matches)
        word, _, rest = primitive.partition(" ")
        if word == "printed":
            return printed(column, rest, sqlite=self.sqlite).like(self._bind("text"), escape="\\")
        if word == "after":
            other, seconds = count
            later = whole_seconds(source.c[other]) + sa.literal_column(str(seconds))
            return whole_seconds(column).bool_op(rest)(later)
        floating = primitive.startswith("float ")
        return column.bool_op(primitive.removeprefix("float "))(self._bind("float" if floating else how))

    def _search(self, source: Any, name: str) -> Expression:
        """The rows whose folded text holds the next value, by the trigram index."""
        wanted = self._bind("text")
        if not self.sqlite:
            return sa.true()  # there the index serves LIKE itself
        search = sa.table("activity_search", sa.column("rowid"), sa.column("activity_search"))
        quoted = sa.func.replace(wanted, sa.literal_column("'\"'"), sa.literal_column("'\"\"'"))
        start: Expression = sa.literal_column(f"'{{{SEARCH_COLUMNS['activity', name]}}} : \"'")
        phrase = start.op("||")(quoted).op("||")(sa.literal_column("'\"'"))
        found = sa.select(search.c.rowid).where(search.c.activity_search.bool_op("MATCH")(phrase))
        return cast(Expression, source.c.id.in_(found))

    def _target(self, kind: str, where: Shape, links: Any) -> Expression:
        """The links whose target is of the kind, where `where` holds for it."""
        self._aliases += 1
        inner = self._seen(kind, where, tables.RECORDS[kind].alias(f"x{self._aliases}"))
        return sa.and_(links.c.target_kind == sa.literal_column(f"'{kind}'"), links.c.target_id.in_(inner))

    def _seen(self, kind: str, where: Shape, rows: Any, key: str = "id") -> sa.Select[Any]:
        """The ids, or what they have in `key`, of the related records that the viewer sees and where `where` holds."""
        spec, kept = KINDS[kind], self.veils
        self.veils = EVERY_VEIL
        holds = self.build(where, spec, rows)
        self.veils = kept
        return sa.select(rows.c[key]).where(rows.c.tenant_id == TENANT, holds, visible(spec, rows, self.viewer))

    def _has(self, relation: str, where: Shape, spec: KindSpec, source: Any) -> Expression:
        self._aliases += 1
        if relation in _RELATED:
            table, key = _RELATED[relation]
            rows = table.alias(f"x{self._aliases}")
            conditions: list[Any] = [rows.c.tenant_id == TENANT]
            if "record_kind" in rows.c:
                conditions.append(rows.c.record_kind == sa.literal_column(f"'{spec.name}'"))
            origin: Any = rows
            fields: Any = rows
            if relation == "tags":
                fields = tables.tag.alias(f"y{self._aliases}")
                origin = rows.join(
                    fields, sa.and_(fields.c.tenant_id == rows.c.tenant_id, fields.c.id == rows.c.tag_id)
                )
            conditions.append(self.build(where, None, fields))
            if relation == "links":
                conditions += [
                    sa.or_(
                        rows.c.target_kind != sa.literal_column(f"'{kind}'"),
                        told(KINDS[kind], rows.c.target_id, self.viewer),
                    )
                    for kind in sorted(VEILED & self.veils)
                ]
            inner = sa.select(rows.c[key]).select_from(origin).where(*conditions)
            return cast(Expression, source.c.id.in_(inner))
        if relation in REVERSE.get(spec.name, ()):
            kind, key = REVERSE[spec.name][relation]
            rows = tables.RECORDS[kind].alias(f"x{self._aliases}")
            referred = self._seen(kind, where, rows, key).where(rows.c[key].is_not(None))
            return cast(Expression, source.c.id.in_(referred))
        field = spec.by_name[f"{relation}_id"]
        other = KINDS[cast(str, field.ref)]
        inner = self._seen(other.name, where, tables.RECORDS[other.name].alias(f"x{self._aliases}"))
        # A record without the reference has no related row: false, not unknown.
        return sa.and_(source.c[field.name].is_not(None), source.c[field.name].in_(inner))

    def first(self, shape: Any, spec: KindSpec, source: Any) -> Any:
        """The field of the first related row, as `sort_shapes` tells it."""
        relation, name, how, choices = shape
        self._aliases += 1
        if relation not in _RELATED:
            reference = spec.by_name[f"{relation}_id"]
            other = KINDS[cast(str, reference.ref)]
            rows = tables.RECORDS[other.name].alias(f"s{self._aliases}")
            mine = rows.c.id == source.c[reference.name]
            kept, self.veils = self.veils, EVERY_VEIL
            shown = self.shown(other, rows, name, how)
            self.veils = kept
            seen = visible(other, rows, self.viewer)
            return sa.select(shown).where(rows.c.tenant_id == TENANT, mine, seen).scalar_subquery()
        table, key = _RELATED[relation]
        rows = table.alias(f"s{self._aliases}")
        conditions: list[Any] = [rows.c.tenant_id == TENANT, rows.c[key] == source.c.id]
        if "record_kind" in rows.c:
            conditions.append(rows.c.record_kind == sa.literal_column(f"'{spec.name}'"))
        built = [self.build(choice, None, rows) for choice in choices]
        order = [
            sa.case((condition, sa.literal_column("0")), else_=sa.literal_column("1")) for condition in built[:-1]
        ]
        found = sa.select(self.column(rows, name, how)).where(*conditions, sa.or_(*built))
        found = found.order_by(*order, rows.c.position, *rows.primary_key)
        return found.limit(sa.literal_column("1")).offset(sa.literal_column("0")).scalar_subquery()


def among(backend: Backend, column: Expression, name: str) -> Expression:
    """Whether the column is one of the ids that parameter `name` holds; `Connected._ids` makes its value."""
    if backend.name == "sqlite":
        items = sa.func.json_each(sa.bindparam(name, type_=sa.Text())).table_valued("value")
        return column.in_(sa.select(items.c.value))
    return column == sa.any_(sa.bindparam(name, type_=ARRAY(sa.BigInteger)))


def visible(spec: KindSpec, source: Any, viewer: Viewer) -> Expression:
    """Which records are there for the viewer; see `canonical.model.visibility`."""
    return _held_by(SEEN_BY, spec, source, viewer) if "visibility" in spec.by_name else sa.true()


def readable(spec: KindSpec, source: Any) -> Expression:
    """Of which records that he sees the viewer reads the text."""
    return _held_by(READ_BY, spec, source, None) if has_texts(spec) else sa.true()


def told(spec: KindSpec, id: Any, viewer: Viewer) -> Expression:
    """Whether there is no record of that id of which the viewer does not learn that it is there."""
    rows = tables.RECORDS[spec.name].alias("untold")
    hidden = rows.c.visibility.in_([_word(word) for word in tables.UNTOLD_WORDS])
    untold: sa.Select[Any] = sa.select(sa.literal_column("1")).where(
        rows.c.tenant_id == TENANT, rows.c.id == id, hidden, sa.not_(visible(spec, rows, viewer))
    )
    return sa.not_(untold.correlate(id.table).exists())


def _held_by(table: Mapping[str, frozenset[str]], spec: KindSpec, source: Any, viewer: Viewer | None) -> Expression:
    """The records whose visibility gives the viewer (``:me``, with card ``:card``) a role in the table.

    Most are everyone's, so that is asked first.
    """
    if viewer is not None and viewer.operator:
        return sa.true()
    column = source.c.visibility
    admin = viewer is not None and viewer.admin
    open_ = [word for word, roles in table.items() if ANYONE in roles or (admin and ADMIN in roles)]
    closed = [word for word in table if word not in open_]
    terms = [column == _word("everyone"), column.in_([_word(word) for word in open_ if word != "everyone"])]
    for role, holds in (
        (OWNER, source.c.owner_id == ME),
        (CREATOR, _made_by_me(spec, source)),
        (LINKED, _linked_to_me(spec, source)),
    ):
        words = [word for word in closed if role in table[word]]
        if words == closed:
            terms.append(holds)
        elif words:
            terms.append(sa.and_(column.in_([_word(word) for word in words]), holds))
    return sa.or_(*terms)


def _word(visibility: str) -> Any:
    return sa.literal_column(f"'{visibility}'")


def _made_by_me(spec: KindSpec, source: Any) -> Expression:
    """Looked up by the record's id, so that lists are still passed over in an index without the creator."""
    kind, field = DECIDED_BY.get(spec.name, (spec.name, "id"))
    rows = tables.RECORDS[kind].alias("made")
    mine: sa.Select[Any] = sa.select(sa.literal_column("1")).where(
        rows.c.tenant_id == TENANT, rows.c.id == source.c[field], rows.c.creator_id == ME
    )
    return mine.correlate(source).exists()


def _linked_to_me(spec: KindSpec, source: Any) -> Expression:
    kind, field = DECIDED_BY.get(spec.name, (spec.name, "id"))
    rows = tables.link.alias("mine")
    me = sa.or_(
        sa.and_(rows.c.target_kind == sa.literal_column("'user'"), rows.c.target_id == ME),
        sa.and_(rows.c.target_kind == sa.literal_column("'party'"), rows.c.target_id == CARD),
    )
    mine: sa.Select[Any] = sa.select(sa.literal_column("1")).where(
        rows.c.tenant_id == TENANT,
        rows.c.record_kind == sa.literal_column(f"'{kind}'"),
        rows.c.record_id == source.c[field],
        me,
    )
    return mine.correlate(source).exists()


def named_to_all(source: Any, name: Any) -> Any:
    """The name of a record that everybody sees, else null."""
    if "visibility" not in source.c:
        return name
    return sa.case((source.c.visibility == sa.literal_column("'everyone'"), name))


def select_records(spec: KindSpec, source: Any, base: Any | None = None, *, joined: bool = True) -> sa.Select[Any]:
    """The stored fields in order, then the joined ones in the order of `spec.joins`; of users only with `joined`."""
    origin = source if base is None else base
    columns: list[Any] = [source.c[field.name] for field in spec.fields]
    for join in spec.joins:
        if join.kind == "user" and not joined:
            continue
        other = tables.RECORDS[join.kind].alias(f"j_{join.attribute}")
        origin = origin.outerjoin(
            other, sa.and_(other.c.tenant_id == source.c.tenant_id, other.c.id == source.c[join.field])
        )
        column = other.c[join.column]
        columns.append(named_to_all(other, column) if join.names else column)
    return sa.select(*columns).select_from(origin)


def _sort_keys(builder: Builder, spec: KindSpec, source: Any, sort: tuple[Sort, ...]) -> list[Any]:
    """What records are ordered by, each term as the viewer sees it.

    The values of what is no plain field follow those of the condition.
    """
    keys: list[Any] = []
    for term, shape in zip(sort, sort_shapes(sort, spec, [], builder.viewer), strict=True):
        if isinstance(term.field, str):
            key: Any = builder.shown(spec, source, term.field, how_of(spec, term.field))
        elif isinstance(term.field, First):
            key = builder.first(shape, spec, source)
        else:
            key = builder.build(shape, spec, source)
        if term.fallback is not None:
            key = sa.func.coalesce(key, builder.shown(spec, source, term.fallback, how_of(spec, term.fallback)))
        keys.append(key)
    return keys


def _ordered(builder: Builder, sort: tuple[Sort, ...], keys: Sequence[Any], id: Any) -> list[Any]:
    """The terms of ORDER BY."""
    terms: list[Any] = []
    for term, key in zip(sort, keys, strict=True):
        ordered: Any = key.desc() if term.descending else key.asc()
        if not builder.sqlite:
            ordered = ordered.nulls_last() if term.descending else ordered.nulls_first()
        terms.append(ordered)
    if all(term.field != "id" for term in sort):
        terms.append(id.asc())
    return terms


def _order_by(builder: Builder, spec: KindSpec, source: Any, sort: tuple[Sort, ...]) -> list[Any]:
    return _ordered(builder, sort, _sort_keys(builder, spec, source, sort), source.c.id)


def with_sort_values(values: list[Scalar], sort: tuple[Sort, ...], spec: KindSpec, viewer: Viewer) -> list[Scalar]:
    """The values of a condition, and after them those of what is sorted by."""
    if all(isinstance(term.field, str) for term in sort):
        return values
    out = list(values)
    sort_shapes(sort, spec, out, viewer)
    return out


_TEXTS: dict[str, dict[object, str]] = {}
"""The texts of statements by key, for each sort of database: stores of one process have the same tables."""


class Statements:
    """The compiled statements of a database; the oldest go when there are too many shapes."""

    def __init__(self, backend: Backend, keep: int = 2048) -> None:
        self.backend = backend
        self.keep = keep
        self._kept = _TEXTS.setdefault(backend.name, {})
        self._trees: dict[tuple[object, int], tuple[Node, str, list[Scalar]]] = {}
        self._veils: dict[int, tuple[Node, KindSpec, Way, frozenset[str]]] = {}
        self._newest: tuple[Node, KindSpec, Way, Plan] | None = None

    def _plan(self, node: Node, spec: KindSpec, viewer: Viewer) -> Plan:
        """The plan of a tree; the newest is kept, because a list finds and then counts with the same one."""
        newest = self._newest
        if newest is not None and newest[0] is node and newest[1] is spec and newest[2] == viewer.way:
            return newest[3]
        planned = plan(node, spec, viewer)
        self._newest = (node, spec, viewer.way, planned)
        return planned

    def fixed(self, key: object, build: Callable[[], ClauseElement]) -> str:
        """The text of the statement that `build` makes, made at first use."""
        kept = self._kept.get(key)
        if kept is None:
            if len(self._kept) >= self.keep:
                for old in list(self._kept)[: self.keep // 4]:
                    self._kept.pop(old, None)
            kept = self._kept[key] = compile_sql(self.backend, build())
        return kept

    def veils(self, kind: type[Record], query: Query, viewer: Viewer) -> frozenset[str]:
        """What may keep from the viewer something that the records found, or their order, depend on."""
        spec = KINDS[kind.KIND]
        where = query.where
        known = self._veils.get(id(where))
        if known is None or known[0] is not where or known[1] is not spec or known[2] != viewer.way:
            if len(self._veils) >= TREES_KEPT:
                self._veils.clear()
            known = self._veils[id(where)] = (where, spec, viewer.way, veils(where, spec, viewer))
        return known[3] | sort_veils(query.sort, spec, viewer) if query.sort else known[3]

    def find(self, kind: type[Record], query: Query, viewer: Viewer) -> tuple[str, list[Scalar]]:
        """SQL for a page and the values ``p0``…; its other parameters: tenant_id, me, card, limit, offset."""
        spec = KINDS[kind.KIND]
        planned = self._plan(query.where, spec, viewer)
        limited = query.window.limit is not None or query.window.offset > 0
        key = ("find", kind, planned.shape, query.sort, limited, viewer.way)
        sql = self.fixed(key, lambda: self._find(spec, planned.shape, query.sort, limited, viewer))
        return sql, with_sort_values(planned.values, query.sort, spec, viewer)

    def keys(
        self, kind: type[Record], query: Query, viewer: Viewer, *, guarded: bool = True, masked: bool = True
    ) -> tuple[str, list[Scalar]]:
        """As `find`, for the ids alone.

        Not `guarded` where everybody sees all records of the kind, not `masked` where everybody reads their texts.
        """
        spec = KINDS[kind.KIND]

        def build(shape: Shape) -> ClauseElement:
            return self._keys(spec, shape, query.sort, viewer, guarded, masked)

        key = ("keys", kind, query.sort, viewer.way, guarded, masked)
        return self._planned(key, query.where, spec, viewer, build, query.sort)

    def count(
        self, kind: type[Record], query: Query, viewer: Viewer, *, guarded: bool = True, masked: bool = True
    ) -> tuple[str, list[Scalar]]:
        """SQL for how many and the values; its other parameters: tenant_id, me, card. The rest as for `keys`."""
        spec = KINDS[kind.KIND]

        def build(shape: Shape) -> ClauseElement:
            source = tables.RECORDS[spec.name].alias("r")
            conditions = self._conditions(self._builder(viewer, masked), spec, shape, source, guarded)
            return sa.select(sa.func.count()).select_from(source).where(*conditions)

        return self._planned(("count", kind, viewer.way, guarded, masked), query.where, spec, viewer, build)

    def _builder(self, viewer: Viewer, masked: bool = True) -> Builder:
        return Builder(self.backend, viewer, veils=EVERY_VEIL if masked else frozenset())

    def _planned(
        self,
        key: tuple[object, ...],
        where: Node,
        spec: KindSpec,
        viewer: Viewer,
        build: Callable[[Shape], ClauseElement],
        sort: tuple[Sort, ...] = (),
    ) -> tuple[str, list[Scalar]]:
        """SQL and values for a tree. The very tree that came before, which a dialect kept, is not planned again."""
        known = self._trees.get((key, id(where)))
        if known is not None and known[0] is where:
            return known[1], known[2]
        planned = self._plan(where, spec, viewer)
        sql = self.fixed((*key, planned.shape), lambda: build(planned.shape))
        values = with_sort_values(planned.values, sort, spec, viewer)
        if len(values) <= SMALL:
            if len(self._trees) >= TREES_KEPT:
                self._trees.clear()
            self._trees[key, id(where)] = (where, sql, values)
        return sql, values

    @staticmethod
    def _conditions(builder: Builder, spec: KindSpec, shape: Shape, source: Any, guarded: bool) -> list[Expression]:
        return [
            source.c.tenant_id == TENANT,
            builder.where(shape, spec, source),
            visible(spec, source, builder.viewer) if guarded else sa.true(),
        ]

    def _keys(
        self,
        spec: KindSpec,
        shape: Shape,
        sort: tuple[Sort, ...],
        viewer: Viewer,
        guarded: bool = True,
        masked: bool = True,
    ) -> sa.Select[Any]:
        """The ids of a page in order."""
        if masked and TEXT in sort_veils(sort, spec, viewer):
            return self._keys_apart(spec, shape, sort, viewer, guarded)
        builder = self._builder(viewer, masked)
        source = tables.RECORDS[spec.name].alias("r")
        return (
            sa.select(source.c.id)
            .where(*self._conditions(builder, spec, shape, source, guarded))
            .order_by(*_order_by(builder, spec, source, sort))
            .limit(LIMIT)
            .offset(OFFSET)
        )

    def _keys_apart(
        self, spec: KindSpec, shape: Shape, sort: tuple[Sort, ...], viewer: Viewer, guarded: bool
    ) -> sa.Select[Any]:
        """As `_keys`: the first of those records whose text the viewer reads, out of an index where one fits, and the
        first of the others, merged."""
        parts = []
        for masked in (False, True):
            # References are kept back in both.
            builder = Builder(self.backend, viewer, veils=EVERY_VEIL if masked else VEILED)
            source = tables.RECORDS[spec.name].alias("r")
            may_read = readable(spec, source)
            closed = source.c.visibility.in_([_word(word) for word in tables.MASKED])
            which = (
                sa.and_(source.c.visibility != _word("everyone"), closed, sa.not_(may_read)) if masked else may_read
            )
            conditions = self._conditions(builder, spec, shape, source, guarded)
            keys = _sort_keys(builder, spec, source, sort)
            first = (
                sa.select(source.c.id, *(key.label(f"s{at}") for at, key in enumerate(keys)))
                .where(*conditions, which)
                .order_by(*_ordered(builder, sort, keys, source.c.id))
                .limit(LIMIT + OFFSET)
                .offset(sa.literal_column("0"))
                .subquery(f"part{int(masked)}")
            )
            parts.append(sa.select(first))
        merged = parts[0].union_all(parts[1]).subquery("merged")
        keys = [merged.c[f"s{at}"] for at in range(len(sort))]
        order = _ordered(self._builder(viewer), sort, keys, merged.c.id)
        return sa.select(merged.c.id).order_by(*order).limit(LIMIT).offset(OFFSET)

    def _find(
        self, spec: KindSpec, shape: Shape, sort: tuple[Sort, ...], limited: bool, viewer: Viewer
    ) -> ClauseElement:
        table = tables.RECORDS[spec.name]
        if not limited:
            builder = self._builder(viewer)
            source = table.alias("r")
            conditions = self._conditions(builder, spec, shape, source, True)
            return select_records(spec, source).where(*conditions).order_by(*_order_by(builder, spec, source, sort))
        # The page's keys first, from an index alone where one fits, then their rows: at a deep offset this is 20 to
        # 200 times faster than sorting whole rows.
        keys = self._keys(spec, shape, sort, viewer).subquery("k")
        builder = Builder(self.backend, viewer, bound(shape))
        row = table.alias("s")
        base = keys.join(row, sa.and_(row.c.tenant_id == TENANT, row.c.id == keys.c.id))
        return select_records(spec, row, base).order_by(*_order_by(builder, spec, row, sort))
