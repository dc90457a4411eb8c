"""What surrounds the activities of one answer: users, contacts, parents. Loaded at once for a whole page."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import TypeVar

from adapter.dialect import Call
from canonical.model import Activity, Link, Party, Record, Tag, User
from canonical.operations import Desk
from canonical.values import Ref
from dialects.opentaps.auth import domain
from dialects.opentaps.fields.activity import note_text
from dialects.opentaps.fields.status import NAMESPACE
from dialects.opentaps.handlers.names import TenantNames

INCLUDE = ("links", "tags", "custom")
AT_ONCE = 10_000
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


class LoadedScene:
    """The `Scene` of records of the core."""

    def __init__(self, call: Call, activities: Sequence[Activity]) -> None:
        self.domain = domain(call)
        self._call = call
        self._names = TenantNames(call)
        self._users: dict[int, User] = {}
        self._parties: dict[int, Party] = {}
        self._parents: dict[int, Activity] = {}
        self._creators: dict[int, dict[str, str]] = {}
        self._load(activities)

    def _load(self, activities: Sequence[Activity]) -> None:
        desk = self._call.desk
        users: set[int] = set()
        parties: set[int] = set()
        parents: set[int] = set()
        for activity in activities:
            if activity.creator_id is not None:
                users.add(activity.creator_id)
            if activity.owner_chosen:
                users.add(activity.owner_id)
            if activity.parent_id is not None:
                parents.add(activity.parent_id)
            kept = _responsible(activity)
            if kept is not None:
                parties.add(kept)
            for link in activity.links:
                if link.target.kind == "party":
                    parties.add(link.target.id)
            note_losses(self._call, activity)
        if users:
            self._users = _many(desk, User, users)
        for activity in activities:
            owner = self._users.get(activity.owner_id) if activity.owner_chosen else None
            if owner is not None and owner.person_id is not None:
                parties.add(owner.person_id)
        if parties:
            self._parties = _many(desk, Party, parties)
        if parents:
            self._parents = _many(desk, Activity, parents)

    def note_id(self, activity: Activity) -> str:
        return self._names.shown("activity", activity.id, activity.created_at)

    def _party_id(self, id: int) -> str | None:
        party = self._parties.get(id)
        return None if party is None else self._names.shown("party", id, party.created_at)

    def contact_id(self, link: Link) -> str | None:
        shown = self._party_id(link.target.id) if link.target.kind == "party" else None
        if shown is None:
            self._call.losses.add("activity", "links", "only_visible_contacts")
        return shown

    def parent_id(self, activity: Activity) -> str | None:
        if activity.parent_id is None:
            return None
        parent = self._parents.get(activity.parent_id)
        return None if parent is None else self._names.shown("activity", parent.id, parent.created_at)

    def responsible_id(self, activity: Activity) -> str | None:
        kept = _responsible(activity)
        if kept is not None and kept in self._parties:
            return self._party_id(kept)
        owner = self._users.get(activity.owner_id) if activity.owner_chosen else None
        return None if owner is None or owner.person_id is None else self._party_id(owner.person_id)

    def creator(self, activity: Activity) -> dict[str, str] | None:
        given = activity.extras.get(NAMESPACE, {}).get("createdByUser")
        base = self._creator(activity.creator_id)
        if isinstance(given, dict):
            return {**base, **given}
        return base or None

    def _creator(self, id: int | None) -> dict[str, str]:
        user = self._users.get(id) if id is not None else None
        if user is None:
            return {}
        known = self._creators.get(user.id)
        if known is None:
            known = self._creators[user.id] = {
                "id": user_id(user),
                "userType": user_type(user),
                "name": user.name,
            }
        return known

    def tag_id(self, tag: Tag) -> str:
        return self._names.shown("tag", tag.id)

    def text(self, activity: Activity) -> str:
        """The text; empty where it is confidential and the caller neither owns the activity nor takes part."""
        if activity.visibility == "confidential" and not takes_part(self._call, activity):
            self._call.losses.add("activity", "noteText", "confidential")
            return ""
        return note_text(activity)


def takes_part(call: Call, activity: Activity) -> bool:
    """Whether the caller owns the activity or is linked to it, as a user or by contact card."""
    me = call.caller
    mine = {Ref("user", me.user_id), Ref("party", me.person_id or 0)}
    return activity.owner_id == me.user_id or any(link.target in mine for link in activity.links)


def _responsible(activity: Activity) -> int | None:
    kept = activity.extras.get(NAMESPACE, {}).get("responsible")
    return kept if isinstance(kept, int) else None


UNSHOWN = (
    "start_at", "end_at", "location", "category", "priority", "requester_id", "thread_id", "group_id",
    "billable_seconds", "nonbillable_seconds",
)  # fmt: skip
"""Fields of activities for which the vendor has no name."""
_unshown = attrgetter(*UNSHOWN)


def note_losses(call: Call, activity: Activity) -> None:
    """Counts what an activity has and the element cannot say."""
    values = _unshown(activity)
    if any(values):
        for name, value in zip(UNSHOWN, values, strict=True):
            if value:
                call.losses.add("activity", name, "not_shown")
    for custom in activity.custom:
        if custom.group:
            call.losses.add("activity", "custom", "grouped")
