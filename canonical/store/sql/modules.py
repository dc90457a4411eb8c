"""SQL for what tenants describe themselves, and for numbers over many records: built once per shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import ClauseElement

from canonical.errors import Unsupported
from canonical.letters import fold_letters
from canonical.model import KINDS, KindSpec, Viewer
from canonical.model.module import RECORD_FIELDS, ModuleSort
from canonical.operations import Aggregate
from canonical.query import MAX_PATTERN, Node, escape_like
from canonical.store.sql import tables
from canonical.store.sql.backend import Backend
from canonical.store.sql.compile import TENANT, Builder, Expression, visible
from canonical.store.sql.plan import how_of, plan
from canonical.values import clean_text, to_column

SEPARATOR = "\x1f"
"""Between the folded values in `module_record.search`."""
MODULE = sa.bindparam("module_id", type_=sa.BigInteger())

Params = dict[str, Any]
Built = tuple[object, Callable[[], ClauseElement], Params]
"""The key of a shape, what makes its statement, and the values."""


def _text(name: str) -> Any:
    return sa.bindparam(name, type_=sa.Text())


# -- records of modules -----------------------------------------------------------------------------


def _how_searched(text: str, params: Params) -> str:
    """Which way of searching suits `text`, a pattern with ``%`` and ``_`` live; its values go into `params`."""
    if not text:
        return "all"
    pattern = f"%{fold_letters(clean_text(text))}%"
    if len(pattern) > MAX_PATTERN or SEPARATOR in text or "\0" in text:
        return "none"
    literal = pattern[1:-1]
    params["pattern"] = pattern
    if any(char in literal for char in "%_\\"):
        return "wild"
    params["pattern"] = f"%{escape_like(literal)}%"
    if len(literal) < 3:
        return "scan"
    params["phrase"] = '"' + literal.replace('"', '""') + '"'
    return "index"


def _searched(backend: Backend, how: str, rows: Any) -> list[Any]:
    if how == "all":
        return []
    if how == "none":
        return [sa.false()]
    matches = rows.c.search.like(_text("pattern"), escape="\\")
    if how == "wild":
        # A wildcard must not reach from one value into the next.
        if backend.name == "sqlite":
            return [matches, sa.func.any_like(rows.c.search, _text("pattern")) == sa.literal_column("1")]
        separated = sa.func.string_to_array(rows.c.search, sa.func.chr(sa.literal_column("31")))
        values = sa.func.unnest(separated).column_valued("one")
        return [matches, sa.exists(sa.select(values).where(values.like(_text("pattern"), escape="\\")))]
    if how == "index" and backend.name == "sqlite":
        search = sa.table("module_record_search", sa.column("rowid"), sa.column("module_record_search"))
        found = sa.select(search.c.rowid).where(search.c.module_record_search.bool_op("MATCH")(_text("phrase")))
        return [rows.c.id.in_(found), matches]
    return [matches]


def _of_module(backend: Backend, how: str, rows: Any) -> list[Any]:
    return [
        rows.c.tenant_id == TENANT,
        rows.c.module_id == MODULE,
        rows.c.listed == sa.literal_column("1"),
        *_searched(backend, how, rows),
    ]


def count_records(backend: Backend, tenant_id: int, module_id: int, text: str) -> Built:
    params: Params = {"tenant_id": tenant_id, "module_id": module_id}
    how = _how_searched(text, params)

    def build() -> ClauseElement:
        rows = tables.module_record
        return sa.select(sa.func.count()).select_from(rows).where(*_of_module(backend, how, rows))

    if how != "index":
        params.pop("phrase", None)
    elif backend.name != "sqlite":
        del params["phrase"]
    return ("count module records", how), build, params


def find_records(
    backend: Backend,
    tenant_id: int,
    module_id: int,
    text: str,
    sort: tuple[ModuleSort, ...],
    limit: int,
    offset: int,
) -> Built:
    """The ids of a page of records, in order."""
    _, _, params = count_records(backend, tenant_id, module_id, text)
    how = _how_searched(text, {})
    params.update(limit=limit, offset=offset)
    shape: list[object] = []
    for at, term in enumerate(sort):
        if term.own and term.field not in RECORD_FIELDS:
            raise Unsupported(f"no field {term.field}")
        shape.append((term.field if term.own else "", term.descending))
        if not term.own:
            params[f"n{at}"] = to_column(term.field)

    def build() -> ClauseElement:
        rows = tables.module_record.alias("r")
        origin: Any = rows
        order: list[Any] = []
        for at, term in enumerate(sort):
            if term.own:
                column: Any = rows.c[term.field]
            else:
                values = tables.record_value.alias(f"s{at}")
                origin = origin.outerjoin(
                    values,
                    sa.and_(
                        values.c.tenant_id == TENANT,
                        values.c.module_id == MODULE,
                        values.c.name == _text(f"n{at}"),
                        values.c.record_id == rows.c.id,
                    ),
                )
                column = values.c.value
            ordered = column.desc() if term.descending else column.asc()
            if backend.name != "sqlite":
                ordered = ordered.nulls_last() if term.descending else ordered.nulls_first()
            order.append(ordered)
        if not any(term.own and term.field == "id" for term in sort):
            order.append(rows.c.id.asc())
        limit_, offset_ = (sa.bindparam(name, type_=sa.BigInteger()) for name in ("limit", "offset"))
        found = sa.select(rows.c.id).select_from(origin).where(*_of_module(backend, how, rows))
        return found.order_by(*order).limit(limit_).offset(offset_)

    return ("find module records", how, tuple(shape)), build, params


# -- numbers over many records ----------------------------------------------------------------------

MAX_GROUPS = 10_000


def _bounds(column: Any, asked: Aggregate, *, number: bool) -> list[Any]:
    kind: Any = sa.Float() if number else sa.Text()
    out = []
    if asked.low is not None:
        out.append(column >= sa.bindparam("low", type_=kind))
    if asked.high is not None:
        out.append(column <= sa.bindparam("high", type_=kind))
    return out


def _bounds_of(asked: Aggregate, params: Params) -> tuple[object, ...]:
    """Puts the bounds into the values; gives what the statement's shape depends on."""
    if asked.key:
        params.update(limit=MAX_GROUPS, offset=0)
    for name in ("low", "high"):
        bound = getattr(asked, name)
        if bound is not None:
            params[name] = float(bound) if isinstance(bound, int) else bound
    return asked.low is None, asked.high is None, _by_number(asked)


def _by_number(asked: Aggregate) -> bool:
    return any(isinstance(bound, int | float) for bound in (asked.low, asked.high))


def _grouped(asked: Aggregate, key: Any, value: Any, origin: Any, conditions: list[Any]) -> ClauseElement:
    limit, offset = (sa.bindparam(name, type_=sa.BigInteger()) for name in ("limit", "offset"))
    if asked.how == "pairs":
        return sa.select(key, value).select_from(origin).where(*conditions).order_by(key).limit(limit).offset(offset)
    number = sa.func.count() if asked.how == "count" else sa.func.sum(value)
    if not asked.key:
        return sa.select(sa.literal_column("''"), number).select_from(origin).where(*conditions)
    chosen = sa.select(key, number).select_from(origin).where(*conditions)
    return chosen.group_by(key).order_by(key).limit(limit).offset(offset)


def _check(asked: Aggregate) -> None:
    known = asked.how in ("count", "sum", "pairs")
    if not known or (asked.how != "count" and not asked.value) or (asked.how == "pairs" and not asked.key):
        raise Unsupported("no such aggregate")


def aggregate_module(tenant_id: int, module_id: int, asked: Aggregate) -> Built:
    """Rows ``(key, number)``; of a module only listed records count, and only those that have the fields named."""
    _check(asked)
    params: Params = {"tenant_id": tenant_id, "module_id": module_id}
    names = {"k": asked.key, "v": "" if asked.how == "count" else asked.value}
    bounded = "b" if asked.bounded and asked.bounded != asked.key else "k"
    if bounded == "b" and (asked.low is not None or asked.high is not None):
        names["b"] = asked.bounded
    used = tuple(letter for letter, name in names.items() if name)
    params.update({letter: names[letter] for letter in used})
    bounds = _bounds_of(asked, params)

    def build() -> ClauseElement:
        records = tables.module_record.alias("r")
        if not used:
            listed = [
                records.c.tenant_id == TENANT,
                records.c.module_id == MODULE,
                records.c.listed == sa.literal_column("1"),
            ]
            return _grouped(asked, None, None, records, listed)
        aliases = {letter: tables.record_value.alias(letter) for letter in used}
        first = aliases[used[0]]
        origin: Any = first
        conditions: list[Any] = []
        for letter, values in aliases.items():
            own = [values.c.tenant_id == TENANT, values.c.module_id == MODULE, values.c.name == _text(letter)]
            if values is first:
                conditions += own
            else:
                origin = origin.join(values, sa.and_(*own, values.c.record_id == first.c.record_id))
        if bounded in aliases:
            limits = aliases[bounded]
            number = _by_number(asked)
            conditions += _bounds(limits.c.number if number else limits.c.value, asked, number=number)
        key = aliases["k"].c.value if "k" in aliases else None
        value = None
        if "v" in aliases:
            value = aliases["v"].c.value if asked.how == "pairs" else aliases["v"].c.number
        return _grouped(asked, key, value, origin, conditions)

    return ("aggregate module", asked.how, used, bounded, bounds), build, params


def aggregate_kind(
    backend: Backend, tenant_id: int, viewer: Viewer, spec: KindSpec, where: Node, asked: Aggregate
) -> Built:
    """As above over a kind's records that the caller may see."""
    _check(asked)
    planned = plan(where, spec, viewer)
    params: Params = {f"p{at}": value for at, value in enumerate(planned.values)}
    params.update(tenant_id=tenant_id, me=viewer.user_id, card=viewer.card_id)
    names = [asked.key, "" if asked.how == "count" else asked.value, asked.bounded or asked.key]
    for at, name in enumerate(names):
        if name.startswith("custom."):
            params[f"c{at}"] = name.partition(".")[2]
        elif name.startswith("links."):
            if name.partition(".")[2] not in KINDS:
                raise Unsupported(f"no field {name}")
        elif name:
            how_of(spec, name)
    shapes = tuple("custom" if name.startswith("custom.") else name for name in names)
    bounds = _bounds_of(asked, params)

    def build() -> ClauseElement:
        rows = tables.RECORDS[spec.name].alias("r")
        builder = Builder(backend, viewer)
        conditions: list[Any] = [
            rows.c.tenant_id == TENANT,
            builder.build(planned.shape, spec, rows),
            visible(spec, rows, viewer),
        ]
        key, value, limits = (
            kind_column(builder, spec, rows, shape, at) if shape else None for at, shape in enumerate(shapes)
        )
        if key is not None:
            conditions.append(key.is_not(None))
        if limits is not None:
            conditions += _bounds(limits, asked, number=_by_number(asked))
        if asked.how == "sum" and shapes[1] == "custom":
            value = _as_number(backend, value)
        return _grouped(asked, key, value, rows, conditions)

    return (
        ("aggregate", spec.name, planned.shape, asked.how, shapes, bounds, viewer.way),
        build,
        params,
    )


def kind_column(builder: Builder, spec: KindSpec, rows: Any, name: str, at: int) -> Expression:
    kind: Any = sa.literal_column(f"'{spec.name}'")
    if name == "custom":
        values = tables.custom_value.alias(f"x{at}")
        chosen = sa.select(sa.func.min(values.c.value)).where(
            values.c.tenant_id == TENANT,
            values.c.record_kind == kind,
            values.c.record_id == rows.c.id,
            values.c.name == _text(f"c{at}"),
        )
        return chosen.scalar_subquery()
    if name.startswith("links."):
        links = tables.link.alias(f"x{at}")
        target = sa.select(sa.func.min(links.c.target_id)).where(
            links.c.tenant_id == TENANT,
            links.c.record_kind == kind,
            links.c.record_id == rows.c.id,
            links.c.target_kind == sa.literal_column(f"'{name.partition('.')[2]}'"),
            _is_seen(builder, name.partition(".")[2], links.c.target_id, at),
        )
        return target.scalar_subquery()
    how = how_of(spec, name)
    column = builder.shown(spec, rows, name, "text" if how in ("fold", "key") else how)
    other = None if how == "extras" else spec.by_name[name].ref
    if other is None or "visibility" not in KINDS[other].by_name:
        return column
    return sa.case((_is_seen(builder, other, column, at), column))


def _is_seen(builder: Builder, kind: str, id: Any, at: int) -> Any:
    """Whether the viewer sees the record of that kind and id."""
    other = tables.RECORDS[kind].alias(f"o{at}")
    seen = visible(KINDS[kind], other, builder.viewer)
    return sa.select(sa.literal_column("1")).where(other.c.tenant_id == TENANT, other.c.id == id, seen).exists()


def _as_number(backend: Backend, value: Any) -> Any:
    """A custom value as a number; text that is none counts as nothing."""
    if backend.name == "sqlite":
        return sa.cast(value, sa.Float)
    pattern: Any = sa.literal_column(r"'^\s*([-+]?[0-9]{1,30}(\.[0-9]{1,30})?)\s*$'")
    return sa.cast(sa.func.substring(value, pattern), sa.Float)
