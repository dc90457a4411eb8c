"""From one operation to the one request that asks a Capsule server for it, in XML; unsigned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from adapter.client import Session
from adapter.wire import Headers, WireRequest
from canonical.errors import Unsupported
from canonical.model import Activity, Case, CustomValue, Opportunity, Party, User
from canonical.operations import AddLink, AddTag, Create, Delete, DropLink, DropTag, Find, NewLink, Update
from canonical.query import TRUE, And, Compare, Has, Node, Op, Query
from canonical.values import Ref
from dialects.capsule import query
from dialects.capsule.auth import basic
from dialects.capsule.fields import custom, history, kase, opportunity, party, task
from dialects.capsule.wire.pairs import Pairs, pairs_xml
from dialects.capsule.wire.texts import quoted, show_compact_time

NOUNS: Final[Mapping[str, str]] = {Party.KIND: "party", Opportunity.KIND: "opportunity", Case.KIND: "kase"}
"""The word in paths of what tasks, history, tags and custom fields hang on, by canonical kind."""
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def home(url: str) -> str:
    """``https://acme.capsulecrm.com``, with or without the ``/api`` below it."""
    return url.rstrip("/").removesuffix("/api")


def sign(request: WireRequest, session: Session) -> WireRequest:
    headers = [*request.headers, ("Authorization", basic(session.credentials.token))]
    host = session.base_url.partition("://")[2].partition("/")[0]
    return replace(request, headers=Headers(headers), base_url=session.base_url, host=host)


def reading(target: str) -> WireRequest:
    """A GET of a target: path and, behind ``?``, parameters."""
    path, _, parameters = target.partition("?")
    return WireRequest("GET", path, parameters, Headers([("Accept", "application/xml")]))


def writing(method: str, path: str, root: str = "", pairs: Pairs = ()) -> WireRequest:
    """A request that writes; with a root element the pairs are its children."""
    headers = [("Accept", "application/xml")]
    body = b""
    if root:
        headers.append(("Content-Type", "application/xml; charset=UTF-8"))
        body = f"{_DECLARATION}<{root}>{pairs_xml(pairs)}</{root}>".encode()
    return WireRequest(method, path, headers=Headers(headers), body=body)


def path_of(kind: str, id: int) -> str:
    """The path of a record; of an activity that of a task. Raises `Unsupported`."""
    noun = "task" if kind == Activity.KIND else NOUNS.get(kind)
    if noun is None:
        raise Unsupported(f"capsule: no path of a {kind}")
    return f"/api/{noun}/{id}"


def sublist(kind: str, id: int, name: str) -> WireRequest:
    """``tag``, ``customfields`` or ``party`` of a record."""
    return reading(f"{path_of(kind, id)}/{name}")


# -- writing ----------------------------------------------------------------------------------------


def parent_of(links: Sequence[NewLink]) -> Ref | None:
    """What an activity is made about: the first plain link to what Capsule has, else the first in another role."""
    targets = [link for link in links if link.target.kind in NOUNS and link.role != "assignee"]
    return min(targets, key=lambda link: link.role != "", default=NewLink(Ref("", 0))).target if targets else None


def create(operation: Create[Any]) -> WireRequest:
    """The request that makes the record; its tags, custom values and further links take requests of their own.

    Raises `Unsupported` for a kind without such a call and for what stands alone but may not.
    """
    values = operation.values
    if operation.kind is Party:
        type_ = values.get("type", party.PERSON)
        return writing("POST", f"/api/{type_}", type_, party.write_party(type_, values, operation.points))
    if operation.kind is Activity:
        target = parent_of(operation.links)
        above = "/api" if target is None else path_of(*target)
        if values.get("type", "task") == "task":
            return writing("POST", f"{above}/task", "task", task.write_task(values))
        if target is None:
            raise Unsupported("capsule: history about nothing")
        return writing("POST", f"{above}/history", "historyItem", history.write_item(values))
    noun = NOUNS.get(operation.kind.KIND)
    if noun is None:
        raise Unsupported(f"capsule: {operation.kind.KIND} create")
    if values.get("party_id") is None:
        raise Unsupported(f"capsule: {operation.kind.KIND} create without a party")
    return writing("POST", f"{path_of(Party.KIND, values['party_id'])}/{noun}", noun, _matter_pairs(noun, values))


def _matter_pairs(noun: str, values: Mapping[str, Any]) -> Pairs:
    return opportunity.write_opportunity(values) if noun == "opportunity" else kase.write_kase(values)


def updates(operation: Update[Any]) -> list[WireRequest]:
    """The requests that change a record, one for each call that Capsule wants; none where nothing can be said."""
    kind, id, values = operation.kind.KIND, operation.id, operation.values
    path = path_of(kind, id)
    requests = [writing("DELETE", f"{path}/contact/{point}") for point in operation.drop_points]
    if values or operation.points:
        requests += _changes(operation, path)
    if operation.custom or operation.drop_custom:
        pairs = _custom_pairs(operation.custom, operation.drop_custom)
        requests.append(writing("PUT", f"{path}/customfields", "customFields", pairs))
    return requests


def _changes(operation: Update[Any], path: str) -> list[WireRequest]:
    values = operation.values
    if operation.kind is Activity:
        if values.get("type", "task") != "task":
            return [writing("PUT", f"/api/history/{operation.id}", "historyItem", history.write_item(values))]
        if values == {"state": "completed"} or values == {"state": "open"}:
            return [writing("POST", f"{path}/{'complete' if values['state'] == 'completed' else 'reopen'}")]
        pairs = task.write_task(values)
        return [writing("PUT", path, "task", pairs)] if pairs else []
    if operation.kind is Party:
        type_ = party.ORGANISATION if "name" in values and "first_name" not in values else party.PERSON
        type_ = values.get("type", type_)
        pairs_ = party.write_party(type_, values, operation.points)
        return [writing("PUT", f"/api/{type_}/{operation.id}", type_, pairs_)] if pairs_ else []
    noun = NOUNS[operation.kind.KIND]
    if values.get("party_id") is not None:
        path = f"{path_of(Party.KIND, values['party_id'])}/{noun}/{operation.id}"
    return [writing("PUT", path, noun, _matter_pairs(noun, values))]


def custom_values(record: Ref, values: Sequence[CustomValue], types: Mapping[tuple[str, str], str]) -> WireRequest:
    """Sets custom values of a record; `types` has the types of those that are defined, by group and name."""
    pairs = _custom_pairs(values, (), types)
    return writing("PUT", f"{path_of(*record)}/customfields", "customFields", pairs)


def _custom_pairs(
    values: Sequence[CustomValue],
    dropped: Sequence[tuple[str, str]],
    types: Mapping[tuple[str, str], str] | None = None,
) -> Pairs:
    known = types or {}
    entries = [
        (value.group, value.name, custom.typed_element(value.value, known.get((value.group, value.name))))
        for value in values
    ]
    pairs: list[tuple[str, list[tuple[str, str]]]] = []
    for group, label, element in (*entries, *((group, label, None) for group, label in dropped)):
        parts = [("tag", group)] if group else []
        parts.append(("label", label))
        pairs.append(("customField", parts if element is None else [*parts, element]))
    return pairs


def delete(operation: Delete[Any], *, history: bool = False) -> WireRequest:
    path = f"/api/history/{operation.id}" if history else path_of(operation.kind.KIND, operation.id)
    return writing("DELETE", path)


def tagging(operation: AddTag | DropTag) -> WireRequest:
    method = "POST" if isinstance(operation, AddTag) else "DELETE"
    return writing(method, f"{_above(operation.record)}/tag/{quoted(operation.name)}")


def linking(operation: AddLink | DropLink) -> WireRequest:
    """One more party of an opportunity or a case. Raises `Unsupported` for any other link."""
    method, target = (
        ("POST", operation.link.target) if isinstance(operation, AddLink) else ("DELETE", operation.target)
    )
    if target.kind != Party.KIND or operation.record.kind not in (Opportunity.KIND, Case.KIND):
        verb = "link" if method == "POST" else "unlink"
        raise Unsupported(f"capsule: {operation.record.kind} {verb} {target.kind}")
    return writing(method, f"{path_of(*operation.record)}/party/{target.id}")


def _above(record: Ref) -> str:
    if record.kind not in NOUNS:
        raise Unsupported(f"capsule: {record.kind} tag")
    return path_of(*record)


# -- finding ----------------------------------------------------------------------------------------


def find(operation: Find[Any]) -> WireRequest:
    """The list that a query asks for. Raises `Unsupported` for a query that Capsule has no parameters for."""
    if operation.kind is User:
        return reading("/api/users")
    path, parameters = _Asking(operation.kind.KIND).of(operation.query)
    window = operation.query.window
    if window.offset:
        parameters.append(("start", str(window.offset)))
    if window.limit is not None:
        parameters.append(("limit", str(window.limit)))
    if operation.kind is Party and "tags" in operation.include:
        parameters.append(("embed", "tags"))
    return reading(f"{path}?{urlencode(parameters)}" if parameters else path)


class _Asking:
    """Turns a query back into the path and the parameters that ask for it; `Unsupported` for any other query."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.about: Ref | None = None
        self.type: str | None = None
        self.parameters: list[tuple[str, str]] = []

    def of(self, wanted: Query) -> tuple[str, list[tuple[str, str]]]:
        nodes = wanted.where.nodes if isinstance(wanted.where, And) else (wanted.where,)
        for node in nodes:
            if node != query.NO_CONTACT_CARD and not self._take(node):
                raise Unsupported(f"capsule: {self.kind} list of that query")
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
            if self.type == "task" and not any(name == "status" for name, _ in self.parameters):
                raise Unsupported("capsule: tasks of every state are two lists")
            if self.type not in ("task", "history") or (self.type == "history" and self.about is None):
                raise Unsupported("capsule: history is listed by what it is about")
            word = "tasks" if self.type == "task" else "history"
            return f"/api/{word}" if self.about is None else f"{path_of(*self.about)}/{word}"
        if self.kind == Party.KIND:
            if self.about is not None:
                return f"{path_of(*self.about)}/people"
            return f"/api/{self.type or 'party'}"
        noun = NOUNS[self.kind]
        return f"/api/{noun}" if self.about is None else f"{path_of(*self.about)}/{noun}"
