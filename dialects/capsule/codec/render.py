"""From an operation to the request that asks a Capsule server for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from adapter.losses import LossReport
from adapter.wire import Headers, WireRequest
from canonical.errors import Unsupported
from canonical.model import Activity, Case, CustomValue, Opportunity, Party, User
from canonical.operations import AddLink, AddTag, Create, Delete, DropLink, DropTag, Find, Get, Update
from canonical.query import TRUE, And, Compare, Has, Node, Op, Query
from canonical.values import Ref
from dialects.capsule import query
from dialects.capsule.auth import basic
from dialects.capsule.fields import custom, history, kase, opportunity, party, task
from dialects.capsule.fields.table import Field
from dialects.capsule.pairs import Pairs, pairs_xml
from dialects.capsule.texts import quoted, show_compact_time

NOUNS: Mapping[str, str] = {Party.KIND: "party", Opportunity.KIND: "opportunity", Case.KIND: "kase"}
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
# Canonical fields beside those of the tables that a request says in some other way.
_SAID = {
    Activity.KIND: {"type", "due_at", "due_date_only", "state", "start_at", "creator_username", "completed_at"},
    Party.KIND: {"type", "name", "organisation_id", "company", "organisation_name"},
    Opportunity.KIND: {"stage", "party_id", "state", "closed_on"},
    Case.KIND: {"state", "party_id", "closed_on"},
}
_TABLES: Mapping[str, Sequence[Field]] = {
    Activity.KIND: task.FIELDS,
    Party.KIND: (*party.PERSON_FIELDS, *party.ORGANISATION_FIELDS),
    Opportunity.KIND: opportunity.FIELDS,
    Case.KIND: kase.FIELDS,
}


def render_request(
    operation: Any,
    credentials: str,
    *,
    base_url: str = "https://account.capsulecrm.com",
    losses: LossReport | None = None,
) -> WireRequest:
    """The request for an operation, in XML; `credentials` is the API token.

    What Capsule has no element for is reported to `losses`. Raises `Unsupported` for what it has no call for.
    """
    if losses is not None and isinstance(operation, Create | Update):
        _note_losses(operation, losses)
    method, target, root, pairs = _parts(operation)
    path, _, parameters = target.partition("?")
    headers = [("Accept", "application/xml"), ("Authorization", basic(credentials))]
    body = b""
    if root:
        headers.append(("Content-Type", "application/xml"))
        body = f"{_DECLARATION}<{root}>{pairs_xml(pairs)}</{root}>".encode()
    host = base_url.partition("://")[2].partition("/")[0]
    return WireRequest(method, path, parameters, Headers(headers), body, base_url, host)


_Parts = tuple[str, str, str, Pairs]


def _parts(operation: Any) -> _Parts:
    """Method, target, root element and its children."""
    match operation:
        case Get():
            return "GET", _get_target(operation), "", ()
        case Find():
            return "GET", _find_target(operation), "", ()
        case Create():
            return _create(operation)
        case Update():
            return _update(operation)
        case Delete():
            return "DELETE", _path(operation.kind.KIND, operation.id), "", ()
        case AddTag(record=record, name=name):
            return "POST", f"{_path(*record)}/tag/{quoted(name)}", "", ()
        case DropTag(record=record, name=name):
            return "DELETE", f"{_path(*record)}/tag/{quoted(name)}", "", ()
        case AddLink(record=record, link=link) if link.target.kind == Party.KIND and record.kind in NOUNS:
            return "POST", f"{_path(*record)}/party/{link.target.id}", "", ()
        case DropLink(record=record, target=target) if target.kind == Party.KIND and record.kind in NOUNS:
            return "DELETE", f"{_path(*record)}/party/{target.id}", "", ()
    raise Unsupported(type(operation).__name__)


def _path(kind: str, id: int) -> str:
    noun = "task" if kind == Activity.KIND else NOUNS.get(kind)
    if noun is None:
        raise Unsupported(kind)
    return f"/api/{noun}/{id}"


def _get_target(operation: Get[Any]) -> str:
    path = _path(operation.kind.KIND, operation.id)
    if operation.include in (("tags",), ("custom",)):
        return f"{path}/{'tag' if operation.include == ('tags',) else 'customfields'}"
    return f"{path}?embed=tags" if operation.kind is Party and "tags" in operation.include else path


# -- writing ----------------------------------------------------------------------------------------


def _create(operation: Create[Any]) -> _Parts:
    values = operation.values
    if operation.kind is Party:
        type_ = values.get("type", party.PERSON)
        return "POST", f"/api/{type_}", type_, party.write_party(type_, values, operation.points)
    if operation.kind is Activity:
        target = next((link.target for link in operation.links if link.target.kind in NOUNS), None)
        above = "/api" if target is None else _path(*target)
        if values.get("type", "task") == "task":
            return "POST", f"{above}/task", "task", task.write_task(values)
        if target is None:
            raise Unsupported("history about nothing")
        return "POST", f"{above}/history", "historyItem", history.write_item(values)
    noun = NOUNS.get(operation.kind.KIND)
    if noun is None or values.get("party_id") is None:
        raise Unsupported(f"{operation.kind.KIND} without a party")
    return "POST", f"{_path(Party.KIND, values['party_id'])}/{noun}", noun, _matter_pairs(noun, values)


def _matter_pairs(noun: str, values: Mapping[str, Any]) -> Pairs:
    return opportunity.write_opportunity(values) if noun == "opportunity" else kase.write_kase(values)


def _update(operation: Update[Any]) -> _Parts:
    values, kind = operation.values, operation.kind.KIND
    path = _path(kind, operation.id)
    if operation.custom or operation.drop_custom:
        return "PUT", f"{path}/customfields", "customFields", _custom_pairs(operation.custom, operation.drop_custom)
    if len(operation.drop_points) == 1 and not values and not operation.points:
        return "DELETE", f"{path}/contact/{operation.drop_points[0]}", "", ()
    if operation.kind is Activity:
        if values == {"state": "completed"}:
            return "POST", f"{path}/complete", "", ()
        if values == {"state": "open"}:
            return "POST", f"{path}/reopen", "", ()
        if values.get("type", "task") != "task":
            return "PUT", f"/api/history/{operation.id}", "historyItem", history.write_item(values)
        return "PUT", path, "task", task.write_task(values)
    if operation.kind is Party:
        type_ = party.ORGANISATION if "name" in values and "first_name" not in values else party.PERSON
        type_ = values.get("type", type_)
        return "PUT", f"/api/{type_}/{operation.id}", type_, party.write_party(type_, values, operation.points)
    noun = NOUNS[kind]
    if values.get("party_id") is not None:
        path = f"{_path(Party.KIND, values['party_id'])}/{noun}/{operation.id}"
    return "PUT", path, noun, _matter_pairs(noun, values)


def _custom_pairs(values: Sequence[CustomValue], dropped: Sequence[tuple[str, str]]) -> Pairs:
    entries = [(value.group, value.name, custom.typed_element(value.value)) for value in values]
    pairs: list[tuple[str, list[tuple[str, str]]]] = []
    for group, label, element in (*entries, *((group, label, None) for group, label in dropped)):
        parts = [("tag", group)] if group else []
        parts.append(("label", label))
        pairs.append(("customField", parts if element is None else [*parts, element]))
    return pairs


def _note_losses(operation: Create[Any] | Update[Any], losses: LossReport) -> None:
    kind = operation.kind.KIND
    said = {field.attribute for field in _TABLES.get(kind, ()) if not field.read_only} | _SAID.get(kind, set())
    for name, value in operation.values.items():
        if name not in said and value is not None:
            losses.add(kind, name, "no_element")
    if isinstance(operation, Create):
        for part in ("tags", "custom"):
            if getattr(operation, part):
                losses.add(kind, part, "another_call")
        if sum(link.target.kind in NOUNS for link in operation.links) > 1:
            losses.add(kind, "links", "only_first_shown")


# -- finding ----------------------------------------------------------------------------------------


def _find_target(operation: Find[Any]) -> str:
    if operation.kind is User:
        return "/api/users"
    path, parameters = _Asking(operation.kind.KIND).of(operation.query)
    window = operation.query.window
    if window.offset:
        parameters.append(("start", str(window.offset)))
    if window.limit is not None:
        parameters.append(("limit", str(window.limit)))
    if operation.kind is Party and "tags" in operation.include:
        parameters.append(("embed", "tags"))
    return f"{path}?{urlencode(parameters)}" if parameters else path


class _Asking:
    """Turns a query back into the path and the parameters that ask for it; `Unsupported` for any other query."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.about: Ref | None = None
        self.type: str | None = None
        self.item: int | None = None
        self.parameters: list[tuple[str, str]] = []

    def of(self, wanted: Query) -> tuple[str, list[tuple[str, str]]]:
        nodes = wanted.where.nodes if isinstance(wanted.where, And) else (wanted.where,)
        for node in nodes:
            if node != query.NO_CONTACT_CARD and not self._take(node):
                raise Unsupported("no such list")
        return self._path(), self.parameters

    def _take(self, node: Node) -> bool:
        for name, state in query.TASK_STATUS.items() if self.kind == Activity.KIND else query.STATUS.items():
            if node == state:
                self.parameters.append(("status", name))
                return True
        match node:
            case Compare("type", Op.EQ, str(text)):
                self.type = text
            case Compare("type", Op.NE, "task"):
                self.type = "history"
            case Compare("id", Op.EQ, int(item)) if self.type == "history":
                self.item = item
            case Compare("category", Op.EQ, str(text)):
                self.parameters.append(("category", text))
            case Compare("updated_at", Op.GE, int(at)):
                self.parameters.append(("lastmodified", show_compact_time(at)))
            case Compare("party_id", Op.EQ, int(id)) | Compare("organisation_id", Op.EQ, int(id)):
                self.about = Ref(Party.KIND, id)
            case Has("owner", Compare("username", Op.EQ, str(text))):
                self.parameters.append(("user", text))
            case Has("tags", Compare("name", Op.EQ, str(text))):
                self.parameters.append(("tag", text))
            case Has("points", And((Compare("kind", Op.EQ, "email"), Compare("value", Op.EQ, str(text))))):
                self.parameters.append(("email", text))
            case Has(
                "links", And((Compare("target_kind", Op.EQ, str(kind)), Compare("target_id", Op.EQ, int(id)), _))
            ):
                self.about = Ref(kind, id)
            case _:
                return node == TRUE
        return True

    def _path(self) -> str:
        if self.kind == Activity.KIND:
            if self.item is not None:
                return f"/api/history/{self.item}"
            if self.type == "task" and not any(name == "status" for name, _ in self.parameters):
                raise Unsupported("tasks of every state are no list of Capsule's")
            if self.type not in ("task", "history") or (self.type == "history" and self.about is None):
                raise Unsupported("no such list")
            word = "tasks" if self.type == "task" else "history"
            return f"/api/{word}" if self.about is None else f"{_path(*self.about)}/{word}"
        if self.kind == Party.KIND:
            if self.about is not None:
                return f"{_path(*self.about)}/people"
            return f"/api/{self.type or 'party'}"
        noun = NOUNS[self.kind]
        return f"/api/{noun}" if self.about is None else f"{_path(*self.about)}/{noun}"
