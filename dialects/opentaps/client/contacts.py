"""Contacts: what the vendor's one call replaces whole is read before it is written (opentaps dossier, section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapter.client import Conversation, kind_name
from adapter.losses import LossReport
from canonical.errors import NotFound, Unsupported
from canonical.model import ContactPoint, CustomValue, Party
from canonical.operations import Create, Delete, Find, Get, Page, Update
from canonical.query import TRUE, And, Compare, Has, Node, Op, Query
from canonical.values import Ref
from dialects.opentaps.client import ask, hear
from dialects.opentaps.client.hear import Users
from dialects.opentaps.client.shown import check
from dialects.opentaps.fields.contact import ATTRIBUTE_PREFIX, MAX_POINTS, POINTS
from dialects.opentaps.query import MAX_COUNT, paging

_NAMES: Final = (("firstName", "first_name"), ("lastName", "last_name"))
_EMPLOYER: Final = ("organisation_id", "organisation_name", "company")


def get(operation: Get[Party], known: Users, losses: LossReport) -> Conversation:
    return (yield from _read(operation.id, known, losses))


def _read(id: int, known: Users, losses: LossReport) -> Conversation:
    found = hear.contacts("contact read", (yield ask.find_contact(id)), known, losses)
    if not found:
        raise NotFound(Party.KIND, id)
    return found[0]


def find(operation: Find[Party], known: Users, losses: LossReport) -> Conversation:
    request = ask.reading("/contact", _parameters(operation.query))
    return Page(hear.contacts("contact list", (yield request), known, losses))


def _parameters(wanted: Query) -> list[tuple[str, str]]:
    """Raises `Unsupported` for a query that the vendor has no parameters for."""
    if any((sort.field, sort.descending) != ("id", False) for sort in wanted.sort):
        raise Unsupported("opentaps: contacts are sorted by id only")
    nodes = wanted.where.nodes if isinstance(wanted.where, And) else (wanted.where,)
    pairs = [_pair(node) for node in nodes if node != TRUE]
    if len({name for name, _ in pairs}) < len(pairs):
        raise Unsupported("opentaps: one filter of a sort on contacts")
    if any(name == "contactId" for name, _ in pairs) and len(pairs) > 1:
        raise Unsupported("opentaps: contacts by id and something else")
    return pairs + paging(wanted.window)


def _pair(node: Node) -> tuple[str, str]:
    match node:
        case Compare("id", Op.EQ, int(id)) | Compare("id", Op.IN, (int(id),)):
            return "contactId", ask.wire_id(Party.KIND, id)
        case Has("points", And((Compare("kind", Op.EQ, "email"), Compare("value", Op.EQ, str(address))))):
            return "emailAddress", address
        case Has(
            "custom",
            And((Compare("group", Op.EQ, ""), Compare("name", Op.EQ, str(name)), Compare("value", Op.EQ, str(held)))),
        ):
            return f"{ATTRIBUTE_PREFIX}{name}", held
    raise Unsupported("opentaps: contact list of that query")


# -- writing ----------------------------------------------------------------------------------------


def create(operation: Create[Party], known: Users, losses: LossReport) -> Conversation:
    values = operation.values
    kind = kind_name(Party, values)
    data: dict[str, Any] = {}
    if kind == "organisation":
        data["companyName"] = values.get("name") or ""
    else:
        data = {wire: values[name] for wire, name in _NAMES if values.get(name)}
        points = [point for point in operation.points if point.kind == "email" and point.value]
        if not data and not points:
            raise Unsupported("opentaps: person create without a name or an e-mail address")
        if _has_employer(values):
            if data:
                data["companyName"] = yield from _employer(values)
            else:
                # With nothing but a company's name it would be the company.
                losses.add(kind, "organisation_id", "needs_a_name")
    if values.get("about"):
        data["comment"] = values["about"]
    if operation.links:
        losses.add(kind, "links", "not_said", len(operation.links))
    request = ask.create_contact(data, _first(operation.points, kind, losses), _attributes(operation.custom, losses))
    return Party(id=hear.new_contact(f"{kind} create", (yield request)))


def _has_employer(values: Mapping[str, Any]) -> bool:
    return any(values.get(name) for name in _EMPLOYER)


def _employer(values: Mapping[str, Any]) -> Conversation:
    """The name of whom a person works for, which is how the vendor has it."""
    if values.get("organisation_id"):
        return (yield from _read(values["organisation_id"], {}, LossReport())).name
    return values.get("organisation_name") or values.get("company") or ""


def _first(points: tuple[ContactPoint, ...], kind: str, losses: LossReport) -> list[ContactPoint]:
    """The points, as many of each kind as the vendor keeps."""
    found: list[ContactPoint] = []
    for sort, _ in POINTS:
        said = [point for point in points if point.kind == sort]
        if len(said) > MAX_POINTS:
            losses.add(kind, "points", "too_many", len(said) - MAX_POINTS)
        found += said[:MAX_POINTS]
    return found


def _attributes(custom: tuple[CustomValue, ...], losses: LossReport) -> list[CustomValue]:
    grouped = sum(bool(item.group) for item in custom)
    if grouped:
        losses.add(Party.KIND, "custom", "grouped", grouped)
    return [item for item in custom if not item.group]


def update(operation: Update[Party], known: Users, losses: LossReport) -> Conversation:
    before: Party = yield from _read(operation.id, known, LossReport())
    values = operation.values
    names = [(wire, values[name] or "") for wire, name in _NAMES if name in values]
    if before.type == "organisation":
        if "name" in values:
            names.append(("companyName", values["name"] or ""))
    elif any(name in values for name in _EMPLOYER):
        names.append(("companyName", (yield from _employer(values))))
    if values.get("about"):
        names.append(("comment", values["about"]))
    elif "about" in values and before.about:
        losses.add(before.type, "about", "stays")
    points = _changed_points(operation, before, losses)
    custom = _changed_attributes(operation, before, losses)
    if names or points or custom != list(before.custom):
        request = ask.update_contact(operation.id, names, points, custom)
        check(f"{before.type} update", (yield request), (200,))


def _changed_points(operation: Update[Party], before: Party, losses: LossReport) -> dict[str, list[ContactPoint]]:
    """All points of each kind of which some change; an id is the place of a point."""
    changed = {point.id: point for point in operation.points if point.id}
    new = [point for point in operation.points if not point.id]
    after = [changed.get(point.id, point) for point in before.points if point.id not in operation.drop_points]
    after = _first((*after, *new), before.type, losses)
    found = {}
    for kind, _ in POINTS:
        was = [point for point in before.points if point.kind == kind]
        now = [point for point in after if point.kind == kind and point.value]
        if was != now:
            found[kind] = now
    return found


def _changed_attributes(operation: Update[Party], before: Party, losses: LossReport) -> list[CustomValue]:
    gone = {name for group, name in operation.drop_custom if not group}
    kept = {item.name: item for item in before.custom if item.name not in gone}
    kept |= {item.name: item for item in _attributes(operation.custom, losses)}
    return list(kept.values())


def delete(operation: Delete[Party], known: Users, losses: LossReport) -> Conversation:
    """The vendor deletes what is associated with a contact; unless that is wanted, it is dissociated before."""
    if operation.id in known:
        raise Unsupported("opentaps: person delete of a user, who goes first")
    target = Ref(Party.KIND, operation.id)
    contact = ask.wire_id(*target)
    seen: set[int] = set()
    while not operation.cascade:
        answer = yield ask.reading(f"/activities/{MAX_COUNT}", [("contactId", contact)])
        found = [
            item for item in hear.activities("contact delete", answer, known, LossReport()) if item.id not in seen
        ]
        if not found:
            break
        for item in found:
            seen.add(item.id)
            request = ask.associating("remove", Ref("activity", item.id), target, "")
            check("contact delete", (yield request), (200,))
    check("contact delete", (yield ask.removing("/contact", [("contactId", contact)])), (200,))
