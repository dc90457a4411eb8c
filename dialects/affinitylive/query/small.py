"""Small lists, which are made in memory, under the same filters, orders and search as any other (dossier, 8.0)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from canonical.query import And, Compare, Constant, Node, Not, Op, Or, Query, Sort, contains
from canonical.values import fold
from dialects.affinitylive.fields.lookups import KEYS
from dialects.affinitylive.query import columns as by
from dialects.affinitylive.query.columns import HOLDS, Column
from dialects.affinitylive.query.filters import Filters

Row = dict[str, Any]
NUMBERS = frozenset(
    {
        *("id", "ordering", "level", "factor", "value", "parent", "parent_id", "default_class_id"),
        *("default_issue_class", "default_issue_priority", "field_id", "link_id", "date_modified"),
    }
)
_ALIASES = {"parent_id": "parent", "status": "standing"}


def filters_of(keys: Iterable[str], searched: str = "title", numbers: frozenset[str] = NUMBERS) -> Filters:
    """The filters of rows with those keys: each is filtered, ordered and, where it is a number, ranged over."""
    named = {key: key for key in keys}
    named.update({alias: key for alias, key in _ALIASES.items() if key in named and alias not in named})
    columns: dict[str, Column] = {}
    for name, key in named.items():
        columns[name] = by.reference(key) if key in numbers else by.text(key)
    return Filters(
        columns=columns,
        moments={},
        orders={name: (Sort(key),) for name, key in named.items()},
        search=lambda term: contains(searched, term),
    )


@cache
def filters(name: str) -> Filters:
    """Those of a list that has routes of its own."""
    return filters_of(KEYS[name])


def chosen(rows: Sequence[Row], query: Query) -> list[Row]:
    """The rows for which the query holds, in its order; which of them the page has is for the caller to cut."""
    found = [row for row in rows if holds(query.where, row)]
    for term in reversed(query.sort):
        found.sort(key=lambda row: _key(row, str(term.field)), reverse=term.descending)
    return found


def _key(row: Row, name: str) -> tuple[int, Any]:
    """What is missing comes first."""
    value = row.get(name)
    if value is None:
        return 0, 0
    text = str(value)
    return 1, int(text) if name in NUMBERS and text.isdigit() else fold(text)


def holds(node: Node, row: Row) -> bool:
    """Whether a condition of `columns` holds, whose truth is never unknown."""
    match node:
        case Constant(value):
            return value
        case And(nodes):
            return all(holds(one, row) for one in nodes)
        case Or(nodes):
            return any(holds(one, row) for one in nodes)
        case Not(one):
            return not holds(one, row)
        case Compare(name, op, value):
            return _compares(row.get(name), op, value)
    raise TypeError(type(node).__name__)


def _compares(kept: Any, op: Op, value: Any) -> bool:
    if op is Op.NULL or op is Op.NOT_NULL:
        return (kept is None) is (op is Op.NULL)
    if kept is None:
        return False
    if op is Op.LIKE:
        return fold(_literal(str(value))) in fold(str(kept))
    if op is Op.IN:
        return any(_compares(kept, Op.EQ, one) for one in value)
    if isinstance(value, int):
        number = by.integer(str(kept))
        return number is not None and (number == value if op is Op.EQ else HOLDS[op](number, value))
    one, other = fold(str(kept)), fold(str(value))
    return one == other if op is Op.EQ else HOLDS[op](one, other)


def _literal(pattern: str) -> str:
    """The term of ``%term%``, which `contains` made."""
    out, escaped = [], False
    for char in pattern[1:-1]:
        if char == "\\" and not escaped:
            escaped = True
        else:
            out.append(char)
            escaped = False
    return "".join(out)
