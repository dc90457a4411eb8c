"""From a Crust server's answers to canonical records, over the fields of the system modules; what nobody knows is kept
and counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapter.losses import LossReport
from adapter.wire import WireResponse
from canonical.errors import NotFound
from canonical.model import ContactPoint, CustomValue, Link, Party, User, display_name
from canonical.operations import NewLink
from canonical.values import Ref
from dialects.crust.client import shapes
from dialects.crust.client.shown import Shown, Unknown, response_of, when
from dialects.crust.client.views import Modules, View
from dialects.crust.fields import objects
from dialects.crust.fields.system.kept import FOLDED, UNKNOWN, folded, take_fixed
from dialects.crust.fields.system.related import empty_address, party_of
from dialects.crust.fields.system.table import EMPTY, Draft, SystemField
from dialects.crust.settings import NAME

RELATED: Final = "related"
"""The extra that keeps the ids beside a value, by its name."""


class Taken:
    """What writing a heard text asks: whatever it refers to is there, and of the sort that the field is for."""

    me = 0

    def __init__(self) -> None:
        self.sorts: dict[int, str] = {}

    def has(self, kind: str, id: int, sort: str = "") -> bool:
        if sort:
            self.sorts[id] = sort
        return True


# -- records ----------------------------------------------------------------------------------------


def rows_of(asked: str, answer: WireResponse) -> tuple[list[Shown], int]:
    """The records of a list's answer, one by one, and how many there are in all."""
    shown = response_of(asked, answer)
    meta = shown.read(shapes.RECORDS, Unknown())["meta"]
    value = shown.value or {}
    for key in ("contents", "records"):
        if isinstance(value.get(key), list):
            return Shown(asked, shown.status, value[key], f"{shown.place}/{key}").rows(), meta["count"]
    raise shown.fail("missing", "contents")


def module_of(row: Shown) -> int:
    """The id of the module that a record is of."""
    return int(row.read(shapes.RECORD, Unknown())["moduleID"])


def record(row: Shown, view: View, modules: Modules, losses: LossReport) -> Any:
    """The record that a row shows. Raises NotFound for one that is deleted."""
    unknown = Unknown()
    read = row.read(shapes.RECORD, unknown)
    id = read["contentID"] or read["recordID"]
    if not id:
        raise row.fail("missing", "contentID")
    if when(row, "deletedAt", read["deletedAt"]):
        raise NotFound(view.system.kind.KIND, id)
    texts = {item["name"]: item["value"] for item in read["fields"]}
    found = from_texts(view, id, texts, modules, losses)
    extras = dict(found.extras.get(NAME) or {})
    related = {item["name"]: item["related"] for item in read["fields"] if item["related"]}
    if related:
        extras[RELATED] = related
        losses.add(view.kind, RELATED, "kept_as_extra", len(related))
    keep(extras, unknown, view.kind, losses)
    if extras:
        found.extras = {NAME: extras}
    _sign(found, row, read, view)
    return found


def keep(extras: dict[str, Any], unknown: Unknown, kind: str, losses: LossReport) -> None:
    """Keeps what no table names among the extras, and counts it."""
    for name in unknown:
        extras[name if name not in extras else f"{name}."] = unknown.values[name]
        losses.add(kind, name, "unknown_name")


def _sign(found: Any, row: Shown, read: Mapping[str, Any], view: View) -> None:
    """Who made the record, who owns it, and when.

    ``userID`` is its maker; a gateway says there who owns it, which its OwnerId says too.
    """
    found.created_at = when(row, "createdAt", read["createdAt"])
    found.updated_at = when(row, "updatedAt", read["updatedAt"]) or found.created_at
    maker, user = read["userID"] or None, read["user"]
    owner = found.owner_id or maker
    found.owner_id = owner
    if maker and (maker != owner or "OwnerId" not in view.wire):
        found.creator_id = maker
    if maker and user["userID"] == maker and user["username"]:
        if owner == maker:
            found.owner_username = user["username"]
        if found.creator_id == maker:
            found.creator_username = user["username"]


def from_texts(view: View, id: int, texts: Mapping[str, str], modules: Modules, losses: LossReport) -> Any:
    """The record whose fields have these texts, by their names there; of a text that says nothing a loss is told."""
    system, kind = view.system, view.kind
    blank: Any = system.kind(id=id)
    look = Taken()
    draft = Draft(look, blank, values=view.fixed)
    take_fixed(
        system, draft, {view.rows[name].name: text for name, text in texts.items() if name in view.rows}, {}, _fits
    )
    custom = [CustomValue(name, texts[wire], group) for wire, (group, name) in view.customs.items() if texts.get(wire)]
    unknown = {name: text for name, text in texts.items() if name not in view.rows and name not in view.customs}
    for name in sorted(unknown):
        losses.add(kind, name, "unknown_field")
    for name in sorted(draft.extras.keys() & system.by_name.keys()):
        if draft.extras[name] and not _is_understood(system.by_name[name], draft.extras[name], view):
            losses.add(kind, name, "kept_as_text")
    extras = {name: value for name, value in draft.extras.items() if value is not None}
    if unknown:
        extras[UNKNOWN] = unknown
    if extras.get("number") == str(id):
        del extras["number"]
    if extras and (words := folded(system, extras)) is not None:
        extras[FOLDED] = words
    for name, value in draft.values.items():
        if value is not None:
            setattr(blank, name, value)
    if isinstance(blank, Party):
        if blank.type == "person":
            blank.name = display_name(blank.first_name, blank.last_name)
        blank.points = _points(view, draft.points)
    for party_id, sort in look.sorts.items():
        modules.learn(party_id, sort)
    if "links" in system.include:
        blank.links = [
            linked(Ref(system.kind.KIND, id), link, position, look.sorts) for position, link in enumerate(draft.links)
        ]
    blank.custom = custom
    if extras:
        blank.extras = {NAME: extras}
    return blank


def _fits(name: str, text: str) -> None:
    """Whatever a server shows is taken."""


def _is_understood(row: SystemField, text: str, view: View) -> bool:
    """Whether a text that is kept as it came says something all the same; fields that only keep text are no loss."""
    if row.show is EMPTY or row.kind == "Bool":
        return True
    draft = Draft(Taken(), view.system.kind(id=0))
    row.write(draft, text)
    return bool(draft.links) or any(value is not None for value in draft.values.values())


def linked(record: Ref, link: NewLink, position: int, sorts: Mapping[int, str]) -> Link:
    """A link as records have it, with what its target is where that is a party."""
    party = party_of(link.target.id, sorts.get(link.target.id, "")) if link.target.kind == Party.KIND else None
    known: dict[str, Any] = {}
    if party is not None:
        known = {"target_type": party.type, "target_stage": party.stage, "target_visibility": party.visibility}
    return Link(0, record, link.target, link.role, position, **known)


def _points(view: View, held: Mapping[str, ContactPoint]) -> list[ContactPoint]:
    """Contact points bear the place of their field, the first of an address, for an id: there they have none."""
    places = {row.name: place for place, row in enumerate(view.system.fields, 1)}
    found = []
    for name, point in held.items():
        if not empty_address(point):
            point.id = places.get(name) or places[f"{name}Street"]
            found.append(point)
    found.sort(key=lambda point: point.id)
    for position, point in enumerate(found):
        point.position = position
    return found


# -- users ------------------------------------------------------------------------------------------


def user(row: Shown, losses: LossReport) -> User:
    """The user that a row shows. The one name there is two here."""
    unknown = Unknown()
    read = row.read(shapes.USER, unknown)
    if not read["userID"]:
        raise row.fail("missing", "userID")
    first, last = objects.split_name(read["name"])
    created = when(row, "createdAt", read["createdAt"])
    found = User(
        id=read["userID"],
        created_at=created,
        updated_at=when(row, "updatedAt", read["updatedAt"]) or created,
        username=read["username"],
        email=read["email"] or None,
        first_name=first,
        last_name=last,
        active=not (read["suspendedAt"] or read["deletedAt"]),
    )
    extras: dict[str, Any] = {"handle": read["handle"] if read["handle"] != read["username"] else ""}
    extras |= {"kind": read["kind"], "name": read["name"] if read["name"] != objects.user_name(found) else ""}
    extras["organisation"] = str(read["organisationID"]) if read["organisationID"] else ""
    extras = {name: value for name, value in extras.items() if value}
    keep(extras, unknown, "user", losses)
    if extras:
        found.extras = {NAME: extras}
    return found


def users(asked: str, answer: WireResponse, losses: LossReport) -> list[User]:
    return [user(row, losses) for row in response_of(asked, answer).rows()]
