"""The client's two directions for activities: an operation to its request, an answer to its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import quote, urlencode

from adapter.formats import Malformed, json_body
from adapter.wire import Headers, WireRequest, WireResponse
from canonical.errors import (
    CanonicalError,
    Denied,
    Duplicate,
    Invalid,
    NotFound,
    Problem,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from canonical.model import SUBJECT, Activity, Link, Tag
from canonical.operations import Create, Delete, Find, Get, Page, Update
from canonical.query import Sort
from canonical.values import SECOND, Ref
from dialects.affinitylive import grammar
from dialects.affinitylive.codec import filters, xml
from dialects.affinitylive.codec.serving import BASE, EVERYTHING, RECIPIENTS, REFERENCES, Operation, is_count
from dialects.affinitylive.fields.activity import ACTIVITIES, VISIBILITY, logger
from dialects.affinitylive.fields.formats import BadValue
from dialects.affinitylive.fields.subjects import INTERACT_TYPES, KIND_OF_TYPE, type_of_link, type_word
from dialects.affinitylive.fields.table import NAMESPACE
from dialects.affinitylive.grammar import Item
from dialects.affinitylive.parameters import Parameters, whole
from dialects.affinitylive.query.tables import FILTERS


def render_request(operation: Operation, credentials: str | None = None) -> WireRequest:
    """The request that asks for an operation; `credentials` is a bearer token.

    Raises Unsupported for what is no operation on activities: a task, a party, a case has another path and other
    words, and what stands under its number at /activities is something else.
    """
    _must_be_of_activities(operation)
    headers = [("Accept", "application/json")]
    if credentials is not None:
        headers.append(("Authorization", f"Bearer {credentials}"))
    if isinstance(operation, Find):
        if is_count(operation):
            shown = {"_fields": "interacts"} if "links" in operation.include else {}
            return WireRequest("GET", f"{BASE}/count", _query({**shown, **_narrowing(operation)}), Headers(headers))
        return WireRequest("GET", BASE, _list_query(operation), Headers(headers))
    if isinstance(operation, Get):
        return WireRequest("GET", f"{BASE}/{operation.id}", urlencode({"_fields": EVERYTHING}), Headers(headers))
    if isinstance(operation, Delete):
        return WireRequest("DELETE", f"{BASE}/{operation.id}", "", Headers(headers))
    method, path = ("POST", BASE) if isinstance(operation, Create) else ("PUT", f"{BASE}/{operation.id}")
    given: dict[str, Any] = {**_written(operation), "_fields": EVERYTHING}
    if any(isinstance(value, dict) for value in given.values()):
        headers.append(("Content-Type", "application/json; charset=utf-8"))
        return WireRequest(method, path, "", Headers(headers), json_body.render(given))
    headers.append(("Content-Type", "application/x-www-form-urlencoded"))
    return WireRequest(method, path, "", Headers(headers), urlencode(given, quote_via=quote).encode())


VERBS = (Find, Get, Create, Update, Delete)


def _must_be_of_activities(operation: Any) -> None:
    """Raises Unsupported, naming the kind and the verb."""
    verb = type(operation).__name__
    kind = getattr(operation, "kind", None)
    if not isinstance(operation, VERBS):
        raise Unsupported(f"affinitylive cannot be asked for {verb}")
    if kind is not Activity:
        raise Unsupported(f"affinitylive cannot be asked for {verb} of {getattr(kind, 'KIND', kind)}")
    if isinstance(operation, Create | Update) and operation.values.get("type") == "task":
        raise Unsupported(f"affinitylive cannot be asked for {verb} of a task")


def _list_query(operation: Find[Activity]) -> str:
    given = {"_fields": EVERYTHING if "links" in operation.include else "_ALL"}
    given.update(_narrowing(operation))
    offset, limit = operation.query.window.offset, operation.query.window.limit
    if limit is None:
        raise Unsupported("a page needs a limit")
    given["_limit"] = str(limit)
    if limit and offset % limit == 0:
        given["_page"] = str(offset // limit)
    else:
        given["_offset"] = str(offset)
    return _query(given)


def _query(given: Mapping[str, str]) -> str:
    return urlencode(given, quote_via=quote)


def _narrowing(operation: Find[Activity]) -> dict[str, str]:
    """``_filters`` with the order, or nothing."""
    query = operation.query
    items = filters.write(query.where, with_interacts="links" in operation.include)
    items.extend(_orders(query.sort))
    text = grammar.write(items)
    if grammar.parse(text) != tuple(items):
        raise Unsupported("a value has signs that a filter cannot hold")
    return {"_filters": text} if items else {}


_ORDERS = FILTERS["activities"].orders
_ORDER_OF = {(sort.field, sort.fallback): name for name, sorts in _ORDERS.items() for sort in sorts}


def _orders(sort: Sequence[Sort]) -> list[Item]:
    """One filter for each direction, in turn: of the same filter twice only the last would count."""
    orders: dict[bool, list[str]] = {}
    for at, term in enumerate(sort):
        name = _ORDER_OF.get((term.field, term.fallback)) if isinstance(term.field, str) else None
        if name is None or (term.descending in orders and term.descending != sort[at - 1].descending):
            raise Unsupported(f"this order by {term.field} cannot be said")
        orders.setdefault(term.descending, []).append(name)
    return [Item(f"order_by_{'desc' if descending else 'asc'}", tuple(map(Item, names)))
            for descending, names in orders.items()]  # fmt: skip


def _written(operation: Create[Activity] | Update[Activity]) -> dict[str, Any]:
    """The parameters of a write."""
    given: dict[str, Any] = {}
    extras = operation.extras.get(NAMESPACE, {})
    creating = isinstance(operation, Create)
    for row in ACTIVITIES.fields:
        if row.params and (creating or row.on_update):
            if row.attribute is not None and row.attribute in operation.values:
                value = operation.values[row.attribute]
                shown = "" if value is None else row.format.show(value)
                given[row.params[0]] = "0" if shown is None else shown
            elif row.extra is not None and row.extra in extras:
                given[row.params[0]] = extras[row.extra] or ""
    if "priority" in operation.values:
        given["priority_id"] = str(operation.values["priority"] or 0)
    for key in REFERENCES:
        if extras.get(key):
            given[f"{key}_id"] = extras[key]
    if not isinstance(operation, Create):
        return given
    # The vendor makes what has no word on it private; the canonical default is everyone.
    given.setdefault("visibility", VISIBILITY.show(operation.values.get("visibility", "everyone")))
    for name in ("parent_id", "thread_id", "owner_id"):
        if operation.values.get(name):
            given[name] = str(operation.values[name])
    for name in ("owner_type", "owner_id", "against_type", "against_id"):
        if extras.get(name):
            given[name] = extras[name]
    for link in operation.links:
        if link.role == SUBJECT and "against_type" not in given:
            word = type_of_link(Link(0, Ref("activity", 0), link.target, target_type=None))
            given.update(against_type=word, against_id=str(link.target.id))
        elif link.role in RECIPIENTS:
            key = "staff" if link.target.kind == "user" else "affiliation"
            given.setdefault(link.role, {}).setdefault(key, []).append(link.target.id)
    return given


# -- client's side: parse_response ---------------------------------------------------------------------


def parse_response(operation: Operation, response: WireResponse) -> Any:
    """The result. Raises the canonical error that the answer's status means; Malformed for what is no answer."""
    is_xml = response.body.lstrip()[:5] == b"<data"
    data = xml.read(response.body) if is_xml else json_body.parse(response.body)
    meta = data.get("meta") if isinstance(data, dict) else None
    status = meta.get("status") if isinstance(meta, dict) else None
    if not isinstance(status, str):
        raise Malformed("no meta.status in the answer")
    if status != "ok" or response.status != 200:
        raise _error(operation, status, str(cast(dict[str, Any], meta).get("message", ""))[:500])
    body = data.get("response")
    if isinstance(operation, Delete):
        return None
    if isinstance(operation, Find):
        if is_count(operation):
            total = _number(body.get("count")) if isinstance(body, dict) else None
            if total is None:
                raise Malformed("no count in the answer")
            return Page((), total)
        rows = body.get("activities") if isinstance(body, dict) and "activities" in body else body
        if is_xml:
            rows = rows if isinstance(rows, list) else [] if rows is None else [rows]
        if not isinstance(rows, list):
            raise Malformed("no list in the answer")
        return Page([_activity(row) for row in rows])
    return _activity(body)


def _error(operation: Operation, status: str, message: str) -> CanonicalError:
    if status in ("invalid_client", "too_many_failed_logins"):
        return Unauthenticated("unknown")
    if status == "invalid_permission":
        return Denied(message)
    if status == "duplicate":
        return Duplicate("", message)
    if status == "invalid_request":
        if isinstance(operation, Get | Update | Delete):
            return NotFound("activity", operation.id)
        return Invalid(Problem("", "invalid_request"))
    return Unavailable(message)


def _activity(row: Any) -> Activity:
    """An activity of the wire; whatever the answer leaves out has its default. Raises Malformed."""
    if not isinstance(row, dict):
        raise Malformed("an activity is no object")
    try:
        return _read(row)
    except (BadValue, ValueError) as error:
        raise Malformed(f"an activity cannot be read: {error}") from None


def _read(row: Mapping[str, Any]) -> Activity:
    out = Activity(id=_number(row.get("id")) or 0, type="note")
    extras: dict[str, Any] = {}
    for field in ACTIVITIES.fields:
        text = Parameters({"": row.get(field.name)}).text("")
        if text is None or (field.attribute is None and field.extra is None):
            continue
        value = field.format.read(text)
        if field.attribute is not None:
            setattr(out, field.attribute, "" if value is None and field.attribute == "title" else value)
        elif value is not None and text != _UNSET.get(field.name):
            extras[field.extra or ""] = value
    out.parent_id = _number(row.get("parent_id")) or None
    thread = _number(row.get("thread_id"))
    out.thread_id = thread if thread and thread != out.id else None
    out.priority = _number(row.get("priority")) or None
    for key in REFERENCES:
        id = _number(row.get(key))
        if id and not (key == "class" and id == 1):
            extras[key] = str(id)
    owner = _number(row.get("owner_id"))
    if owner and row.get("owner_type", "staff") != "staff":
        extras.update(owner_type=str(row["owner_type"]), owner_id=str(owner))
    elif owner:
        out.owner_id = owner
    if extras:
        out.extras = {NAMESPACE: extras}
    staff = _number(row.get("staff"))
    if not owner and staff:
        out.owner_id = staff
    elif staff is not None and staff != (logger(out) or 0):
        extras["staff"] = str(staff)
    out.links = _links(row, out, extras)
    out.tags = [Tag(_number(tag.get("id")) or 0, str(tag.get("name", ""))) for tag in _objects(row.get("tag"))]
    if extras:
        out.extras = {NAMESPACE: extras}
    return out


_UNSET = {"rate_charged": "0.00", "read": "0", "invitation": "0", "message_id": ""}
"""What shows where nothing is kept."""


def _objects(value: Any) -> Sequence[Mapping[str, Any]]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def _number(value: Any) -> int | None:
    """The id that a reference holds, bare or as an object."""
    if isinstance(value, dict):
        value = value.get("id")
    text = Parameters({"": value}).text("")
    return None if text is None else whole(text)


def _links(row: Mapping[str, Any], record: Activity, extras: dict[str, Any]) -> list[Link]:
    links: list[Link] = []
    own = Ref("activity", record.id)
    word, id = type_word(str(row.get("against_type") or "")), _number(row.get("against_id"))
    # Against its own owner means against nothing in particular.
    if word is not None and id and not (word == "staff" and id == record.owner_id):
        kind = KIND_OF_TYPE.get(word)
        if kind is not None:
            type_ = {"company": "organisation", "contact": "person", "affiliation": "person"}.get(word)
            links.append(Link(0, own, Ref(kind, id), target_type=type_))
        if kind is None or word == "affiliation":
            extras.update(against_type=word, against_id=str(id))
    for interact in _objects(row.get("interacts")):
        role, owner = str(interact.get("type")), _number(interact.get("owner_id"))
        if role in INTERACT_TYPES and owner:
            kind = "user" if interact.get("owner_type") == "staff" else "party"
            at = (_number(interact.get("date_actioned")) or 0) * SECOND
            links.append(Link(_number(interact.get("id")) or 0, own, Ref(kind, owner), role, len(links), at))
    return links
