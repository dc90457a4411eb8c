"""Contacts associated with activities in roles (seed 000; opentaps dossier, section 7)."""

from __future__ import annotations

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.model import Activity
from canonical.operations import NewLink
from canonical.values import Ref
from dialects.opentaps.auth import parameters
from dialects.opentaps.errors import Rejected
from dialects.opentaps.fields.activity import ASSIGNEE, MAX_NAME, role_in
from dialects.opentaps.perform.activities import one
from dialects.opentaps.perform.names import TenantNames
from dialects.opentaps.perform.scene import INCLUDE


def _named(call: Call, action: str) -> tuple[Activity, Ref, str]:
    """The activity, the contact and the role as the core keeps it."""
    params = parameters(call)
    texts = {}
    for name, spellings in (("activityId", ("activityId", "noteId", "_id")), ("contactId", ("contactId",))):
        text = params.given(*spellings)
        if text is None:
            raise Rejected(action, name, params.get(name))
        texts[name] = text
    role = params.get("role") or ""
    if len(role) > MAX_NAME:
        raise Rejected(action, "role", role, "is too long")
    names = TenantNames(call)
    activity = names.note(texts["activityId"], ("links",))
    return activity, Ref("party", names.party(texts["contactId"]).id), role_in(role)


def add(call: Call) -> WireResponse:
    """The same contact again in the same role changes nothing."""
    activity, contact, role = _named(call, "add contact")
    call.desk.add_link(Ref("activity", activity.id), NewLink(contact, role))
    return one(call, call.desk.get(Activity, activity.id, INCLUDE))


def remove(call: Call) -> WireResponse:
    """One role, or without a role all associations of the contact; nothing to remove is no error."""
    activity, contact, role = _named(call, "remove contact")
    for link in activity.links:
        # Whom a task is assigned to is a field of it and not removed here.
        if link.target == contact and link.role != ASSIGNEE and (not role or link.role == role):
            call.desk.drop_link(Ref("activity", activity.id), contact, link.role)
    return one(call, call.desk.get(Activity, activity.id, INCLUDE))
