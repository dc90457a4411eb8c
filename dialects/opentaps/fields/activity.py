"""Activities: the vendor's core fields, and what a request gives of them (opentaps dossier, section 3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from canonical.model import Activity, CustomValue
from canonical.values import clean_text, join_text
from dialects.opentaps.errors import Rejected
from dialects.opentaps.fields.status import NAMESPACE, kept_word, state_of
from dialects.opentaps.fields.table import Field, both
from dialects.opentaps.wire.parameters import Parameters, split_list
from dialects.opentaps.wire.times import parse_due, same_when_shown

PREFIX = "note_field_"
CREATOR_PREFIX = "created_by_user_"
FIELDS = (
    both("noteText", "title", "body"),
    both("activityType", "type"),
    both("status", "state"),
    # A plain date is shown as its midnight.
    Field("scheduledDateTime", ("due_at",), ("due_at", "due_date_only")),
    both("assignedToContactId", "links"),
    both("responsibleContactId", "owner_id", "owner_username", "owner_chosen"),
    both("parentActivityId", "parent_id"),
    Field("sequenceNum", ("sequence",)),
    Field("dateTimeCreated", ("created_at",)),
    Field("dateTimeUpdated", ("updated_at",)),
    Field("clientDomain"),
    Field("createdByUser", ("creator_id", "creator_username")),
)
"""Of the note and beside it (opentaps dossier, sections 3 and 4)."""
PARTS = (both("contacts", "links"), both("tags", "tags"), both("attributes", "custom"))
"""What hangs on an activity and stands beside the note."""
CORE = frozenset(row.name for row in FIELDS if row.given)
"""Accepted with and without the prefix; without it wins."""
IGNORED = frozenset(row.name for row in FIELDS if not row.given)
"""The server's own: never free attributes."""
ID_NAMES = ("activityId", "noteId", "_id", "note_field_activityId", "note_field_noteId")
"""The first of these that is not empty turns a POST into an update: the seed's, the 2012 and the 2014 spelling."""
LEGACY = ("opentapsPartyId", "contactTagName")
"""FTL sends these without prefix; on create they are free attributes all the same."""
ASSIGNEE = "assignee"
"""The canonical role of whom a task is assigned to; the vendor has it as a field, not as an association."""
YES = frozenset({"yes", "y", "true", "1"})
"""What means yes (`partial`, `createActivity`), in any letter case."""
MAX_NAME = 255
_LINE_BREAK = re.compile(r"\r\n?|\n")
_NOTHING: Mapping[str, Any] = {}


@dataclass(slots=True)
class Given:
    """What a request says of an activity; None where it says nothing, "" where it says "nothing"."""

    text: str | None = None
    type: str | None = None
    status: str | None = None
    scheduled: str | None = None
    assignees: list[str] | None = None
    responsible: str | None = None
    parent: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    creator: dict[str, str] = field(default_factory=dict)
    tag: str | None = None
    tag_url: str | None = None
    tag_keywords: str | None = None
    party_key: str | None = None


def read_given(params: Parameters) -> Given:
    """What the parameters say, unchecked."""
    prefixed: dict[str, str] = {}
    given = Given()
    for name, value in params.first.items():
        if name.startswith(PREFIX):
            _sort_in(name[len(PREFIX) :], value, prefixed, given.attributes)
        elif name.startswith(CREATOR_PREFIX) and len(name) > len(CREATOR_PREFIX):
            given.creator[name[len(CREATOR_PREFIX) :]] = value
    for name, value in params.attributes.items():
        if name not in given.attributes and name not in prefixed:
            _sort_in(name, value, prefixed, given.attributes)
    core = {name: params.first.get(name, prefixed.get(name)) for name in CORE}
    given.text, given.type, given.status = core["noteText"], core["activityType"], core["status"]
    if not given.text and params.json is not None and params.json.get("noteText", "") is None:
        # A null is no text, where "" would be a blank one.
        given.text = None
    given.scheduled, given.parent = core["scheduledDateTime"], core["parentActivityId"]
    given.responsible = core["responsibleContactId"]
    if core["assignedToContactId"] is not None:
        sent = params.all("assignedToContactId") or params.all(f"{PREFIX}assignedToContactId")
        given.assignees = list(dict.fromkeys(split_list(sent or [core["assignedToContactId"]])))
    given.tag, given.tag_url, given.tag_keywords = (params.given(n) for n in ("tagName", "tagUrl", "tagKeywords"))
    given.party_key = params.given("opentapsPartyId")
    return given


def _sort_in(name: str, value: str, core: dict[str, str], free: dict[str, str]) -> None:
    if name in CORE:
        core[name] = value
    elif name and name not in IGNORED and f"{PREFIX}{name}" not in ID_NAMES:
        free[name] = value


def as_replacement(given: Given) -> None:
    """Makes what a full PUT does not say what it reverts to: default, or absent (opentaps dossier, section 7)."""
    given.type = given.type or ""
    given.status = given.status or ""
    given.scheduled = given.scheduled or ""
    given.assignees = given.assignees or []


def legacy_attributes(params: Parameters) -> dict[str, str]:
    """The unprefixed names that become free attributes on create."""
    return {name: params.first[name] for name in LEGACY if name in params.first}


def check(given: Given, action: str, *, whole: bool) -> None:
    """Raises Rejected: for a text that is missing (where the record is `whole`) or blank, and for overlong names."""
    if (given.text is None and whole) or (given.text is not None and not given.text.strip()):
        raise Rejected(action, "text", given.text)
    for name in given.attributes:
        if len(name) > MAX_NAME:
            raise Rejected(action, name, given.attributes[name], "the name is too long")
    for name, value in (("activityType", given.type), ("tagName", given.tag)):
        if value is not None and len(value) > MAX_NAME:
            raise Rejected(action, name, value, "is too long")


def canonical_type(word: str | None, default: str) -> str:
    """``EMAIL`` -> ``email``; types are upper-case on the wire whatever was sent."""
    return clean_text(word or "").strip().upper().lower() or default


def split_note(text: str) -> tuple[str, str | None]:
    """Title and body of a text: its first line, and the rest (None when there is none).

    Browsers send CRLF; the title of the other dialects has no CR at its end.
    """
    title, _, body = _LINE_BREAK.sub("\n", text, count=1).partition("\n")
    return title, body or None


def note_text(activity: Activity) -> str:
    """The one text: title, line break, body; to the byte as it was written, if it was written here."""
    kept = activity.extras.get(NAMESPACE, _NOTHING).get("noteText")
    if isinstance(kept, str) and split_note(kept) == (activity.title, activity.body):
        return kept
    return join_text(activity.title, activity.body)


def values_of(given: Given, before: Activity | None, action: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Canonical values and extras for text, status and schedule; with `before`, only what changes.

    Raises Rejected for a date that is none. The very text or moment that was shown changes nothing.
    """
    values: dict[str, Any] = {}
    extras: dict[str, Any] = {}
    if given.text is not None and (before is None or note_text(before) != given.text):
        values["title"], values["body"] = split_note(given.text)
        exact = join_text(values["title"], values["body"]) == given.text
        extras["noteText"] = None if exact else given.text
    if given.status is not None:
        word = given.status if given.status.strip() else "CREATED"
        values["state"] = state_of(word)
        extras.update(kept_word(word))
    if given.scheduled is not None:
        values.update(_due_values(given.scheduled, before, action))
    return values, extras


def _due_values(text: str, before: Activity | None, action: str) -> dict[str, Any]:
    if not text.strip():
        return {"due_at": None, "due_date_only": False}
    try:
        due = parse_due(text)
    except ValueError:
        raise Rejected(action, "scheduledDateTime", text, "must be a date") from None
    if before is not None and same_when_shown(before.due_at, due.at) and (before.due_date_only or not due.date_only):
        return {}
    return {"due_at": due.at, "due_date_only": due.date_only}


def custom_of(given: Given) -> tuple[CustomValue, ...]:
    """The free attributes to set on an update: those with a value."""
    return tuple(CustomValue(name, value) for name, value in given.attributes.items() if value)


def role_in(role: str) -> str:
    """The role of an association as the core keeps it: apart from the assignees, which the vendor has as a field."""
    return f"~{role}" if role.lstrip("~") == ASSIGNEE else role


def role_out(role: str) -> str:
    """The way back from `role_in`."""
    return role[1:] if role.startswith("~") and role.lstrip("~") == ASSIGNEE else role
