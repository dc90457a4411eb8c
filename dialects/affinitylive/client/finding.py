"""From a query to the list that asks for it: resource, filters, order and page (dossier, section 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from adapter.wire import WireRequest
from canonical.errors import Unsupported
from canonical.model import Activity, Case, Opportunity, Party, Record, User
from canonical.operations import Find
from canonical.query import And, Compare, Node, Op, Query, Sort, eq
from dialects.affinitylive.client import ask, filters
from dialects.affinitylive.fields.activity import MEDIUM_OF_TYPE, NOT_TASKS
from dialects.affinitylive.fields.people import ORGANISATIONS, PERSONS
from dialects.affinitylive.fields.work import TASKS
from dialects.affinitylive.query.tables import FILTERS
from dialects.affinitylive.wire import grammar
from dialects.affinitylive.wire.grammar import Item

_RESOURCES: Final[Mapping[type[Record], str]] = {Opportunity: "prospects", Case: "issues", User: "staff"}


def find(operation: Find[Any]) -> tuple[str, WireRequest | None, WireRequest | None]:
    """The resource, the request for the page and the one for the count, each where it is wanted.

    Raises Unsupported for what the vendor has no filters for: one that it does not know it ignores, and the list would
    be of everything.
    """
    resource = _resource(operation)
    query = operation.query
    asked = _narrowing(resource, query)
    counting = ask.reading(f"{resource}/count", **asked) if operation.total else None
    if query.window.limit == 0:
        return resource, None, counting
    return resource, ask.reading(resource, _fields=ask.SHOWN[resource], **asked, **_window(query)), counting


def _resource(operation: Find[Any]) -> str:
    kind = operation.kind
    if kind in _RESOURCES:
        return _RESOURCES[kind]
    where = operation.query.where
    nodes = where.nodes if isinstance(where, And) else (where,)
    if kind is Party:
        found = {ORGANISATIONS: "companies", PERSONS: "contacts"}
        for node in nodes:
            if node in found:
                return found[node]
        raise Unsupported("affinitylive: party list of both types")
    if kind is not Activity:
        raise Unsupported(f"affinitylive: {kind.KIND} list")
    if TASKS in nodes:
        return "tasks"
    if NOT_TASKS in nodes or any(_is_medium(node) for node in nodes):
        return "activities"
    raise Unsupported("affinitylive: activity list of tasks and others")


def _is_medium(node: Node) -> bool:
    return isinstance(node, Compare) and node.op is Op.EQ and node.field == "type" and node.value in MEDIUM_OF_TYPE


def _narrowing(resource: str, query: Query) -> dict[str, str]:
    """``_filters`` with the order, or nothing."""
    items = filters.write(_in_words(query.where), resource, with_interacts=resource == "activities")
    items.extend(_orders(resource, query.sort))
    text = grammar.write(items)
    if grammar.parse(text) != tuple(items):
        raise Unsupported("affinitylive: a value has signs that a filter cannot hold")
    return {"_filters": text} if items else {}


def _in_words(where: Node) -> Node:
    """Notes by the words of the filter, in which a note is whatever has no medium of its own."""
    if not isinstance(where, And):
        return _note(where)
    return And(tuple(_note(node) for node in where.nodes))


def _note(node: Node) -> Node:
    return FILTERS["activities"].columns["medium"].among(("note",)) if node == eq("type", "note") else node


@cache
def _names(resource: str) -> dict[tuple[Any, str | None], str]:
    return {
        (sorts[0].field, sorts[0].fallback): name
        for name, sorts in FILTERS[resource].orders.items()
        if len(sorts) == 1 and not sorts[0].descending and isinstance(sorts[0].field, str)
    }


def _orders(resource: str, sort: Sequence[Sort]) -> list[Item]:
    """One filter for each direction, in turn: of the same filter twice only the last would count."""
    orders: dict[bool, list[str]] = {}
    for at, term in enumerate(sort):
        name = _names(resource).get((term.field, term.fallback)) if isinstance(term.field, str) else None
        if name is None or (term.descending in orders and term.descending != sort[at - 1].descending):
            raise Unsupported(f"affinitylive: {resource} in that order")
        orders.setdefault(term.descending, []).append(name)
    return [Item(f"order_by_{'desc' if descending else 'asc'}", tuple(map(Item, names)))
            for descending, names in orders.items()]  # fmt: skip


def _window(query: Query) -> dict[str, str]:
    offset, limit = query.window.offset, query.window.limit
    if limit is None:
        raise Unsupported("affinitylive: a list without a limit")
    page = {"_page": str(offset // limit)} if offset % limit == 0 else {"_offset": str(offset)}
    return {"_limit": str(limit), **page}
