"""Meetings; who attends is worked out from their links (3.x)."""

from __future__ import annotations

from typing import Any, Final

from adapter.fields.expression import Told
from canonical.model import Activity, Link, Party, is_subject
from canonical.query import Compare, Has, Node, Op, all_of
from canonical.values import SECOND
from dialects.zurmo.errors import UnknownAttribute
from dialects.zurmo.fields import common, plain
from dialects.zurmo.fields.base import Draft, Field, View, sql_moment
from dialects.zurmo.fields.comparison import Below, Comparison, Searching
from dialects.zurmo.fields.nodes import moment_node, number_node
from dialects.zurmo.fields.owned import first_email

ATTENDEE: Final = "attendee"


def _is_shown(link: Link) -> bool:
    """Who attends, and what the meeting is about, stand side by side."""
    return link.role == ATTENDEE or is_subject(link)


def party_ids(meetings: list[Activity]) -> set[int]:
    """The parties whose names and e-mails the attendees of these meetings show."""
    return {
        link.target.id
        for meeting in meetings
        for link in meeting.links
        if link.target.kind == "party" and _is_shown(link)
    }


def _person(party: Party) -> dict[str, Any]:
    point = first_email(party.points)
    email = {} if point is None else {"email": point.value}
    return {"id": party.id, **email, "firstName": party.first_name, "lastName": party.last_name}


def user_entry(user: Any) -> dict[str, Any]:
    """A user among attendees and in searchUsersByEmails."""
    entry = {
        "id": user.id,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "username": user.username,
    }
    return {**entry, "email": user.email} if user.email else entry


def _show_attendees(record: Activity, view: View) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for link in record.links:
        if not _is_shown(link):
            continue
        found = _entry(link, view)
        if found is not None:
            group = shown.setdefault(found[0], [])
            if all(entry["id"] != found[1]["id"] for entry in group):
                group.append(found[1])
    owner = view.owners.get(record.owner_id)
    if owner is not None:
        shown["Organizer"] = user_entry(owner)
    # The vendor's order of groups (recording 029, zurmo dossier, section 8).
    return {name: shown[name] for name in ("Contact", "Account", "Opportunity", "User", "Organizer") if name in shown}


def _entry(link: Link, view: View) -> tuple[str, dict[str, Any]] | None:
    kind, id = link.target
    if kind == "party":
        party = view.people.get(id)
        if party is None:
            return None
        if party.type == "organisation":
            return "Account", {"id": id, "name": party.name}
        return "Contact", _person(party)
    if kind == "opportunity":
        return "Opportunity", {"id": id, "name": link.target_name}
    if kind == "user" and link.role == ATTENDEE:
        user = view.owners.get(id)
        return None if user is None else ("User", user_entry(user))
    return None


def _search_attendees(searching: Searching, below: Below, test: Comparison) -> Node:
    if below not in ((), ("id",)):
        raise UnknownAttribute(below[0])
    users = all_of(Compare("target_kind", Op.EQ, "user"), Compare("role", Op.EQ, ATTENDEE))
    return Has("links", all_of(users, number_node("target_id", test)))


def _show_latest(record: Activity, view: View) -> str | None:
    return plain.shown_moment(record, "startDateTime", record.start_at)


LATEST = Field(
    "latestDateTime",
    show=sql_moment("start_at", Told(_show_latest)),
    search=plain.column_search("start_at", moment_node),
    sort="start_at",
    element="DateTime",
    read_only=True,
    required=True,
)
ATTENDEES_SEARCH = Field("userAttendees", show=lambda record, view: None, search=_search_attendees, listed=False)

BAD_END: Final = "End Time must occur after Start Time"
BAD_START: Final = "Start Time must occur before End Time"


def settle(draft: Draft) -> None:
    """A meeting does not end before it starts; of the two the one that was not sent is the stored one.

    An end that is no moment is before any start, as PHP's strtotime makes nothing of it (zurmo dossier, section 6).
    """
    record: Activity | None = draft.record
    if draft.whole:
        return
    broken = "endDateTime" in draft.errors
    if not (broken or draft.values.keys() & {"start_at", "end_at"}):
        return
    start = draft.values.get("start_at", None if record is None else record.start_at)
    end = draft.values.get("end_at", None if record is None else record.end_at)
    if start is None or "startDateTime" in draft.errors or not (broken or end is not None):
        return
    # Whole seconds are what the vendor knows.
    if end is None or broken or end // SECOND < start // SECOND:
        draft.fail("endDateTime", BAD_END)
        draft.fail("startDateTime", BAD_START)


FIELDS: tuple[Field, ...] = (
    common.OWNER,
    common.PERMISSIONS,
    *common.AUDIT,
    LATEST,
    plain.text_area("description", "body"),
    plain.moment("endDateTime", "end_at", label="End Time"),
    plain.own_flag("processedForLatestActivity", v3_only=True, start="0", at_first="0", audited=False),
    plain.text("location", "location"),
    plain.own_flag("logged", v3_only=True),
    plain.text("name", "title", required=True),
    plain.moment("startDateTime", "start_at", label="Start Time", required=True),
    plain.dropdown("category", "category", 0, "MeetingCategories", start="Meeting"),
    Field("attendees", show=_show_attendees, v3_only=True, listed=False),
)
