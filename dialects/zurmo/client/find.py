"""From queries to the lists and searches that a Zurmo server answers them with (zurmo dossier, section 5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from adapter.client import Conversation
from adapter.losses import LossReport
from adapter.wire import WireRequest
from canonical.errors import NotFound, Unsupported
from canonical.model import Activity, Opportunity, Party, User
from canonical.operations import Find, Page
from canonical.query import And, Compare, Has, Node, Not, Op, Or, Query, Sort, all_of
from canonical.values import Ref
from dialects.zurmo.client import ask, hear
from dialects.zurmo.client.ids import model_of, module_of, number_of
from dialects.zurmo.client.server import Data, Server, path_of
from dialects.zurmo.client.shown import data
from dialects.zurmo.errors import Failure
from dialects.zurmo.fields.comparison import Searching
from dialects.zurmo.fields.modules import (
    ACCOUNTS,
    CONTACTS,
    LEADS,
    MEETINGS,
    NOTES,
    OPPORTUNITIES,
    TASKS,
    USERS,
    Module,
)
from dialects.zurmo.perform.relations import TAKES
from dialects.zurmo.query.clauses import asked_clauses
from dialects.zurmo.query.paging import search_sort

PAGE: Final = 100
_MOST: Final = 100_000
_ACTIVITIES: Final = {"task": (TASKS,), "meeting": (MEETINGS,), "note": (NOTES,)}
_PEOPLE: Final = {"contact": (CONTACTS,), "lead": (LEADS,), None: (CONTACTS, LEADS)}
_NO_CARD: Final = Compare("user_id", Op.NULL)
_PARTY_FIELDS: Final = ("organisation_id", "party_id")
_ANYTHING: Final = {"attributeName": "id", "operatorType": "greaterThan", "value": "0"}


@dataclass(frozen=True, slots=True)
class Asking:
    """One list of one module: its requests differ by the page only."""

    module: Module
    path: str
    asked: Data
    by_form: bool

    def page(self, number: int, size: int) -> WireRequest:
        asked = {**self.asked, "pagination": ask.page(number, size)}
        return ask.sending("POST", self.path, asked) if self.by_form else ask.listing(self.path, asked)


def searching(module: Module, clauses: Data, structure: str, sort: str = "") -> Asking:
    """An improved search."""
    attributes = {"clauses": clauses, "structure": structure}
    asked: Data = {"search": {"modelClassName": module.model, "searchAttributeData": attributes}}
    if sort:
        asked["sort"] = sort
    return Asking(module, f"{path_of(module, 'search')}filter/", asked, by_form=True)


def listing(module: Module, sort: str = "") -> Asking:
    """A plain list."""
    return Asking(module, path_of(module, "list"), {"sort": sort} if sort else {}, by_form=False)


def about(module: Module, ref: Ref) -> Asking:
    """The tasks, meetings or notes that are about a record."""
    clause = {
        "attributeIndexOrDerivedType": "activityItems",
        "structurePosition": "1",
        "modelClassName": str(model_of(ref)),
        "modelId": str(number_of(ref.id)),
    }
    asked: Data = {"dynamicSearch": {"dynamicClauses": {"0": clause}, "dynamicStructure": "1"}}
    return Asking(module, f"{path_of(module, 'list')}filter/", asked, by_form=True)


def find(operation: Find[Any], server: Server, losses: LossReport) -> Conversation:
    """A `Page`. Raises `Unsupported` for a query that Zurmo has no list or search for, before anything is sent."""
    query = operation.query
    modules, where = _modules(operation.kind, query.where)
    if len(modules) > 1 and query.sort:
        raise Unsupported(f"zurmo: {operation.kind.KIND} list of several modules in one order")
    askings = [asking for module in modules if (asking := _asking(module, where, query.sort, server)) is not None]
    window = query.window
    offset, left = window.offset, window.limit
    found: list[Any] = []
    total = 0
    for asking in askings:
        items, size = yield from _window(asking, offset, left, server, losses)
        found += items
        total += size
        offset = max(0, offset - size)
        left = None if left is None else left - len(items)
    return Page(found, total)


def _modules(kind: Any, where: Node) -> tuple[tuple[Module, ...], Node]:
    """The modules that a condition is about, and what is left of it."""
    nodes = where.nodes if isinstance(where, And) else (where,)
    words = {
        node.field: str(node.value)
        for node in nodes
        if isinstance(node, Compare) and node.op is Op.EQ and node.field in ("type", "stage")
    }
    modules: tuple[Module, ...] | None = {Opportunity: (OPPORTUNITIES,), User: (USERS,)}.get(kind)
    if modules is not None:
        return modules, where
    if kind is Activity:
        modules = _ACTIVITIES.get(words["type"]) if "type" in words else (TASKS, MEETINGS, NOTES)
        stripped = frozenset({"type"})
    elif kind is Party:
        people = _PEOPLE.get(words.get("stage"))
        modules = {"organisation": (ACCOUNTS,), "person": people, None: (*(people or ()), ACCOUNTS)}.get(
            words.get("type")
        )
        stripped = frozenset({"type"} if words.get("type") == "organisation" else {"type", "stage"})
    if not modules:
        raise Unsupported(f"zurmo: {kind.KIND} list of {' '.join(words.values())}".rstrip())
    left = [
        node
        for node in nodes
        if node != _NO_CARD and not (isinstance(node, Compare) and node.op is Op.EQ and node.field in stripped)
    ]
    return modules, all_of(*left)


class _Nothing(Exception):
    """No record of the module can be meant."""


def _asking(module: Module, where: Node, sort: tuple[Sort, ...], server: Server) -> Asking | None:
    target = _subject(where)
    if target is not None:
        if sort or "activityItems" not in module.relations or model_of(target) not in TAKES["activityItems"]:
            raise Unsupported(f"zurmo: {module.kind.KIND} list of that query")
        return about(module, target)
    try:
        native = _native(where, module)
    except _Nothing:
        return None
    try:
        clauses, structure, order = asked_clauses(module, Query(native, sort), server.profile)
    except Unsupported as error:
        raise Unsupported(f"zurmo: {module.kind.KIND} list by {error}") from None
    if not clauses and len(order) < 2:
        return listing(module, ".".join(order[0]) if order else "")
    if not server.searches:
        raise Unsupported("zurmo: searches with operators are of 3.x")
    text = ", ".join(f"{name} {direction}" for name, direction in order)
    try:
        search_sort(module, text, Searching(server.profile))
    except Failure:
        raise Unsupported(f"zurmo: {module.kind.KIND} search in that order") from None
    return searching(module, clauses or {"1": dict(_ANYTHING)}, structure or "1", text)


def _subject(where: Node) -> Ref | None:
    """The record that a whole condition asks for activities about."""
    match where:
        case Has("links", And((Compare("target_kind", Op.EQ, str(kind)), Compare("target_id", Op.EQ, int(id)), *_))):
            return Ref(kind, id)
    return None


def _native(node: Node, module: Module) -> Node:
    """A condition with the server's own numbers for ids. Raises `_Nothing` where those named are no such records."""
    match node:
        case And(nodes):
            return all_of(*(_native(child, module) for child in nodes))
        case Or(nodes):
            return Or(tuple(_native(child, module) for child in nodes))
        case Not(child):
            return Not(_native(child, module))
        case Compare("id", op, value) if value is not None:
            ids = value if isinstance(value, tuple) else (value,)
            numbers = [number_of(id) for id in ids if isinstance(id, int) and _is_in(module, id)]
            if not numbers:
                raise _Nothing
            return replace(node, value=tuple(numbers) if op is Op.IN else numbers[0])
        case Compare(field, _, int(id)) if field in _PARTY_FIELDS:
            return replace(node, value=number_of(id))
        case Compare(field, _, tuple(ids)) if field in _PARTY_FIELDS:
            return replace(node, value=tuple(number_of(id) for id in ids if isinstance(id, int)))
    return node


def _is_in(module: Module, id: int) -> bool:
    try:
        return module_of(module.kind.KIND, id).model == module.model
    except NotFound:
        return False


# -- pages ------------------------------------------------------------------------------------------


def _window(asking: Asking, offset: int, limit: int | None, server: Server, losses: LossReport) -> Conversation:
    """The records of a window, and how many there are in all."""
    if limit is None:
        found: list[Any] = []
        number = offset // PAGE + 1
        while True:
            items, total = yield from records(asking, number, PAGE, server, losses)
            found += items
            if number * PAGE >= total:
                return found[offset % PAGE :], total
            number += 1
    if limit == 0:
        return [], (yield from records(asking, 1, 1, server, LossReport()))[1]
    number, size = _page(offset, limit)
    items, total = yield from records(asking, number, size, server, losses)
    first = offset - (number - 1) * size
    return items[first : first + limit], total


def _page(offset: int, limit: int) -> tuple[int, int]:
    """The smallest page that holds a window. Raises `Unsupported`."""
    for size in range(limit, min(offset + limit, _MOST) + 1):
        if offset // size == (offset + limit - 1) // size:
            return offset // size + 1, size
    raise Unsupported("zurmo: a window that no page holds")


def records(asking: Asking, number: int, size: int, server: Server, losses: LossReport) -> Conversation:
    """The records of one page, and how many there are in all. Past its end a list gives its last page anew."""
    asked = f"{asking.module.kind.KIND} list"
    found = data(asked, (yield asking.page(number, size)), asking.module.kind.KIND)
    total = hear.total(found)
    if (number - 1) * size >= total:
        return [], total
    return [hear.record(asking.module, item, server, losses) for item in hear.listed(found)], total
