"""What a query means, in plain Python: the reference that the compiled SQL is held to.

Truth is three-valued: True, False, or None for unknown. Records carry their related rows (`links`, `points`,
`tags`, `custom`); to-one relations are looked up in `world`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cmp_to_key
from typing import Any

from canonical.model import KINDS, Record
from canonical.query import And, Compare, Constant, Has, Node, Not, Op, Or, Query, Sort
from canonical.values import fold, fold_pattern

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
                _, namespace, key = name.split(".")
                kept = record.extra(namespace, key)
                return compare(None if kept is None else str(kept), op, value, "text")
            spec = KINDS[record.KIND].by_name[name]
            textual = spec.type in ("text", "date")
            how = ("fold" if spec.folded else "text") if textual else "number"
            return compare(getattr(record, name), op, value, how)
        case Has(relation, where):
            if relation in ("links", "points", "tags", "custom"):
                return any(_row(where, row, relation, world) is True for row in getattr(record, relation))
            spec = KINDS[record.KIND].by_name[f"{relation}_id"]
            other = world[str(spec.ref)].get(getattr(record, spec.name) or 0)
            return other is not None and matches(where, other, world) is True
    raise AssertionError(node)


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
            if relation == "links" and name in ("target_kind", "target_id"):
                kept = row.target.kind if name == "target_kind" else row.target.id
            else:
                kept = getattr(row, name)
            folded = name in FOLDED_RELATED or (relation == "tags" and name == "name")
            how = "number" if name in ("id", "target_id", "position", "at") else "fold" if folded else "text"
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
        text = fold(kept) if how == "fold" else kept
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


def _sorted_by(term: Sort, record: Any) -> Any:
    value = getattr(record, term.field)
    return getattr(record, term.fallback) if value is None and term.fallback is not None else value


def find(query: Query, records: Sequence[Any], world: World) -> list[int]:
    """The ids of the matching records, in order, cut to the window."""
    found = [record for record in records if matches(query.where, record, world) is True]

    def order(one: Any, two: Any) -> int:
        terms = query.sort if any(term.field == "id" for term in query.sort) else (*query.sort, Sort("id"))
        for term in terms:
            spec = KINDS[one.KIND].by_name[term.field]
            a, b = _sorted_by(term, one), _sorted_by(term, two)
            if spec.folded:
                a, b = (None if x is None else fold(x) for x in (a, b))
            # Missing values are smaller than any other.
            result = (a is not None) - (b is not None) if a is None or b is None else (a > b) - (a < b)
            if result:
                return -result if term.descending else result
        return 0

    found.sort(key=cmp_to_key(order))
    end = None if query.window.limit is None else query.window.offset + query.window.limit
    return [record.id for record in found[query.window.offset : end]]
