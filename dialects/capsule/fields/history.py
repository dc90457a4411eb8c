"""The element `historyItem`: any activity that is not a task (capsule dossier, section 8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from canonical.model import Activity
from canonical.values import Ref, join_text, split_text
from dialects.capsule.errors import BadRequest
from dialects.capsule.fields.picture import picture_url
from dialects.capsule.fields.subjects import id_field, name_field, read_links, subject
from dialects.capsule.fields.table import ID, TIME, Field, read_record, read_text, unchanged
from dialects.capsule.wire import texts
from dialects.capsule.wire.bodies import Tree

_SUBJECT_LENGTH = 75
# Roles of an e-mail's people in the core, and how Capsule spells them.
PARTICIPANT_ROLES = {"from": "FROM", "to": "TO", "cc": "CC", "bcc": "BCC"}

Participants = Sequence[Sequence[tuple[str, str]]]


@dataclass(slots=True)
class HistoryContext:
    """What an item shows of other records: names of users by id, e-mail addresses of parties by id."""

    base_url: str
    names: Mapping[int, str] = field(default_factory=dict)
    addresses: Mapping[int, str] = field(default_factory=dict)


def note(item: Activity, context: object = None) -> str:
    return join_text(item.title, item.body)


def split_note(text: str) -> tuple[str, str | None]:
    """Title and body that `note` joins to the very same text again, a final line break included."""
    title, body = split_text(text)
    return (title, body) if join_text(title, body) == text else (text, None)


def entry_date(item: Activity) -> int:
    """When it happened: its start, or when it was written down."""
    return item.created_at if item.start_at is None else item.start_at


def _entry_date(item: Activity, context: object) -> str:
    return texts.show_time(entry_date(item))


def _subject(item: Activity, context: object) -> str:
    text = note(item)
    return text if len(text) <= _SUBJECT_LENGTH else f"{text[:_SUBJECT_LENGTH]}..."


def _creator_name(item: Activity, context: HistoryContext) -> str | None:
    return context.names.get(item.creator_id or 0)


def _picture(item: Activity, context: HistoryContext) -> str | None:
    link = subject(item.links, "party")
    return None if link is None else picture_url(context.base_url, link.target_type)


def _participants(item: Activity, context: HistoryContext) -> Participants | None:
    """The people of an e-mail, each an element of this name: there is none around them (CapsuleCRMExport reads so).

    Java's XStream does not know it: only there when there is something.
    """
    if item.type != "email":
        return None
    shown = []
    for link in item.links:
        role = PARTICIPANT_ROLES.get(link.role)
        if role is not None and link.target.kind == "party":
            address = context.addresses.get(link.target.id)
            parts = (("name", link.target_name), ("emailAddress", address), ("role", role))
            shown.append([(name, text) for name, text in parts if text])
    return shown or None


FIELDS = (
    Field("id", "id", ID, read_only=True),
    Field("type", show=lambda item, context: "Note", read_only=True, safe=True),
    Field("entryDate", show=_entry_date, safe=True),
    Field("creator", "creator_username", kept=True),
    Field("creatorName", show=_creator_name, read_only=True),
    Field("subject", show=_subject, read_only=True),
    Field("note", show=note),
    Field("participants", show=_participants, read_only=True, repeats=True),
    id_field("party", "party"),
    name_field("party", "party"),
    Field("partyPictureURL", show=_picture, read_only=True),
    id_field("case", "case"),
    name_field("case", "case"),
    id_field("opportunity", "opportunity"),
    name_field("opportunity", "opportunity"),
)


def read_item(body: Tree, current: Activity | None = None, *, new: bool) -> dict[str, Any]:
    """Canonical values of a `new` item, or of what changes; of `current`, where it is known.

    The creator stands as ``creator_username``. Raises `BadRequest` naming the element that is wrong.
    """
    values: dict[str, Any] = {}
    text = body.text("note")
    if text is None and new:
        raise BadRequest("note is required")
    if text is not None and (current is None or not unchanged(text, note(current))):
        if not text.strip():
            raise BadRequest("note is required")
        values["title"], values["body"] = split_note(text)
    entry = body.text("entryDate")
    if entry is not None and not entry.strip() and not new:
        raise BadRequest("entryDate is required")
    if entry is not None and entry.strip():
        at = read_text("entryDate", TIME, entry)
        if current is None or at != texts.cut_to_second(entry_date(current)):
            values["start_at"] = at
    creator = body.text("creator")
    if creator is not None and creator.strip() and (current is None or creator != current.creator_username):
        values["creator_username"] = creator
    return values


def parse_item(tree: Tree) -> Activity:
    """The note that a server's answer shows, with that server's ids. Raises `BadRequest`."""
    item = Activity(**{**read_record(FIELDS, tree), "type": "note"})
    item.title, item.body = split_note(tree.text("note") or "")
    people = _parse_participants(tree)
    if people:
        # Only e-mails have them; by name and address, which is not enough for a link.
        item.type, item.extras = "email", {"capsule": {"participants": people}}
    entry = tree.filled("entryDate")
    if entry is not None:
        item.start_at = read_text("entryDate", TIME, entry)
    item.links = read_links(tree, Ref("activity", item.id))
    return item


def _parse_participants(tree: Tree) -> list[dict[str, str]]:
    return [
        {name: text for name in ("name", "emailAddress", "role") if (text := person.filled(name))}
        for entry in tree.branches("participants")
        for person in entry.branches("participant") or (entry,)
    ]


def write_item(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Elements for canonical values, to create or to update a history item on a server."""
    pairs = []
    if values.get("start_at") is not None:
        pairs.append(("entryDate", texts.show_time(values["start_at"])))
    if values.get("creator_username"):
        pairs.append(("creator", values["creator_username"]))
    if "title" in values or "body" in values:
        pairs.append(("note", join_text(values.get("title") or "", values.get("body"))))
    return pairs
