"""``modelRelations``: what is added to or removed from a record's many-relations (zurmo dossier, sections 3, 6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapter.dialect import Call
from adapter.formats.form_body import Nested
from canonical.model import SUBJECT, Activity, Opportunity, Party, Record, User, is_subject
from canonical.operations import NewLink, Update
from canonical.values import Ref
from dialects.zurmo.errors import BAD_ACTION, BAD_RELATED_ID, BAD_RELATION, Failure
from dialects.zurmo.fields.meeting import ATTENDEE
from dialects.zurmo.fields.modules import Module
from dialects.zurmo.wire.parameters import php_int

MAX_ENTRIES: Final = 500

# Class name to kind and, for parties, type.
_CLASSES: Final[dict[str, tuple[type[Record], str | None]]] = {
    "Contact": (Party, "person"),
    "Account": (Party, "organisation"),
    "Opportunity": (Opportunity, None),
    "User": (User, None),
}
# Which classes each relation takes.
TAKES: Final = {
    "activityItems": ("Contact", "Account", "Opportunity"),
    "userAttendees": ("User",),
    "contacts": ("Contact",),
    "accounts": ("Account",),
    "opportunities": ("Opportunity",),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as sent."""

    relation: str
    action: str
    model: str
    id: int


@dataclass(frozen=True, slots=True)
class Change:
    """One entry with the record it names."""

    relation: str
    adds: bool
    target: Ref


def entries(sent: Mapping[str, Nested]) -> list[Entry]:
    """The entries of ``modelRelations``, and of ``activityItems`` put beside it as the seed's PHP sample does."""
    groups: list[tuple[str, Nested]] = []
    relations = sent.get("modelRelations")
    if isinstance(relations, dict):
        groups.extend(relations.items())
    if isinstance(sent.get("activityItems"), dict):
        groups.append(("activityItems", sent["activityItems"]))
    out = [Entry(name, *_entry(entry)) for name, group in groups for entry in _each(group)]
    if len(out) > MAX_ENTRIES:
        raise Failure(BAD_RELATED_ID)
    return out


def _each(group: Nested) -> Iterator[Nested]:
    if isinstance(group, dict):
        # One entry of an XML message is no list.
        yield from [group] if "action" in group else group.values()


def _entry(entry: Nested) -> tuple[str, str, int]:
    if not isinstance(entry, dict):
        return "", "", 0
    action, model = entry.get("action"), entry.get("modelClassName")
    return (
        action if isinstance(action, str) else "",
        model if isinstance(model, str) else "",
        php_int(entry.get("modelId")),
    )


def asked(module: Module, entry: Entry) -> Change:
    """The change of one entry, as far as it can be told without the record that it names.

    Raises Failure for a relation, class or action that there is not, in this order.
    """
    kind, _ = _class(module, entry)
    if entry.action not in ("add", "remove"):
        raise Failure(BAD_ACTION)
    return Change(entry.relation, entry.action == "add", Ref(kind.KIND, entry.id))


def _class(module: Module, entry: Entry) -> tuple[type[Record], str | None]:
    if entry.relation not in module.relations:
        raise Failure(BAD_RELATION)
    if entry.model not in TAKES[entry.relation]:
        raise Failure(BAD_RELATED_ID)
    return _CLASSES[entry.model]


def resolve(call: Call, module: Module, entry: Entry) -> Change:
    """The change of one entry.

    Raises Failure for a relation, id or action that there is not, in this order (zurmo dossier, section 6).
    """
    kind, type_ = _class(module, entry)
    record: Any = call.desk.get_many(kind, (entry.id,)).get(entry.id)
    if record is None or (type_ is not None and record.type != type_):
        raise Failure(BAD_RELATED_ID)
    return asked(module, entry)


def as_links(changes: list[Change]) -> tuple[NewLink, ...]:
    """The links of a new record."""
    return tuple(NewLink(change.target, role_of(change)) for change in changes if change.adds and is_link(change))


def is_link(change: Change) -> bool:
    """Whether the link hangs on the record itself."""
    return change.relation in ("activityItems", "userAttendees")


def role_of(change: Change) -> str:
    return ATTENDEE if change.relation == "userAttendees" else ""


def apply(call: Call, module: Module, record: Any, change: Change) -> None:
    """Carries out one change of a record that is there."""
    desk = call.desk
    here = Ref(record.KIND, record.id)
    if is_link(change):
        _link(call, here, change.target, role_of(change), change.adds)
    elif module.model == "Account":
        # The other record's own account is set or cleared.
        kind: type[Record] = Opportunity if change.target.kind == "opportunity" else Party
        column = "party_id" if kind is Opportunity else "organisation_id"
        other = desk.get_many(kind, (change.target.id,))[change.target.id]
        if change.adds:
            desk.update(Update(kind, other.id, {column: record.id}))
        elif getattr(other, column) == record.id:
            desk.update(Update(kind, other.id, {column: None}))
    elif here.kind == "opportunity":
        _link(call, here, change.target, "", change.adds)
    else:
        # A contact's opportunities: the link hangs on the opportunity.
        _link(call, change.target, here, "", change.adds)


def _link(call: Call, record: Ref, target: Ref, role: str, adds: bool) -> None:
    if adds:
        call.desk.add_link(record, NewLink(target, role))
        return
    roles = {role}
    if role == SUBJECT and record.kind == Activity.KIND:
        # What it is about may be so in a role of another dialect's; here there is one relation for all of them.
        links = call.desk.get(Activity, record.id, ("links",)).links
        roles.update(link.role for link in links if link.target == target and is_subject(link))
    for each in roles:
        call.desk.drop_link(record, target, each)
