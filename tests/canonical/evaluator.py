"""What a query means, in plain Python: the reference that the compiled SQL is held to.

Truth is three-valued: True, False, or None for unknown. Records carry their related rows (`links`, `points`,
`tags`, `custom`); to-one relations are looked up in `world`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cmp_to_key
from typing import Any

from canonical.model import KINDS, STATE_RANKS, Record
from canonical.query import After, And, Compare, Constant, First, Has, Node, Not, Op, Or, Query, Sort
from canonical.values import MICROS, SECOND, fold, fold_pattern, sql_time

World = Mapping[str, Mapping[int, Record]]
FOLDED_RELATED = {"value", "street", "street2", "city", "region", "postcode", "country"}


def matches(node: Node, record: Record, world: World) -> bool | None:
    match node:
        case Constant(value):
            return value
        case And(nodes):
            return _all([matches(child, record, world) for child in nodes])
        case Or(nodes):
            return _any([matches(child, record, world) for child in nodes])
        case Not(child):
            return _not(matches(child, record, world))
        case Compare(name, op, value):
            if name.startswith("extras."):
                return compare(_extra(record.extras, name), op, value, "text")
            if name.startswith("rank."):
                return compare(_rank(record, name), op, value, "int")
            if isinstance(value, After):
                then = getattr(record, value.field)
                then = None if then is None else then // SECOND + value.seconds
                now = getattr(record, name)
                return compare(None if now is None else now // SECOND, op, then, "int")
            spec = KINDS[record.KIND].by_name[name]
            textual = spec.type in ("text", "date")
            how = ("fold" if spec.folded else "text") if textual else spec.type
            return compare(getattr(record, name), op, value, how)
        case Has(relation, where):
            if relation in ("links", "points", "tags", "custom"):
                return any(_row(where, row, relation, world) is True for row in getattr(record, relation))
            spec = KINDS[record.KIND].by_name[f"{relation}_id"]
            other = world[str(spec.ref)].get(getattr(record, spec.name) or 0)
            return other is not None and matches(where, other, world) is True
    raise AssertionError(node)


def _extra(extras: Mapping[str, Any], name: str) -> str | None:
    kept: Any = extras
    for key in name.split(".")[1:]:
        kept = kept.get(key) if isinstance(kept, Mapping) else None
    return None if kept is None else str(kept)


def _rank(record: Any, name: str) -> int | None:
    kept = _extra(record.extras, name)
    found = None if kept is None else re.match(rf"{record.state}:(-?[0-9]+):", kept)
    return int(found[1]) if found else STATE_RANKS.get(record.state)


def printed(value: Any, how: str) -> str:
    """A number as a pattern sees it."""
    if how == "instant":
        return sql_time(value)
    if how == "money":
        whole, fraction = divmod(abs(value), MICROS)
        return ("-" if value < 0 else "") + f"{whole}.{fraction:06d}".rstrip("0").rstrip(".")
    return str(int(value))


def _row(node: Node, row: Any, relation: str, world: World) -> bool | None:
    match node:
        case Constant(value):
            return value
        case And(nodes):
            return _all([_row(child, row, relation, world) for child in nodes])
        case Or(nodes):
            return _any([_row(child, row, relation, world) for child in nodes])
        case Not(child):
            return _not(_row(child, row, relation, world))
        case Has(kind, where) if relation == "links":
            target = world[kind].get(row.target.id) if row.target.kind == kind else None
            return target is not None and matches(where, target, world) is True
        case Compare(name, op, value):
            if name.startswith("extras."):
                return compare(_extra(row.extras, name), op, value, "text")
            if relation == "links" and name in ("target_kind", "target_id"):
                kept = row.target.kind if name == "target_kind" else row.target.id
            else:
                kept = getattr(row, name)
            folded = name in FOLDED_RELATED or (relation == "tags" and name == "name")
            how = "int" if name in ("id", "target_id", "position", "at") else "fold" if folded else "text"
            return compare(kept, op, value, how)
    raise AssertionError(node)


def _all(values: Sequence[bool | None]) -> bool | None:
    return False if False in values else None if None in values else True


def _any(values: Sequence[bool | None]) -> bool | None:
    return True if True in values else None if None in values else False


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def compare(kept: Any, op: Op, value: Any, how: str) -> bool | None:
    if op is Op.NULL:
        return kept is None
    if op is Op.NOT_NULL:
        return kept is not None
    if kept is None:
        return None
    if op is Op.LIKE:
        text = fold(kept) if how == "fold" else kept if how == "text" else printed(kept, how)
        return like(fold_pattern(value) if how == "fold" else value, text)
    if op is Op.IN:
        return _any([compare(kept, Op.EQ, item, how) for item in value if item is not None])
    if value is None:
        return None
    if how == "fold":
        kept, value = fold(kept), fold(str(value))
    elif how == "text":
        value = str(value)
    return {
        Op.EQ: kept == value,
        Op.NE: kept != value,
        Op.LT: kept < value,
        Op.LE: kept <= value,
        Op.GT: kept > value,
        Op.GE: kept >= value,
    }[op]


def like(pattern: str, text: str) -> bool:
    out, at = [], 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 1
            out.append(re.escape(pattern[at]))
        elif char == "%":
            out.append(".*")
        elif char == "_":
            out.append(".")
        else:
            out.append(re.escape(char))
        at += 1
    return re.fullmatch("".join(out), text, re.DOTALL) is not None


def _first(key: First, record: Any, world: World) -> Any:
    if not key.choices:
        spec = KINDS[record.KIND].by_name[f"{key.relation}_id"]
        other = world[str(spec.ref)].get(getattr(record, spec.name) or 0)
        return None if other is None else _folded(getattr(other, key.field))
    rows = getattr(record, key.relation)
    for choice in key.choices:
        for row in rows:
            if _row(choice, row, key.relation, world) is True:
                return _folded(getattr(row, key.field))
    return None


def _folded(value: Any) -> Any:
    return fold(value) if isinstance(value, str) else value


def _sorted_by(term: Sort, record: Any, world: World) -> Any:
    if isinstance(term.field, First):
        return _first(term.field, record, world)
    if not isinstance(term.field, str):
        return matches(term.field, record, world)
    if term.field.startswith("rank."):
        return _rank(record, term.field)
    value = getattr(record, term.field)
    if value is None and term.fallback is not None:
        return getattr(record, term.fallback)
    return _folded(value) if KINDS[record.KIND].by_name[term.field].folded else value


def find(query: Query, records: Sequence[Any], world: World) -> list[int]:
    """The ids of the matching records, in order, cut to the window."""
    found = [record for record in records if matches(query.where, record, world) is True]

    def order(one: Any, two: Any) -> int:
        terms = query.sort if any(term.field == "id" for term in query.sort) else (*query.sort, Sort("id"))
        for term in terms:
            a, b = _sorted_by(term, one, world), _sorted_by(term, two, world)
            # Missing values are smaller than any other.
            result = (a is not None) - (b is not None) if a is None or b is None else (a > b) - (a < b)
            if result:
                return -result if term.descending else result
        return 0

    found.sort(key=cmp_to_key(order))
    end = None if query.window.limit is None else query.window.offset + query.window.limit
    return [record.id for record in found[query.window.offset : end]]
