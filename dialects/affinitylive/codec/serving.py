"""The server's two directions for activities: a request to its operation, a result to its answer. No desk."""

from __future__ import annotations

from typing import Any

from adapter.losses import LossReport
from adapter.wire import WireRequest, WireResponse
from canonical.errors import (
    Unsupported,
)
from canonical.model import Activity
from canonical.operations import Create, Delete, Find, Get, NewLink, Update
from canonical.query import Query, Window
from canonical.values import Ref
from dialects.affinitylive import grammar, parameters
from dialects.affinitylive.codec.envelope import CONTENT_TYPES, MORE_INFO, OK, RENDERERS
from dialects.affinitylive.errors import BadRequest
from dialects.affinitylive.fields.activity import ACTIVITIES, NOT_TASKS
from dialects.affinitylive.fields.formats import BadValue
from dialects.affinitylive.fields.plan import render
from dialects.affinitylive.fields.registry import PLANNER
from dialects.affinitylive.fields.subjects import KIND_OF_TYPE, type_word
from dialects.affinitylive.fields.table import NAMESPACE, Sight
from dialects.affinitylive.parameters import Parameters, record_id, whole
from dialects.affinitylive.query.build import build
from dialects.affinitylive.query.tables import FILTERS

Operation = Find[Activity] | Get[Activity] | Create[Activity] | Update[Activity] | Delete[Activity]
BASE = "/api/v0/activities"
EVERYTHING = "_ALL,interacts"
RECIPIENTS = ("to", "cc", "bcc")
REFERENCES = {"class": "class", "task": "task", "rate": "rate"}
_NO_CAP = 100_000


def _blind() -> Sight:
    return Sight(None, 0, 0, LossReport())


def is_count(operation: Operation) -> bool:
    """A Find of nothing but how many there are."""
    return isinstance(operation, Find) and operation.total and operation.query.window.limit == 0


def parse_request(request: WireRequest) -> Operation:
    """The operation that a request on /activities, /activities/count or /activities/{id} asks for.

    Raises Unsupported for other routes, BadRequest, Malformed, TooLarge for what cannot be read.
    """
    path = parameters.locate(request)
    method = parameters.effective_method(request)
    given = parameters.read(request)
    include = PLANNER.plan("activities", given.fields).include
    if method == "GET" and path in ("/activities", "/activities/count"):
        asked = any(item.name == "interacts" for item in given.fields)
        query = build(FILTERS["activities"], given, NOT_TASKS, _NO_CAP, with_interacts=asked)
        if path == "/activities":
            return Find(Activity, query, include)
        return Find(Activity, Query(query.where, (), Window(0, 0)), ("links",) if asked else (), total=True)
    if path == "/activities" and method == "POST":
        return _create(given)
    head, _, tail = path.rpartition("/")
    if head == "/activities" and whole(tail) is not None:
        id = record_id(tail)
        if method == "GET":
            return Get(Activity, id, include)
        if method == "PUT":
            values, extras = _values(given, creating=False)
            return Update(Activity, id, values, {NAMESPACE: extras} if extras else {})
        if method == "DELETE":
            return Delete(Activity, id, cascade=True)
    raise Unsupported(f"{method} {path[:200]}")


def _values(given: Parameters, *, creating: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    values: dict[str, Any] = {}
    extras: dict[str, Any] = {}
    for row in ACTIVITIES.fields:
        if row.params and (creating or row.on_update):
            text = given.first(*row.params)
            if text is not None:
                try:
                    value = row.format.read(text)
                except BadValue:
                    raise BadRequest(row.name) from None
                (values if row.attribute else extras)[row.attribute or row.extra or ""] = value
    priority = given.first("priority_id", "priority")
    if priority is not None:
        values["priority"] = whole(priority) or None
    for key in REFERENCES:
        id = whole(given.first(f"{key}_id", key) or "")
        if id:
            extras[key] = str(id)
    return values, extras


def _create(given: Parameters) -> Create[Activity]:
    values, extras = _values(given, creating=True)
    values = {"type": "note", **{key: value for key, value in values.items() if value is not None}}
    for name in ("parent_id", "thread_id"):
        id = whole(given.text(name) or "")
        if id:
            values[name] = id
    links: list[NewLink] = []
    word, id = type_word(given.text("against_type") or ""), whole(given.text("against_id") or "")
    if word is not None and id:
        kind = KIND_OF_TYPE.get(word)
        if kind is not None:
            links.append(NewLink(Ref(kind, id)))
        if kind is None or word == "affiliation":
            extras.update(against_type=word, against_id=str(id))
    owner = whole(given.text("owner_id") or "")
    if owner and given.text("owner_type") == "affiliation":
        extras.update(owner_type="affiliation", owner_id=str(owner))
    elif owner:
        values["owner_id"] = owner
    for role in RECIPIENTS:
        value = given.values.get(role)
        for key, kind in (("staff", "user"), ("affiliation", "party")):
            ids = value.get(key) if isinstance(value, dict) else None
            for one in ids if isinstance(ids, list) else []:
                id = whole(str(one))
                if id:
                    links.append(NewLink(Ref(kind, id), role))
    return Create(Activity, values, links=tuple(links), extras={NAMESPACE: extras} if extras else {})


def render_response(operation: Operation, result: Any, request: WireRequest | None = None) -> WireResponse:
    """The answer; with `request` in its format and the shape that its ``_fields`` ask for, else everything in JSON.

    Owners of interacts are not known here: the restructured list has none.
    """
    response: Any = None
    if request is not None:
        items = parameters.read(request).fields
    elif isinstance(operation, Find) and "links" not in operation.include:
        items = grammar.parse("_ALL")
    else:
        items = grammar.parse("_ALL,interacts")
    plan = PLANNER.plan("activities", items)
    if isinstance(operation, Find) and is_count(operation):
        response = {"count": str(result.total)}
    elif isinstance(operation, Find):
        response = render(plan, result.items, _blind())
        if "interacts" in plan.names:
            response = {"activities": response, "staff": [], "contacts": []}
    elif not isinstance(operation, Delete):
        response = render(plan, [result], _blind())[0]
    meta = {"status": "ok", "message": OK, "more_info": f"{MORE_INFO}ok"}
    format_ = "json" if request is None else parameters.wire_format(request)
    body = RENDERERS[format_]({"response": response, "meta": meta})
    return WireResponse(200, [("Content-Type", CONTENT_TYPES[format_])], body)
