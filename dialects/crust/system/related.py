"""Fields that show what hangs on a record: links to other records, contact points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from canonical.model import Case, ContactPoint, Opportunity, Party
from canonical.operations import NewLink
from canonical.query import And, Compare, Has, Node, Op, Or, eq
from canonical.values import Ref
from dialects.crust.system.table import Draft, Search, Sight, SystemField, label_of
from dialects.crust.system.texts import parse_id

Picks = Callable[[Any], bool]


# -- links ------------------------------------------------------------------------------------------


def is_organisation(party: Any) -> bool:
    return bool(party.type == "organisation")


def is_contact(party: Any) -> bool:
    return bool(party.type == "person" and party.stage != "lead")


def is_lead(party: Any) -> bool:
    return bool(party.type == "person" and party.stage == "lead")


def _party(draft: Draft, id: int) -> Any:
    return draft.desk.get_many(Party, (id,)).get(id)


def party_link(name: str, picks: Picks, column: str = "") -> SystemField:
    """The first linked party that `picks` picks; with `column`, the party in that field before any link."""

    def current(record: Any, sight: Sight) -> tuple[int, str | None]:
        """Its id, and the role of the link, None for the field."""
        if column:
            id = getattr(record, column)
            party = sight.parties.get(id) if id else None
            if party is not None and picks(party):
                return id, None
        for link in record.links:
            if link.target.kind == "party":
                party = sight.parties.get(link.target.id)
                if party is not None and picks(party):
                    return party.id, link.role
        return 0, None

    def read(record: Any, sight: Sight) -> str:
        id, _ = current(record, sight)
        return str(id) if id else ""

    def write(draft: Draft, sent: str) -> str:
        id = parse_id(sent)
        party = None if id is None else _party(draft, id)
        was, role = (0, None) if draft.record is None else current(draft.record, draft.sight)
        fits = party is not None and picks(party)
        if was and role is not None:
            draft.dropped_links.append((Ref("party", was), role))
        if column and (was and role is None):
            draft.values[column] = party.id if fits and party is not None else None
        elif fits and party is not None:
            if column and not draft.value(column):
                draft.values[column] = party.id
            else:
                draft.links.append(NewLink(Ref("party", party.id)))
        return str(party.id) if fits and party is not None else ""

    return SystemField(name, "Record", label_of(name), read, write, group=column or "links.party", bound=parse_id)


def record_link(name: str, kind: str) -> SystemField:
    """The first link to a record of a kind."""
    target_kind: Any = {"opportunity": Opportunity, "case": Case}[kind]

    def first(record: Any) -> Any:
        return next((link for link in record.links if link.target.kind == kind), None)

    def read(record: Any, sight: Sight) -> str:
        link = first(record)
        return "" if link is None else str(link.target.id)

    def write(draft: Draft, sent: str) -> str:
        link = None if draft.record is None else first(draft.record)
        if link is not None:
            draft.dropped_links.append((link.target, link.role))
        id = parse_id(sent)
        if id is None or id not in draft.desk.get_many(target_kind, (id,)):
            return ""
        draft.links.append(NewLink(Ref(kind, id)))
        return str(id)

    return SystemField(name, "Record", label_of(name), read, write, group=f"links.{kind}", bound=parse_id)


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
    shown: str = "String",
    *,
    only: str | None = None,
    label: str | None = None,
    without: tuple[str, ...] = (),
) -> SystemField:
    """The value of a contact point; a new one gets `label`."""

    def read(record: Any, sight: Sight) -> str:
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

    return SystemField(name, shown, label_of(name), read, write, search=_search_points(kind, "value"))


def address(prefix: str, label: str, *, only: str | None = None, without: tuple[str, ...] = ()) -> list[SystemField]:
    """The five fields of an address."""

    def chosen(record: Any) -> ContactPoint | None:
        found = _choose(record.points, "address", label, ())
        if found is None and only is None:
            found = _choose(record.points, "address", None, without)
        return found

    def field(suffix: str, column: str) -> SystemField:
        def read(record: Any, sight: Sight) -> str:
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
        return SystemField(name, "String", label_of(name), read, write, search=_search_points("address", column))

    return [field(suffix, column) for suffix, column in PARTS]


def empty_address(held: ContactPoint) -> bool:
    """Whether nothing is left of an address."""
    return held.kind == "address" and not any(
        (held.street, held.street2, held.city, held.region, held.postcode, held.country)
    )
