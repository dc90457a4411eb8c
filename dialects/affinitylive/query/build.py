"""From ``_filters`` and ``_search`` to the query tree; from paging parameters to the window (dossier, section 5)."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from canonical.query import FALSE, TRUE, Compare, Node, Not, Op, Query, Sort, Window, all_of, any_of
from dialects.affinitylive.errors import BadRequest
from dialects.affinitylive.fields.subjects import INTERACT_TYPES
from dialects.affinitylive.query.columns import Moments, Values, bound, integer
from dialects.affinitylive.query.subjects import type_words
from dialects.affinitylive.query.tables import Filters, took_part
from dialects.affinitylive.wire import grammar
from dialects.affinitylive.wire.grammar import Item, Items
from dialects.affinitylive.wire.parameters import Parameters

DEFAULT_LIMIT = 10
MAX_TERMS = 20
MAX_SORTS = 24
MAX_OFFSET = 2**62
RANGES = (
    ("_greater_than_or_equal", Op.GE),
    ("_less_than_or_equal", Op.LE),
    ("_greater_than", Op.GT),
    ("_less_than", Op.LT),
)
BOUNDS = {"min_id": Op.GE, "max_id": Op.LE}
INTERACTS = ("interacts", "interact")  # the seed's own sample writes the singular


def _values(items: Items) -> Values:
    # Each once: thousands of the same word must not become thousands of conditions.
    return tuple(dict.fromkeys(item.name for item in items))


def where(table: Filters, items: Items, *, with_interacts: bool = False) -> Node:
    """The conjunction of filters. Unknown ones are ignored; of the same one twice the last counts."""
    return all_of(*_conditions(table, items, with_interacts, joined=True))


def _conditions(table: Filters, items: Items, with_interacts: bool, *, joined: bool) -> list[Node]:
    nodes: list[Node] = []
    last: dict[str, Items] = {}
    for item in items:
        if item.items is None:
            continue
        if item.name == "_OR":
            inner = _conditions(table, item.items, with_interacts, joined=False)
            nodes.append(any_of(*inner) if inner else TRUE)
        elif item.name == "_AND":
            nodes.append(all_of(*_conditions(table, item.items, with_interacts, joined=True)))
        elif item.name == "search" and not joined:
            # Searches beside each other in an _OR all count (dossier, section 5).
            nodes.extend(searched(table, " ".join(_values(item.items))))
        else:
            last.pop(item.name, None)
            last[item.name] = item.items
    if joined and table.against is not None and last.get("against_type") and last.get("against_id"):
        # Type and id of the same thing, where a record may be against several.
        ids = [n for value in _values(last.pop("against_id")) if (n := integer(value)) is not None]
        nodes.append(table.against(type_words(_values(last.pop("against_type"))), ids))
    for name, arguments in last.items():
        node = _condition(table, name, arguments, with_interacts)
        if node is not None:
            nodes.append(node)
    return nodes


def _condition(table: Filters, name: str, arguments: Items, with_interacts: bool) -> Node | None:
    """One filter; None for one to be ignored."""
    if name in table.objects:
        return table.objects[name](arguments)
    if name in INTERACTS and table.interacts:
        types = interact_types((Item("interacts", arguments),))
        return took_part(tuple(sorted(types))) if with_interacts and types is not None else None
    values = _values(arguments)
    if not values:
        return None
    if name in table.columns:
        return table.columns[name].among(values)
    if name in BOUNDS:
        return any_of(*(Compare("id", BOUNDS[name], n) for value in values if (n := bound(value)) is not None))
    if name == "empty":
        return _empty(table, values)
    if name == "search":
        return all_of(*searched(table, " ".join(values)))
    if name in table.moments:
        return _moments(table.moments[name], "at", values)
    base, _, suffix = name.rpartition("_")
    if suffix in ("before", "after") and base in table.moments:
        return _moments(table.moments[base], suffix, values)
    if suffix == "not":
        # One suffix: of `id_not_not` there is no filter, and a name of thousands of them is not followed down.
        positive = None if base.endswith("_not") else _condition(table, base, arguments, with_interacts)
        return None if positive is None else Not(positive)
    for ending, op in RANGES:
        if name.endswith(ending):
            column = table.columns.get(name.removesuffix(ending))
            if column is None or not column.has_range:
                return None
            return any_of(*(column.compared(op, value) for value in values))
    return None


def _moments(column: Moments, how: str, values: Values) -> Node:
    compare = {"before": column.before, "after": column.after, "at": column.at}[how]
    return any_of(*(compare(_second(n)) for value in values if (n := bound(value)) is not None))


def _second(n: int) -> int:
    """A second whose microseconds still fit."""
    return max(-(10**12), min(10**12, n))


def _empty(table: Filters, names: Values) -> Node | None:
    nodes: list[Node] = []
    for name in names:
        if name in table.columns:
            nodes.append(table.columns[name].empty)
        elif name in table.moments:
            nodes.append(table.moments[name].empty)
    return all_of(*nodes) if nodes else None


def searched(table: Filters, text: str) -> list[Node]:
    """Every term must be found. Resources without search ignore it, as activities do [selerity]."""
    if table.search is None:
        return []
    terms = text.replace("+", " ").split()
    if len(terms) > MAX_TERMS:
        raise BadRequest("search")
    found = [table.search(term) for term in terms]
    return [all_of(*found)] if found else []


def interact_types(items: Items) -> frozenset[str] | None:
    """The types of the last ``interacts(type(…))`` among top-level filters; None when there is none."""
    found: frozenset[str] | None = None
    for item in items:
        if item.name in INTERACTS and item.items is not None:
            for inner in item.items:
                if inner.name == "type" and inner.items:
                    words = {value.strip().lower() for value in _values(inner.items)}
                    found = frozenset(words.intersection(INTERACT_TYPES))
    return found


def order(table: Filters, items: Items) -> tuple[Sort, ...]:
    """The order that ``order_by_asc`` and ``order_by_desc`` ask for; fields nobody may order by are ignored."""
    asked: dict[str, Items] = {}
    for item in items:
        if item.items is not None and item.name in ("order_by_asc", "order_by_desc"):
            asked.pop(item.name, None)
            asked[item.name] = item.items
    sorts = []
    for name, arguments in asked.items():
        for value in _values(arguments):
            for sort in table.orders.get(value, ()):
                sorts.append(replace(sort, descending=sort.descending != (name == "order_by_desc")))
    return tuple(sorts[:MAX_SORTS])


def window(given: Parameters, cap: int) -> Window:
    """The page: zero-based, as all clients count; a limit above the cap is the cap, what is no number the default."""
    limit = given.count("_limit")
    if not limit:
        limit = DEFAULT_LIMIT
    limit = min(limit, cap)
    page = given.count("_page")
    if page is not None:
        return Window(min(page * limit, MAX_OFFSET), limit)
    return Window(min(given.count("_offset") or 0, MAX_OFFSET), limit)


def build(
    table: Filters,
    given: Parameters,
    base: Node,
    cap: int,
    *,
    sort: tuple[Sort, ...] = (),
    with_interacts: bool = False,
    fixed: bool = False,
) -> Query:
    """The whole query of a list: `base` says which records the resource has, `sort` its own order.

    Where that is `fixed` the order filters have no effect.
    """
    text, search = given.values.get("_filters") or "", given.text("_search") or ""
    if isinstance(text, str) and len(text) + len(search) <= grammar.SHORT:
        node, asked = _known_choice(table, base, text, search, with_interacts)
    else:
        node, asked = _choice(table, base, given.filters, search, with_interacts)
    return Query(node, () if node is FALSE else sort if fixed else asked or sort, window(given, cap))


def _choice(
    table: Filters, base: Node, items: Items, search: str, with_interacts: bool
) -> tuple[Node, tuple[Sort, ...]]:
    """Which records, and in the order that the filters ask for."""
    node = where(table, items, with_interacts=with_interacts) if items else TRUE
    if search:
        node = all_of(node, *searched(table, search))
    return (FALSE, ()) if node == FALSE else (all_of(base, node), order(table, items))


@lru_cache(maxsize=512)
def _known_choice(
    table: Filters, base: Node, text: str, search: str, with_interacts: bool
) -> tuple[Node, tuple[Sort, ...]]:
    """Clients page through the same few lists over and over."""
    return _choice(table, base, grammar.filters(text), search, with_interacts)
