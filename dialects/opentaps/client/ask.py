"""From operations to the requests that ask an opentaps server for them; unsigned (opentaps dossier)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from adapter.client import Session
from adapter.formats import json_body
from adapter.losses import LossReport
from adapter.wire import Headers, WireRequest
from canonical.errors import NotFound
from canonical.model import Activity, ContactPoint, CustomValue
from canonical.operations import Create, Update
from canonical.values import Instant, Ref, join_text
from dialects.opentaps.client.hear import Users
from dialects.opentaps.fields.activity import (
    ASSIGNEE,
    CORE,
    CREATOR_PREFIX,
    ID_NAMES,
    IGNORED,
    PREFIX,
    role_out,
    split_note,
)
from dialects.opentaps.fields.contact import POINTS, shown_purpose
from dialects.opentaps.fields.status import NAMESPACE, WORDS, state_of
from dialects.opentaps.wire.ids import text_of
from dialects.opentaps.wire.times import exact_stamp

Pairs = list[tuple[str, str]]
_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json; charset=UTF-8"
_BITS: Final = 96
_TAG_EXTRAS: Final = ("tagUrl", "tagKeywords")
_RESPONSIBLE: Final = f"{PREFIX}responsibleContactId"
_ASSIGNED: Final = f"{PREFIX}assignedToContactId"


def home(url: str) -> str:
    """``https://crm2.opentaps.com``; the wiki writes it with ``/activities/`` at its end."""
    return url.rstrip("/").removesuffix("/activities").rstrip("/")


def addressed(request: WireRequest, session: Session) -> WireRequest:
    host = session.base_url.partition("://")[2].partition("/")[0]
    return replace(request, base_url=session.base_url, host=host)


def sign(request: WireRequest, session: Session) -> WireRequest:
    """With token and domain among the parameters: in the body where there is one, that no log shows them."""
    token = session.state.get("token") or session.credentials.token
    pairs = [("authToken", str(token))]
    # DELETE needs no domain: the id is looked up in those of the token.
    if session.credentials.domain and request.method != "DELETE":
        pairs.append(("clientDomain", session.credentials.domain))
    said = urlencode(pairs)
    request = addressed(request, session)
    if request.method not in ("POST", "PUT"):
        return replace(request, query=f"{request.query}&{said}" if request.query else said)
    if request.headers.get("Content-Type") == _JSON:
        return replace(request, body=json_body.render(dict(pairs))[:-1] + b"," + request.body[1:])
    return replace(request, body=b"&".join(filter(None, (said.encode(), request.body))))


def reading(path: str, pairs: Iterable[tuple[str, str]] = ()) -> WireRequest:
    return WireRequest("GET", path, urlencode(list(pairs)))


def removing(path: str, pairs: Iterable[tuple[str, str]] = ()) -> WireRequest:
    return WireRequest("DELETE", path, urlencode(list(pairs)))


def sending(method: str, path: str, pairs: Iterable[tuple[str, str]]) -> WireRequest:
    """A form."""
    return WireRequest(method, path, "", Headers([("Content-Type", _FORM)]), urlencode(list(pairs)).encode())


def sending_json(path: str, data: Mapping[str, Any]) -> WireRequest:
    return WireRequest("POST", path, "", Headers([("Content-Type", _JSON)]), json_body.render_ascii(data))


def wire_id(kind: str, id: int) -> str:
    """The 24 hex digits of an id. Raises `NotFound` for a number that no record of this vendor has."""
    if not 0 <= id < 1 << _BITS:
        raise NotFound(kind, id)
    return text_of(id)


def activity_path(id: int) -> str:
    return f"/activities/{wire_id('activity', id)}"


# -- activities -------------------------------------------------------------------------------------


def create(operation: Create[Activity], users: Users, losses: LossReport) -> WireRequest:
    """The request that makes an activity, assigned and with its first tag; other links and tags take their own."""
    extras = operation.extras.get(NAMESPACE, {})
    pairs = _value_pairs({"title": "", "body": None, **operation.values}, extras, users, losses)
    assigned = assignees(operation.links)
    if assigned:
        pairs.append((_ASSIGNED, ",".join(assigned)))
    pairs += _custom_pairs(operation.custom, losses)
    creator = extras.get("createdByUser")
    if isinstance(creator, Mapping):
        pairs += [(f"{CREATOR_PREFIX}{key}", held) for key, held in creator.items() if isinstance(held, str)]
    pairs += [("tagName", name) for name in operation.tags[:1]]
    pairs += [(name, extras[name]) for name in _TAG_EXTRAS if isinstance(extras.get(name), str)]
    return sending("POST", "/activities", pairs)


def assignees(links: Iterable[Any]) -> list[str]:
    """The contacts that an activity is assigned to; a user is his card."""
    return [
        wire_id("party", link.target.id)
        for link in links
        if link.role == ASSIGNEE and link.target.kind in ("party", "user")
    ]


def update(operation: Update[Activity], users: Users, losses: LossReport) -> WireRequest | None:
    """The request that changes an activity, None where it would say nothing."""
    extras = operation.extras.get(NAMESPACE, {})
    pairs = _value_pairs(operation.values, extras, users, losses)
    pairs += _custom_pairs(operation.custom, losses)
    pairs += _custom_pairs([CustomValue(name, "", group) for group, name in operation.drop_custom], losses)
    return partial(operation.id, pairs) if pairs else None


def partial(id: int, pairs: Iterable[tuple[str, str]]) -> WireRequest:
    return sending("PUT", activity_path(id), [("partial", "Yes"), *pairs])


def assigning(id: int, assigned: Sequence[str]) -> WireRequest:
    return partial(id, [(_ASSIGNED, ",".join(assigned))])


def tagging(id: int, name: str, url: str | None = None, keywords: str | None = None) -> WireRequest:
    beside = [(key, held) for key, held in zip(_TAG_EXTRAS, (url, keywords), strict=True) if held]
    return partial(id, [("tagName", name), *beside])


def associating(word: str, record: Ref, target: Ref, role: str) -> WireRequest:
    """`word` is ``add`` or ``remove``; without a role a contact is removed from all."""
    pairs = [("activityId", wire_id("activity", record.id)), ("contactId", wire_id("party", target.id))]
    return sending("POST", f"/activities/contact/{word}", [*pairs, ("role", role_out(role))] if role else pairs)


def _custom_pairs(custom: Iterable[CustomValue], losses: LossReport) -> Pairs:
    pairs: Pairs = []
    for item in custom:
        name = f"{PREFIX}{item.name}"
        if item.group or not item.name or item.name in CORE | IGNORED or name in ID_NAMES:
            losses.add("activity", "custom", "grouped" if item.group else "reserved_name")
        else:
            pairs.append((name, item.value))
    return pairs


def _value_pairs(values: Mapping[str, Any], extras: Mapping[str, Any], users: Users, losses: LossReport) -> Pairs:
    pairs: Pairs = []
    if "title" in values:
        pairs.append(("noteText", _text(values["title"] or "", values.get("body"), extras)))
    if values.get("type"):
        pairs.append((f"{PREFIX}activityType", values["type"].upper()))
    if values.get("state"):
        word = extras.get("status")
        fits = isinstance(word, str) and state_of(word) == values["state"]
        pairs.append((f"{PREFIX}status", str(word) if fits else WORDS[values["state"]]))
    if "due_at" in values:
        pairs.append((f"{PREFIX}scheduledDateTime", _due_text(values["due_at"], bool(values.get("due_date_only")))))
    if "parent_id" in values:
        parent = values["parent_id"]
        pairs.append((f"{PREFIX}parentActivityId", "" if parent is None else wire_id("activity", parent)))
    return pairs + _responsible(values, extras, users, losses)


def _text(title: str, body: str | None, extras: Mapping[str, Any]) -> str:
    """As it was written, where that was here."""
    exact = extras.get("noteText")
    return exact if isinstance(exact, str) and split_note(exact) == (title, body) else join_text(title, body)


def _due_text(at: Instant | None, date_only: bool) -> str:
    if at is None:
        return ""
    return exact_stamp(at)[:10] if date_only else exact_stamp(at)


def _responsible(values: Mapping[str, Any], extras: Mapping[str, Any], users: Users, losses: LossReport) -> Pairs:
    """The owner by the contact card, which is the user's id; one that nobody chose is not said."""
    owner = values.get("owner_id")
    if owner is None and values.get("owner_username"):
        owner = next((card for card, login in users.items() if login == values["owner_username"].lower()), None)
        if owner is None:
            losses.add("activity", "owner_username", "unknown_user")
    if owner is not None and values.get("owner_chosen", True):
        return [(_RESPONSIBLE, wire_id("user", owner))]
    if isinstance(extras.get("responsibleContactId"), str):
        return [(_RESPONSIBLE, extras["responsibleContactId"])]
    return [(_RESPONSIBLE, "")] if "owner_chosen" in values and not values["owner_chosen"] else []


# -- contacts ---------------------------------------------------------------------------------------


def find_contact(id: int) -> WireRequest:
    return reading("/contact", [("contactId", wire_id("party", id))])


def create_contact(
    data: Mapping[str, Any], points: Sequence[ContactPoint], custom: Iterable[CustomValue]
) -> WireRequest:
    """As JSON: a form whose attributes fit one contact would change that one (opentaps dossier, section 8)."""
    shown = dict(data)
    for kind, plural in POINTS:
        items = [_point(point) for point in points if point.kind == kind and point.value]
        if items:
            shown[plural] = items
    return sending_json("/contact", {**shown, "attributes": {item.name: item.value for item in custom}})


def _point(point: ContactPoint) -> dict[str, str]:
    purpose = shown_purpose(point)
    return {point.kind: point.value} if purpose is None else {point.kind: point.value, "purpose": purpose}


def update_contact(
    id: int, names: Pairs, points: Mapping[str, Sequence[ContactPoint]], custom: Iterable[CustomValue]
) -> WireRequest:
    """All attributes, for those that are not sent are removed; all points of each kind in `points`."""
    pairs = [("contactId", wire_id("party", id)), *names]
    for kind, items in points.items():
        pairs.append((f"{kind}sNumber", str(len(items))))
        for number, item in enumerate(items):
            pairs.append((f"{kind}{number}", item.value))
            purpose = shown_purpose(item)
            if purpose is not None:
                pairs.append((f"{kind}Purpose{number}", purpose))
    pairs += [(f"attribute_{item.name}", item.value) for item in custom]
    return sending("PUT", "/contact", pairs)
