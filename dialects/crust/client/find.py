"""Which of a Crust server's lists a query asks for, over what the server makes of its parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from canonical.errors import Unsupported
from canonical.model.module import ModuleSort
from canonical.operations import Find
from canonical.query import TRUE, And, Compare, Has, Node, Op, Or, Query, Sort, Window, eq
from dialects.crust.client.operations import OLDEST_FIRST
from dialects.crust.client.views import Modules, View
from dialects.crust.perform.system import matching
from dialects.crust.query.sorting import OWN


@dataclass(frozen=True, slots=True)
class Wanted:
    """A list: its module, and the parameters."""

    view: View
    text: str
    sort: tuple[ModuleSort, ...]
    window: Window


def of(operation: Find[Any], modules: Modules) -> Wanted:
    """Raises Unsupported for what no list can be asked."""
    kind, query = operation.kind.KIND, operation.query
    nodes = _flat(query.where)
    for view in modules.views_of(kind):
        left = _without_base(view, nodes)
        if left is None:
            continue
        text = _text(view, left)
        if text is not None:
            return Wanted(view, text, _sort(view, query), query.window)
    raise Unsupported(f"crust: {kind} list of that query")


def _flat(where: Node) -> list[Node]:
    return list(where.nodes) if isinstance(where, And) else [] if where == TRUE else [where]


def _without_base(view: View, nodes: list[Node]) -> list[Node] | None:
    """The nodes without those that hold for all of the module; None where those are not all among them."""
    needed = _flat(view.system.base)
    if view.word == "note" and eq("type", "note") in nodes:
        # What is no task and no meeting is heard as a note.
        needed = [eq("type", "note")]
    elif view.word not in ("note", "lead", "person") and view.fixed.get("type"):
        needed = [eq("type", view.fixed["type"])]
    if not all(node in nodes for node in needed):
        return None
    beside = [*needed, *_flat(view.system.listed or TRUE)]
    return [node for node in nodes if node not in beside]


def _text(view: View, nodes: list[Node]) -> str | None:
    """The text that is looked for in any field; empty for none, None for a query that is something else."""
    if not nodes:
        return ""
    if len(nodes) > 1:
        return None
    for leaf in _leaves(nodes[0]):
        if leaf.op is Op.LIKE and isinstance(leaf.value, str) and matching(view.system, leaf.value[1:-1]) == nodes[0]:
            return leaf.value[1:-1]
    return None


def _leaves(node: Node) -> Iterator[Compare]:
    if isinstance(node, Compare):
        yield node
    elif isinstance(node, Has):
        yield from _leaves(node.where)
    elif isinstance(node, And | Or):
        for inner in node.nodes:
            yield from _leaves(inner)


def _sort(view: View, query: Query) -> tuple[ModuleSort, ...]:
    """An order, ended by the id, since equal keys come in any order there. Raises Unsupported."""
    if not query.sort:
        return OLDEST_FIRST
    terms = [_term(view, sort) for sort in query.sort]
    if not any(term.own and term.field == "id" for term in terms):
        terms.append(OLDEST_FIRST[0])
    return tuple(terms)


def _term(view: View, sort: Sort) -> ModuleSort:
    field = sort.field
    if isinstance(field, str) and sort.fallback is None:
        if field == "id" or (field in ("created_at", "updated_at") and field in OWN.values()):
            return ModuleSort(field, sort.descending, own=True)
        for name, row in view.rows.items():
            # A live server compares every field as text.
            if row.sort == field and (view.is_system or row.kind != "Number"):
                return ModuleSort(name, sort.descending)
    raise Unsupported(f"crust: {view.kind} list by {field!r}")
