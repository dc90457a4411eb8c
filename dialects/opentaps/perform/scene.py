"""What surrounds the activities of one answer: users, contacts, parents. Loaded at once for a whole page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeVar

from adapter.dialect import Call
from adapter.formats.json_body import ascii_string
from canonical.model import SEEN_BY_ALL, Activity, Link, Party, Record, Tag, User
from canonical.operations import Desk
from canonical.values import Instant
from dialects.opentaps.auth import domain
from dialects.opentaps.fields.activity import note_text
from dialects.opentaps.fields.element import creator_element
from dialects.opentaps.fields.status import NAMESPACE
from dialects.opentaps.perform.names import TenantNames

INCLUDE = ("links", "tags", "custom")
AT_ONCE = 10_000
_NOTHING: Mapping[str, Any] = {}
R = TypeVar("R", bound=Record)


def user_id(user: User) -> str:
    """The login as clients know it: as it was made, letter case included."""
    return str(user.extras.get(NAMESPACE, {}).get("userId") or user.username)


def user_type(user: User) -> str:
    return str(user.extras.get(NAMESPACE, {}).get("userIdType") or "INTERNAL")


def _many(desk: Desk, kind: type[R], ids: set[int]) -> dict[int, R]:
    """The records, by as many at once as every database takes; a page of 10,000 may name many more contacts."""
    if len(ids) <= AT_ONCE:
        return desk.get_many(kind, ids)
    wanted = list(ids)
    found: dict[int, R] = {}
    for at in range(0, len(wanted), AT_ONCE):
        found.update(desk.get_many(kind, wanted[at : at + AT_ONCE]))
    return found


@dataclass(frozen=True, slots=True)
class ShownUser:
    """What elements show of a user: himself as JSON, and what is to know of his contact card."""

    creator: str
    card_id: int | None
    card_created_at: Instant | None
    card_visibility: str | None


class LoadedScene:
    """The `Scene` of records of the core. Links and users tell what is to know of contacts that everyone sees."""

    def __init__(self, call: Call, activities: Sequence[Activity]) -> None:
        self.domain = ascii_string(domain(call))
        self._call = call
        self._names = TenantNames(call)
        self._users = self._load_users(activities)
        self._parties = self._load_parties(activities)
        parents = {activity.parent_id for activity in activities if activity.parent_id is not None}
        self._parents = _many(call.desk, Activity, parents) if parents else {}
        note_losses(call, activities)

    def _load_users(self, activities: Sequence[Activity]) -> dict[int, ShownUser]:
        """Creators and chosen owners; with others besides."""
        desk = self._call.desk
        ids = {activity.creator_id for activity in activities if activity.creator_id is not None}
        ids.update(activity.owner_id for activity in activities if activity.owner_chosen)
        known: dict[int, ShownUser] = desk.remembered("users")
        missing = ids.difference(known)
        if missing:
            for user in _many(desk, User, missing).values():
                creator = creator_element(_creator(user))
                known[user.id] = ShownUser(creator, user.person_id, user.person_created_at, user.person_visibility)
        return known

    def _load_parties(self, activities: Sequence[Activity]) -> dict[int, Party]:
        """Contacts of which only the id is known, and those that are not for everyone: they may be hidden."""
        ids: set[int] = set()
        for activity in activities:
            kept = _responsible(activity)
            if kept is not None:
                ids.add(kept)
            owner = self._users.get(activity.owner_id) if activity.owner_chosen else None
            if owner is not None and owner.card_id is not None and owner.card_visibility not in SEEN_BY_ALL:
                ids.add(owner.card_id)
            for link in activity.links:
                if link.target_visibility not in SEEN_BY_ALL and link.target.kind == "party":
                    ids.add(link.target.id)
        return _many(self._call.desk, Party, ids) if ids else {}

    def note_id(self, activity: Activity) -> str:
        return self._names.quoted("activity", activity.id, activity.created_at)

    def contact_id(self, link: Link) -> str | None:
        if link.target_visibility in SEEN_BY_ALL:
            return self._names.quoted("party", link.target.id, link.target_created_at or 0)
        shown = self._loaded_id(link.target.id) if link.target.kind == "party" else None
        if shown is None:
            self._call.losses.add("activity", "links", "only_visible_contacts")
        return shown

    def _loaded_id(self, id: int) -> str | None:
        party = self._parties.get(id)
        return None if party is None else self._names.quoted("party", id, party.created_at)

    def parent_id(self, activity: Activity) -> str | None:
        if activity.parent_id is None:
            return None
        parent = self._parents.get(activity.parent_id)
        return None if parent is None else self._names.quoted("activity", parent.id, parent.created_at)

    def responsible_id(self, activity: Activity) -> str | None:
        kept = _responsible(activity)
        if kept is not None and kept in self._parties:
            return self._loaded_id(kept)
        owner = self._users.get(activity.owner_id) if activity.owner_chosen else None
        if owner is None or owner.card_id is None:
            return None
        if owner.card_visibility in SEEN_BY_ALL:
            return self._names.quoted("party", owner.card_id, owner.card_created_at or 0)
        return self._loaded_id(owner.card_id)

    def creator(self, activity: Activity) -> str | None:
        id = activity.creator_id
        given = activity.extras.get(NAMESPACE, _NOTHING).get("createdByUser")
        if isinstance(given, dict):
            return creator_element({**self._user(id), **given})
        user = self._users.get(id) if id is not None else None
        return None if user is None else user.creator

    def _user(self, id: int | None) -> dict[str, str]:
        """Who made an activity, for what was given of him to stand over it."""
        found = {} if id is None else self._call.desk.get_many(User, (id,))
        return next(map(_creator, found.values()), {})

    def tag_id(self, tag: Tag) -> str:
        return self._names.shown("tag", tag.id)

    def text(self, activity: Activity) -> str:
        if activity.masked:
            self._call.losses.add("activity", "noteText", "confidential")
        return note_text(activity)


def _creator(user: User) -> dict[str, str]:
    return {"id": user_id(user), "userType": user_type(user), "name": user.name}


def _responsible(activity: Activity) -> int | None:
    kept = activity.extras.get(NAMESPACE, _NOTHING).get("responsible")
    return kept if isinstance(kept, int) else None


UNSHOWN = (
    "start_at", "end_at", "location", "category", "priority", "requester_id", "thread_id", "group_id",
    "billable_seconds", "nonbillable_seconds",
)  # fmt: skip
"""Fields of activities for which the vendor has no name."""
_unshown = attrgetter(*UNSHOWN)


def note_losses(call: Call, activities: Sequence[Activity]) -> None:
    """Counts what activities have and their elements cannot say."""
    for name, values in zip(UNSHOWN, zip(*map(_unshown, activities), strict=True), strict=False):
        if any(values):
            call.losses.add("activity", name, "not_shown", sum(map(bool, values)))
    if times := sum(bool(custom.group) for activity in activities for custom in activity.custom):
        call.losses.add("activity", "custom", "grouped", times)
