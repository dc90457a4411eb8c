"""One activity as all three generations of clients read it (opentaps dossier, section 4).

The 2012 clients unwrap `note`, with its fields as ``note_field_…``; those of 2014 read the keys beside it. Most stands
in both, so that an element is put together as JSON text, each piece written once. What an activity alone cannot tell
(ids as clients know them, names of users) is asked of a `Scene`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import orjson

from adapter.formats.json_body import ascii_string as quoted
from adapter.formats.json_body import render_ascii
from canonical.model import Activity, Link, Tag
from dialects.opentaps.fields.activity import ASSIGNEE, PREFIX, role_out
from dialects.opentaps.fields.status import shown_status
from dialects.opentaps.wire.times import stamp


class Scene(Protocol):
    """What surrounds the activities of one answer. Ids of activities and contacts and the domain are JSON in ASCII."""

    domain: str

    def note_id(self, activity: Activity) -> str: ...
    def contact_id(self, link: Link) -> str | None:
        """The contact a link points at; None when there is nothing that clients could be told."""

    def parent_id(self, activity: Activity) -> str | None: ...
    def responsible_id(self, activity: Activity) -> str | None: ...
    def creator(self, activity: Activity) -> str | None:
        """The object `createdByUser`, as JSON in ASCII too."""

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


def creator_element(creator: dict[str, Any]) -> str:
    """`Scene.creator` of its keys and values."""
    return render_ascii(creator).decode()


def activity_element(activity: Activity, scene: Scene) -> orjson.Fragment:
    """The element of a list, or the whole `resultValue` of a single answer, as JSON in ASCII."""
    id = scene.note_id(activity)
    shown = (
        f'"noteText":{quoted(scene.text(activity))},"sequenceNum":{activity.sequence},'
        f'"clientDomain":{scene.domain},"dateTimeCreated":"{stamp(activity.created_at)}"'
    )
    creator = scene.creator(activity)
    if creator is not None:
        shown = f'{shown},"createdByUser":{creator}'
    contacts, assignees = _people(activity, scene)

    # A piece is a name without the quote before it, for it stands twice: plain here, as note_field_… in the note.
    type_ = f'activityType":{quoted(activity.type.upper())}'
    status = f'status":{quoted(shown_status(activity))}'
    due = None if activity.due_at is None else f'scheduledDateTime":"{stamp(activity.due_at)}"'
    assigned = f'assignedToContact":{_array(assignees)}' if assignees else None
    assigned_ids = f'assignedToContactId":{_joined(assignees)}' if assignees else None
    responsible = _id_piece("responsibleContactId", scene.responsible_id(activity))
    parent = _id_piece("parentActivityId", scene.parent_id(activity))
    flat = ',"'.join(filter(None, (type_, status, due, assigned, responsible, parent)))
    # By name.
    fields = list(filter(None, (type_, assigned_ids, parent, responsible, due, status)))
    tags = attributes = None
    if activity.tags:
        tags = render_ascii([tag_element(tag, scene.tag_id(tag)) for tag in activity.tags]).decode()
    if activity.custom:
        free = {custom.name: custom.value for custom in activity.custom if not custom.group}
        fields = _with_attributes(fields, free)
        attributes = render_ascii(free).decode()

    note = f',"{PREFIX}'.join(fields)
    updated = f',"dateTimeUpdated":"{stamp(activity.updated_at)}"' if activity.version > 1 else ""
    return orjson.Fragment(
        f'{{"note":{{"noteId":{id},{shown},"{PREFIX}{note}}},"_id":{id},"activityId":{id},"noteId":{id},{shown}{updated},'
        f'"{flat},"contacts":{_array(contacts)},"tags":{tags or "[]"},'
        f'"attributes":{attributes or "{}"}}}'
    )


def _people(activity: Activity, scene: Scene) -> tuple[list[str], list[str]]:
    """The elements of `contacts`, and the ids of the assignees."""
    contacts: list[str] = []
    assignees: list[str] = []
    for link in activity.links:
        contact = scene.contact_id(link)
        if contact is None:
            continue
        if link.role == ASSIGNEE:
            assignees.append(contact)
        elif link.role:
            contacts.append(f'{{"contactId":{contact},"role":{quoted(role_out(link.role))}}}')
        else:
            contacts.append(f'{{"contactId":{contact}}}')
    return contacts, assignees


def _array(elements: Iterable[str]) -> str:
    return f"[{','.join(elements)}]"


def _joined(ids: Iterable[str]) -> str:
    """Ids in one text, separated by commas."""
    return f'"{",".join(id[1:-1] for id in ids)}"'


def _id_piece(name: str, id: str | None) -> str | None:
    return None if id is None else f'{name}":{id}'


def _with_attributes(fields: list[str], attributes: dict[str, str]) -> list[str]:
    """The pieces of the fields and of the free attributes, by name; a field goes before an attribute of its name."""
    pieces = {name: f"{quoted(name)[1:]}:{quoted(value)}" for name, value in attributes.items()}
    for piece in fields:
        pieces[piece.partition('"')[0]] = piece
    return [pieces[name] for name in sorted(pieces)]


def deleted_element(wire_id: str) -> dict[str, Any]:
    """What is left of a deleted activity."""
    return {"note": {"noteId": wire_id}, "_id": wire_id, "activityId": wire_id}
