"""One activity as all three generations of clients read it (opentaps dossier, section 4).

The 2012 clients unwrap `note`, with its fields as ``note_field_…``; those of 2014 read the keys beside it. What an
activity alone cannot tell (ids as clients know them, names of users) is asked of a `Scene`.
"""

from __future__ import annotations

from typing import Any, Protocol

from canonical.model import Activity, Link, Tag
from dialects.opentaps.fields.activity import ASSIGNEE, PREFIX, role_out
from dialects.opentaps.fields.status import shown_status
from dialects.opentaps.times import stamp


class Scene(Protocol):
    """What surrounds the activities of one answer."""

    domain: str

    def note_id(self, activity: Activity) -> str: ...
    def contact_id(self, link: Link) -> str | None:
        """The contact a link points at; None when there is nothing that clients could be told."""

    def parent_id(self, activity: Activity) -> str | None: ...
    def responsible_id(self, activity: Activity) -> str | None: ...
    def creator(self, activity: Activity) -> dict[str, str] | None: ...
    def tag_id(self, tag: Tag) -> str: ...
    def text(self, activity: Activity) -> str:
        """The text, unless it is not the caller's to read."""


def tag_element(tag: Tag, wire_id: str) -> dict[str, str]:
    """A tag; what is not set is absent."""
    shown = {"tagId": wire_id, "tagName": tag.name}
    if tag.url:
        shown["tagUrl"] = tag.url
    if tag.keywords:
        shown["tagKeywords"] = tag.keywords
    return shown


def activity_element(activity: Activity, scene: Scene) -> dict[str, Any]:
    """The element of a list, or the whole `resultValue` of a single answer."""
    id = scene.note_id(activity)
    shown: dict[str, Any] = {
        "noteText": scene.text(activity),
        "sequenceNum": activity.sequence,
        "clientDomain": scene.domain,
        "dateTimeCreated": stamp(activity.created_at),
    }
    creator = scene.creator(activity)
    if creator is not None:
        shown["createdByUser"] = creator
    core: dict[str, Any] = {"activityType": activity.type.upper(), "status": shown_status(activity)}
    if activity.due_at is not None:
        core["scheduledDateTime"] = stamp(activity.due_at)
    contacts: list[dict[str, str]] = []
    assignees: list[str] = []
    for link in activity.links:
        contact = scene.contact_id(link)
        if contact is None:
            continue
        if link.role == ASSIGNEE:
            assignees.append(contact)
        elif link.role:
            contacts.append({"contactId": contact, "role": role_out(link.role)})
        else:
            contacts.append({"contactId": contact})
    if assignees:
        core["assignedToContact"] = assignees
    responsible = scene.responsible_id(activity)
    if responsible is not None:
        core["responsibleContactId"] = responsible
    parent = scene.parent_id(activity)
    if parent is not None:
        core["parentActivityId"] = parent
    attributes = {custom.name: custom.value for custom in activity.custom if not custom.group}
    flat: dict[str, Any] = {"note": {"noteId": id, **shown, **_fields(core, attributes)}}
    flat["_id"] = flat["activityId"] = flat["noteId"] = id
    flat.update(shown)
    if activity.version > 1:
        flat["dateTimeUpdated"] = stamp(activity.updated_at)
    flat.update(core)
    flat["contacts"] = contacts
    flat["tags"] = [tag_element(tag, scene.tag_id(tag)) for tag in activity.tags]
    flat["attributes"] = attributes
    return flat


def _fields(core: dict[str, Any], attributes: dict[str, str]) -> dict[str, str]:
    """The ``note_field_…`` keys, sorted by name; values are strings."""
    fields = {f"{PREFIX}{name}": value for name, value in attributes.items()}
    for name, value in core.items():
        if name == "assignedToContact":
            fields[f"{PREFIX}assignedToContactId"] = ",".join(value)
        else:
            fields[f"{PREFIX}{name}"] = value
    return dict(sorted(fields.items()))


def deleted_element(wire_id: str) -> dict[str, Any]:
    """What is left of a deleted activity."""
    return {"note": {"noteId": wire_id}, "_id": wire_id, "activityId": wire_id}
