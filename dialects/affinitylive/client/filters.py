"""The way back: from a query tree to the ``_filters`` that mean it.

What a filter means is said once, in `query.build.where`. So the way back is to try: names that speak of the same
fields, with the values found in the tree, until one means exactly the same. Only what the vendor documents is said:
a filter it does not know it ignores, and the list would be of everything (dossier, section 5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from canonical.errors import Unsupported
from canonical.query import TRUE, And, Compare, Constant, Has, Node, Not, Op, Or, all_of
from canonical.values import SECOND
from dialects.affinitylive.fields.activity import TYPE_OF_MEDIUM, VISIBILITY_WORDS
from dialects.affinitylive.fields.registry import RESOURCES
from dialects.affinitylive.fields.standing import STANDINGS
from dialects.affinitylive.fields.subjects import AGAINST_TYPES, OWNER_TYPES
from dialects.affinitylive.query.build import BOUNDS, RANGES, where
from dialects.affinitylive.query.tables import FILTERS, Filters
from dialects.affinitylive.wire.grammar import Item, Items

MAX_NODES = 100
JOINED = 6
"""A filter is a conjunction of at most so many."""

LISTED = (
    "id", "owner_type", "owner_id", "parent_id", "thread_id", "staff_id", "priority_id", "class_id", "task_id",
    "message_id", "visibility", "medium", "against_type", "against_id", "read", "invitation",
)  # fmt: skip
"""[seed] the filters that take a list; these alone take ``_not``."""
RANGED = ("id", "thread", "against_id", "owner", "staff", "priority", "class", "task")
"""[seed] the fields that have ranges."""
DATED = ("date_created", "date_started", "date_logged", "date_ended", "date_modified")
"""[seed] the dates that have ``_before`` and ``_after``."""
WORDS: dict[str, tuple[str, ...]] = {
    "medium": tuple(TYPE_OF_MEDIUM),
    "visibility": tuple(VISIBILITY_WORDS),
    "read": ("yes", "no"),
    "invitation": ("yes", "no"),
    "owner_type": OWNER_TYPES,
}
_OBJECTS = {"against": AGAINST_TYPES, "owner": frozenset(OWNER_TYPES)}
_ZERO = ("0",)


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The filters of one resource that may be said: those that take a list, ranges, dates, and closed words."""

    filters: Filters
    listed: tuple[str, ...]
    ranged: tuple[str, ...]
    dated: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]


@cache
def vocabulary(resource: str) -> Vocabulary:
    """Of activities only what the oldest servers know; of the others, which came later, the whole table."""
    filters = FILTERS[resource]
    if resource == "activities":
        return Vocabulary(filters, LISTED, RANGED, DATED, WORDS)
    ranged = tuple(name for name, column in filters.columns.items() if column.has_range)
    words = {"standing": tuple(STANDINGS[resource].by_word)} if resource in STANDINGS else {}
    return Vocabulary(filters, tuple(filters.columns), ranged, tuple(filters.moments), words)


@dataclass(frozen=True, slots=True)
class Said:
    """What is said with: the filters that there are, and whether interacts are shown and so can be filtered by."""

    table: Vocabulary
    with_interacts: bool


def write(node: Node, resource: str = "activities", *, with_interacts: bool = False) -> list[Item]:
    """The filters that hold for what `node` holds for; interacts can be filtered by only `with_interacts`.

    Raises Unsupported for what no filters say.
    """
    base = RESOURCES[resource].where
    given = {TRUE, base, *(base.nodes if isinstance(base, And) else ())}
    nodes = [one for one in (node.nodes if isinstance(node, And) else (node,)) if one not in given]
    if len(nodes) > MAX_NODES:
        raise Unsupported("this is too much for filters")
    said = Said(vocabulary(resource), with_interacts)
    found = _together(said, nodes)
    if found is None:
        raise Unsupported("this cannot be said as a filter")
    oldest = [one for item in found for one in _of_the_seed(item)]
    return oldest if _mean(said, tuple(oldest), all_of(*nodes)) else found


def _of_the_seed(item: Item) -> Items:
    """``against(company(14))`` in the two words that the oldest servers know too; any other filter as it is."""
    one = item.items[0] if item.name == "against" and item.items and len(item.items) == 1 else None
    if one is None or not one.items:
        return (item,)
    return *_one("against_type", (one.name,)), Item("against_id", one.items)


def _together(said: Said, nodes: Sequence[Node]) -> list[Item] | None:
    """The filters that mean a conjunction; None when there are none."""
    found: list[Item] = []
    at = 0
    while at < len(nodes):
        # Conjunctions flow into each other: one filter may be several nodes of them.
        for size in range(min(len(nodes) - at, JOINED), 0, -1):
            items = _said(said, all_of(*nodes[at : at + size]))
            if items is not None:
                found.extend(items)
                at += size
                break
        else:
            return None
    # Of the same filter twice only the last counts.
    return found if _mean(said, tuple(found), all_of(*nodes)) else None


def _mean(said: Said, items: Items, node: Node) -> bool:
    return where(said.table.filters, items, with_interacts=said.with_interacts) == node


def _said(said: Said, node: Node) -> Items | None:
    """The filter that means `node`, or the two that belong together; None when there are none."""
    found = next((items for items in _candidates(said, node) if _mean(said, items, node)), None)
    if found is None and isinstance(node, Not):
        inner = _said(said, node.node)
        if inner is not None and len(inner) == 1 and inner[0].name in said.table.listed:
            return (Item(f"{inner[0].name}_not", inner[0].items),)
    if found is None and isinstance(node, Or):
        parts = [_alternative(said, one) for one in node.nodes]
        known = [part for part in parts if part is not None]
        if len(known) == len(parts):
            return next((items for items in _either(known) if _mean(said, items, node)), None)
    return found


def _alternative(said: Said, node: Node) -> Item | None:
    """One filter in an ``_OR``, or an ``_AND`` of several."""
    found = _said(said, node)
    if found is None and isinstance(node, And):
        found = tuple(_together(said, node.nodes) or ()) or None
    return None if found is None else found[0] if len(found) == 1 else Item("_AND", found)


def _either(parts: Sequence[Item]) -> Iterator[Items]:
    """Alternatives as several types of one object; else as ``_OR``, with no other in it and at most one ``_AND``."""
    for name in _OBJECTS:
        if all(part.name in (name, f"{name}_type") for part in parts):
            yield (Item(name, tuple(inner for part in parts for inner in part.items or ())),)
    names = [part.name for part in parts]
    if "_OR" not in names and names.count("_AND") <= 1:
        yield (Item("_OR", tuple(parts)),)


def _candidates(said: Said, node: Node) -> Iterator[Items]:
    """Filters on the node's fields, with its values."""
    if isinstance(node, Constant):
        return
    lists, scalars = _values(node)
    numbers = [value for value in scalars if isinstance(value, int)]
    arguments = [*lists, *((*values, "0") for values in lists), _ZERO, *((str(value),) for value in scalars)]
    seconds = [(str(second),) for n in numbers for second in (n // SECOND, n // SECOND - 1)]
    spoken_of = frozenset(_fields(node))
    for name, fields in _names(said.table).items():
        if spoken_of <= fields:
            if name in said.table.words:
                yield _one(name, _chosen(said.table, name, node))
            for values in (*arguments, *seconds):
                yield _one(name, values)
    ids = [values for values in lists if all(value.isdigit() for value in values)]
    types = [*lists, *((value,) for value in scalars if isinstance(value, str)), ("staff",)]
    for values in types:
        yield (Item("interacts", _one("type", values)),)
        for name, words in _OBJECTS.items():
            if words.issuperset(values):
                yield from ((Item(name, (Item(values[0], _items(some)),)),) for some in ids if len(values) == 1)
        yield from ((*_one("against_type", values), *_one("against_id", some)) for some in ids)
    yield from (_one("empty", (name,)) for name in said.table.filters.moments)


def _one(name: str, values: Iterable[str]) -> Items:
    return (Item(name, _items(values)),)


def _items(values: Iterable[str]) -> Items:
    return tuple(Item(value) for value in values)


def _chosen(table: Vocabulary, name: str, node: Node) -> list[str]:
    """The words of a vocabulary that `node` is an alternative of, in its order."""
    meanings = {where(table.filters, _one(name, (word,))): word for word in table.words[name]}
    return [meanings[one] for one in (node.nodes if isinstance(node, Or) else (node,)) if one in meanings]


@cache
def _names(table: Vocabulary) -> dict[str, frozenset[str]]:
    """Every filter that takes plain values, with the fields that it speaks of."""
    ranges = [f"{name}{suffix}" for name in table.ranged for suffix, _ in RANGES]
    dates = [f"{name}{suffix}" for name in table.dated for suffix in ("_before", "_after", "")]
    samples = ("1", "0", *(word for words in table.words.values() for word in words), *sorted(AGAINST_TYPES))
    return {
        name: frozenset(field for one in samples for field in _fields(where(table.filters, _one(name, (one,)))))
        for name in (*table.listed, *BOUNDS, *ranges, *dates)
    }


def _parts(node: Node) -> tuple[Node, ...]:
    if isinstance(node, And | Or):
        return node.nodes
    return (node.where,) if isinstance(node, Has) else (node.node,) if isinstance(node, Not) else ()


def _fields(node: Node) -> Iterator[str]:
    if isinstance(node, Compare):
        yield node.field
    for part in _parts(node):
        yield from _fields(part)


def _values(node: Node) -> tuple[list[tuple[str, ...]], list[int | str]]:
    """The lists that the tree compares with, as texts, and its single values; each once, in their order."""
    lists: dict[tuple[str, ...], None] = {}
    scalars: dict[int | str, None] = {}
    stack = [node]
    while stack:
        one = stack.pop(0)
        if isinstance(one, Compare):
            if isinstance(one.value, tuple):
                lists[tuple(str(value) for value in one.value)] = None
            elif isinstance(one.value, int | str) and one.op is not Op.LIKE:
                scalars[one.value] = None
        stack[:0] = _parts(one)
    return list(lists), list(scalars)
