"""Responses in both directions, for the operations of `parse`.

Records carry ids as wire numbers, and under ``extras["opentaps"]`` besides: `createdByUser`, `clientDomain`,
`responsible` (an id).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from adapter.formats import Malformed, json_body
from adapter.formats.json_body import ascii_string
from adapter.wire import WireResponse
from canonical.errors import Conflict, Denied, Invalid, NotFound, Problem, Unauthenticated, Unavailable
from canonical.model import Activity, CustomValue, Link, Tag
from canonical.operations import Create, Delete, Find, Page
from canonical.values import Instant, Ref, join_text
from dialects.opentaps.codec.answers import CREATED, answer
from dialects.opentaps.codec.element import activity_element, creator_element, deleted_element
from dialects.opentaps.errors import NO_TOKEN, error_response
from dialects.opentaps.fields.activity import ASSIGNEE, CORE, PREFIX, canonical_type, note_text, role_in, split_note
from dialects.opentaps.fields.status import NAMESPACE, kept_word, state_of
from dialects.opentaps.ids import number_of, text_of
from dialects.opentaps.times import parse_due


class _WireScene:
    """The `Scene` of one record whose ids are wire numbers already."""

    def __init__(self, activity: Activity) -> None:
        self._extras = activity.extras.get(NAMESPACE, {})
        self.domain = ascii_string(self._extras.get("clientDomain", ""))

    def note_id(self, activity: Activity) -> str:
        return f'"{text_of(activity.id)}"'

    def contact_id(self, link: Link) -> str | None:
        return f'"{text_of(link.target.id)}"' if link.target.kind == "party" else None

    def parent_id(self, activity: Activity) -> str | None:
        return None if activity.parent_id is None else f'"{text_of(activity.parent_id)}"'

    def responsible_id(self, activity: Activity) -> str | None:
        kept = self._extras.get("responsible")
        return None if kept is None else f'"{text_of(kept)}"'

    def creator(self, activity: Activity) -> str | None:
        kept = self._extras.get("createdByUser")
        return None if kept is None else creator_element(kept)

    def tag_id(self, tag: Tag) -> str:
        return text_of(tag.id)

    def text(self, activity: Activity) -> str:
        return note_text(activity)


def _shown(activity: Activity) -> orjson.Fragment:
    return activity_element(activity, _WireScene(activity))


def render_response(operation: Any, result: Any) -> WireResponse:
    """The answer to an operation; `result` as `parse_response` gives it, or the exception it raises."""
    if isinstance(result, Exception):
        return error_response(result)
    match operation:
        case Find():
            return answer([_shown(activity) for activity in result.items])
        case Create():
            return answer(_shown(result), status=201, message=CREATED)
        case Delete(_, id):
            return answer(deleted_element(text_of(id)))
    return answer(_shown(result))


# -- response -> result -----------------------------------------------------------------------------


def parse_response(operation: Any, response: WireResponse) -> Any:
    """The activity, the page of activities (`Find`) or None (`Delete`) of an answer, of any of the three generations.

    Raises the canonical error that an error answer means, Malformed for what is no answer of this API.
    """
    data = json_body.parse(response.body) if response.body else {}
    if not isinstance(data, dict):
        raise Malformed("not an envelope")
    if response.status >= 400:
        raise _error_of(operation, response.status, data)
    result = data.get("result")
    value = result.get("resultValue") if isinstance(result, dict) else None
    if isinstance(operation, Delete):
        return None
    if isinstance(operation, Find):
        if not isinstance(value, list):
            raise Malformed("not a list")
        return Page([activity_of(item) for item in value])
    return activity_of(value)


def _error_of(operation: Any, status: int, data: Mapping[str, Any]) -> Exception:
    result = data.get("result")
    inner = result.get("errorMessage") if isinstance(result, dict) else None
    message = str(data.get("error") or inner or data.get("message") or "")
    match status:
        case 401:
            return Unauthenticated("missing" if message == NO_TOKEN else "unknown")
        case 403:
            return Denied(message)
        case 404:
            return NotFound("activity", message)
        case 409:
            return Conflict(message)
        case _ if status >= 500:
            return Unavailable(message)
    errors = data.get("errors")
    problems = [
        Problem(str(item.get("field")), str(item.get("message")), {"value": item.get("value")})
        for item in (errors if isinstance(errors, list) else [])
        if isinstance(item, dict)
    ]
    return Invalid(*(problems or [Problem("request", message)]))


def activity_of(element: Any) -> Activity:
    """The activity of an element: flat keys first, then those of its `note`. Raises Malformed."""
    if not isinstance(element, dict):
        raise Malformed("not an element")
    note = element.get("note")
    block: dict[str, Any] = note if isinstance(note, dict) else {}

    def field(*names: str) -> Any:
        for name in names:
            for source, key in ((element, name), (block, name), (block, f"{PREFIX}{name}")):
                # Of any other name a prefix makes a free attribute.
                if source.get(key) is not None and (key == name or name in CORE):
                    return source[key]
        return None

    text = str(field("noteText") or "")
    title, body = split_note(text)
    word = str(field("status") or "CREATED")
    due, created, updated = (field(n) for n in ("scheduledDateTime", "dateTimeCreated", "dateTimeUpdated"))
    extras = {
        **{key: value for key, value in kept_word(word).items() if value is not None},
        "clientDomain": field("clientDomain"),
        "createdByUser": field("createdByUser"),
        "responsible": _id_of(field("responsibleContactId")),
    }
    if join_text(title, body) != text:
        extras["noteText"] = text
    activity = Activity(
        id=_id_of(field("_id", "activityId", "noteId")) or 0,
        version=1 if updated is None else 2,
        created_at=_moment(created) or 0,
        updated_at=_moment(updated) or _moment(created) or 0,
        type=canonical_type(str(field("activityType") or ""), "note"),
        title=title,
        body=body,
        state=state_of(word),
        due_at=_moment(due),
        parent_id=_id_of(field("parentActivityId")),
        sequence=_count(field("sequenceNum")),
        extras={NAMESPACE: {key: value for key, value in extras.items() if value is not None}},
    )
    record = Ref("activity", activity.id)
    ends = [(_id_of(c.get("contactId")), role_in(str(c.get("role") or ""))) for c in _objects(field("contacts"))]
    assigned = field("assignedToContact", "assignedToContactId")
    ids = assigned if isinstance(assigned, list) else str(assigned or "").split(",")
    ends += [(_id_of(id), ASSIGNEE) for id in ids if id]
    activity.links = [
        Link(0, record, Ref("party", id), role, at) for at, (id, role) in enumerate(ends) if id is not None
    ]
    activity.tags = [
        Tag(_id_of(t.get("tagId")) or 0, str(t.get("tagName") or ""), t.get("tagUrl"), t.get("tagKeywords"))
        for t in _objects(field("tags"))
    ]
    activity.custom = [CustomValue(name, str(value)) for name, value in _attributes(element, block).items()]
    return activity


def _attributes(element: Mapping[str, Any], block: Mapping[str, Any]) -> dict[str, Any]:
    flat = element.get("attributes")
    if isinstance(flat, dict):
        return flat
    prefixed = {key[len(PREFIX) :]: value for key, value in block.items() if key.startswith(PREFIX)}
    return {name: value for name, value in prefixed.items() if name not in CORE}


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _id_of(value: Any) -> int | None:
    if value is None or value == "":
        return None
    found = number_of(str(value))
    if found is None:
        raise Malformed("not an id of 24 hex digits")
    return found


def _moment(value: Any) -> Instant | None:
    if value is None:
        return None
    try:
        return parse_due(str(value)).at
    except ValueError:
        raise Malformed("not a moment") from None


def _count(value: Any) -> int:
    if not isinstance(value, int):
        raise Malformed("not a sequence number")
    return value
