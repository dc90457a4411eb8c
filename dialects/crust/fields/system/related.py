"""Fields that show what hangs on a record: links to other records, contact points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from adapter.fields.expression import HERE, IT, Call, Constant, Entry, Expression, Given, Item
from canonical.formula import Field
from canonical.model import SEEN_BY_ALL, ContactPoint, Party
from canonical.operations import NewLink
from canonical.query import And, Compare, Has, Node, Op, Or, eq
from canonical.values import Ref
from dialects.crust.fields.system.table import EMPTY, Draft, Search, SystemField, Targets, label_of, told
from dialects.crust.fields.system.texts import parse_id

# -- links ------------------------------------------------------------------------------------------


def sort_of(type_: str | None, stage: str | None) -> str:
    """What a party is here: ``organisation``, ``contact`` or ``lead``; ``""`` for none of them."""
    if type_ == "organisation":
        return "organisation"
    return "" if type_ != "person" else "lead" if stage == "lead" else "contact"


def is_a(sort: str) -> Callable[[Any], bool]:
    return lambda party: sort_of(party.type, party.stage) == sort


def party_of(id: int, sort: str) -> Party:
    """A party of which no more is known than what it is; one of no sort is neither."""
    type_ = "organisation" if sort == "organisation" else "person" if sort else ""
    return Party(id=id, type=type_, stage="lead" if sort == "lead" else "contact")


def unseen(records: Sequence[Any]) -> set[int]:
    """Ids of parties of which the records do not tell what they are, or whether the caller may see them."""
    wanted = {id for record in records if (id := getattr(record, "party_id", None))}
    for record in records:
        for link in record.links:
            if link.target_type is not None and link.target_visibility not in SEEN_BY_ALL:
                wanted.add(link.target.id)
    return wanted


def targets_of(record: Any, parties: Mapping[int, Any]) -> Targets:
    """The record's targets; `parties` are those of `unseen` that the caller may see. One in a field comes first."""
    found: dict[str, tuple[int, str | None]] = {}
    party = parties.get(getattr(record, "party_id", None) or 0)
    if party is not None:
        found[sort_of(party.type, party.stage)] = (party.id, None)
    for link in record.links:
        sort, id = link.target
        if sort == "party":
            if link.target_visibility in SEEN_BY_ALL:
                sort = sort_of(link.target_type, link.target_stage)
            else:
                party = parties.get(id)
                sort = "" if party is None else sort_of(party.type, party.stage)
        if sort not in found:
            found[sort] = (id, link.role)
    return found


def _shown_target(sort: str) -> Expression:
    return Given(Entry(HERE, Constant(sort)), Call(str, Item(IT, 0)), EMPTY)


def party_link(name: str, sort: str, column: str = "") -> SystemField:
    """The first linked party of a sort; with `column`, the party in that field before any link."""

    def write(draft: Draft, sent: str) -> str:
        id = parse_id(sent)
        if id is not None and not draft.look.has("party", id, sort):
            id = None
        was, role = draft.targets.get(sort, (0, None))
        if was and role is not None:
            draft.dropped_links.append((Ref("party", was), role))
        if column and (was and role is None):
            draft.values[column] = id
        elif id is not None:
            if column and not draft.value(column):
                draft.values[column] = id
            else:
                draft.links.append(NewLink(Ref("party", id)))
        return "" if id is None else str(id)

    group = column or "links.party"
    return SystemField(
        name,
        "Record",
        label_of(name),
        write,
        show=_shown_target(sort),
        clean=True,
        group=group,
        bound=parse_id,
        formula=Field(group, "number"),
        says=(column, "links") if column else ("links",),
    )


def record_link(name: str, kind: str) -> SystemField:
    """The first link to a record of a kind."""

    def write(draft: Draft, sent: str) -> str:
        if kind in draft.targets:
            was, role = draft.targets[kind]
            draft.dropped_links.append((Ref(kind, was), role or ""))
        id = parse_id(sent)
        if id is None or not draft.look.has(kind, id):
            return ""
        draft.links.append(NewLink(Ref(kind, id)))
        return str(id)

    group = f"links.{kind}"
    return SystemField(
        name,
        "Record",
        label_of(name),
        write,
        show=_shown_target(kind),
        clean=True,
        group=group,
        bound=parse_id,
        formula=Field(group, "number"),
        says=("links",),
    )


# -- contact points ---------------------------------------------------------------------------------

PARTS: Final = (
    ("Street", "street"),
    ("City", "city"),
    ("State", "region"),
    ("PostalCode", "postcode"),
    ("Country", "country"),
)


def _search_points(kind: str, *columns: str) -> Search:
    def search(pattern: str) -> Node:
        found = tuple(Compare(column, Op.LIKE, pattern) for column in columns)
        return Has("points", And((eq("kind", kind), Or(found))))

    return search


def _choose(
    points: Sequence[ContactPoint], kind: str, only: str | None, without: tuple[str, ...]
) -> ContactPoint | None:
    """The first point of a kind: with the label `only`, or any that has none of the labels `without`."""
    for point in points:
        if point.kind == kind and (point.label == only if only is not None else point.label not in without):
            return point
    return None


def point(
    name: str,
    kind: str,
    type_: str = "String",
    *,
    only: str | None = None,
    label: str | None = None,
    without: tuple[str, ...] = (),
) -> SystemField:
    """The value of a contact point; a new one gets `label`."""

    def read(record: Any) -> str:
        found = _choose(record.points, kind, only, without)
        return "" if found is None else found.value

    def write(draft: Draft, sent: str) -> str:
        there = None if draft.record is None else _choose(draft.record.points, kind, only, without)
        if sent:
            made = ContactPoint(kind, label=only or label)
            draft.points[name] = replace(there or made, value=sent)
        elif there is not None:
            draft.dropped_points.append(there.id)
        return sent

    search = _search_points(kind, "value")
    return SystemField(
        name, type_, label_of(name), write, show=told(read), search=search, says=("points",), point=kind
    )


def address(prefix: str, label: str, *, only: str | None = None, without: tuple[str, ...] = ()) -> list[SystemField]:
    """The five fields of an address."""

    def chosen(record: Any) -> ContactPoint | None:
        found = _choose(record.points, "address", label, ())
        if found is None and only is None:
            found = _choose(record.points, "address", None, without)
        return found

    def field(suffix: str, column: str) -> SystemField:
        def read(record: Any) -> str:
            found = chosen(record)
            return "" if found is None else getattr(found, column) or ""

        def write(draft: Draft, sent: str) -> str:
            held = draft.points.get(prefix)
            if held is None:
                held = (None if draft.record is None else chosen(draft.record)) or ContactPoint("address", label=label)
            held = replace(held)
            setattr(held, column, sent or None)
            draft.points[prefix] = held
            return sent

        name = f"{prefix}{suffix}"
        search = _search_points("address", column)
        return SystemField(
            name, "String", label_of(name), write, show=told(read), search=search, says=("points",), point="address"
        )

    return [field(suffix, column) for suffix, column in PARTS]


def empty_address(held: ContactPoint) -> bool:
    """Whether nothing is left of an address."""
    return held.kind == "address" and not any(
        (held.street, held.street2, held.city, held.region, held.postcode, held.country)
    )
