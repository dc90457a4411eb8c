"""Aliases: the ids under which clients of a dialect know migrated records.

Only tenants that have aliases for the dialect pay for them. Inward, an id becomes the record's own; outward, every
id in a record becomes the one that the dialect's clients know.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from canonical.errors import Duplicate
from canonical.model import KINDS, Change, Link, Record
from canonical.operations import Create, Update
from canonical.query import And, Compare, Has, Node, Not, Op, Or
from canonical.store.port import Unit
from canonical.values import MAX_ID, Ref

R = TypeVar("R", bound=Record)


def foreign_id(unit: Unit, dialect: str, kind: str, id: int) -> str | None:
    rows = unit.select("alias", {"dialect": dialect, "kind": kind, "local_id": id})
    return str(rows[0]["foreign_id"]) if rows else None


def local_id(unit: Unit, dialect: str, kind: str, foreign: str) -> int | None:
    rows = unit.select("alias", {"dialect": dialect, "kind": kind, "foreign_id": foreign})
    return int(rows[0]["local_id"]) if rows else None


def set_alias(unit: Unit, dialect: str, kind: str, foreign: str, id: int) -> None:
    """From now on clients of the dialect know record `id` as `foreign`.

    New records of the kind get ids above a numeric `foreign`, so that no two share one. Raises Duplicate when
    `foreign` already means another record.
    """
    taken = local_id(unit, dialect, kind, foreign)
    if taken is not None and taken != id:
        raise Duplicate("alias", foreign)
    # Ids of 24 hex digits may be decimal digits alone; no record of ours has such a number.
    if foreign.isascii() and foreign.isdigit() and id != int(foreign) <= MAX_ID:
        other = int(foreign)
        if unit.load(KINDS[kind].record, (other,)) and foreign_id(unit, dialect, kind, other) is None:
            raise Duplicate("alias", foreign)
        unit.raise_value(kind, other)
    unit.delete("alias", {"dialect": dialect, "kind": kind, "local_id": id})
    unit.insert("alias", {"dialect": dialect, "kind": kind, "foreign_id": foreign, "local_id": id})


# -- inward -----------------------------------------------------------------------------------------


def inward_id(unit: Unit, dialect: str, kind: str, id: int) -> int:
    """The record's own id; 0 for an id that clients of the dialect do not know."""
    found = local_id(unit, dialect, kind, str(id))
    if found is not None:
        return found
    return 0 if foreign_id(unit, dialect, kind, id) is not None else id


def _values(unit: Unit, dialect: str, kind: str, values: Any) -> dict[str, Any]:
    spec = KINDS[kind]
    out = dict(values)
    for name, value in out.items():
        ref = spec.by_name[name].ref
        if ref is not None and value is not None:
            out[name] = inward_id(unit, dialect, ref, value)
    return out


def inward_create(unit: Unit, dialect: str, operation: Create[R]) -> Create[R]:
    links = tuple(
        dataclasses.replace(link, target=Ref(link.target.kind, inward_id(unit, dialect, *link.target)))
        for link in operation.links
    )
    values = _values(unit, dialect, operation.kind.KIND, operation.values)
    return dataclasses.replace(operation, values=values, links=links)


def inward_update(unit: Unit, dialect: str, operation: Update[R]) -> Update[R]:
    return dataclasses.replace(
        operation,
        id=inward_id(unit, dialect, operation.kind.KIND, operation.id),
        values=_values(unit, dialect, operation.kind.KIND, operation.values),
    )


_REVERSE = {"people": "party", "positions": "employment", "employments": "employment"}
"""The kind of those that refer to a record, by relation."""


def inward_query(unit: Unit, dialect: str, kind: type[Record], node: Node) -> Node:
    """The tree with every compared id made the record's own. Ranges of ids compare own ids."""
    return _inward(unit, dialect, kind.KIND, node, None)


def _inward(unit: Unit, dialect: str, kind: str, node: Node, target_kind: str | None) -> Node:
    match node:
        case And(nodes):
            known = next((n.value for n in nodes if isinstance(n, Compare) and n.field == "target_kind"), target_kind)
            named = str(known) if known is not None else None
            return And(tuple(_inward(unit, dialect, kind, child, named) for child in nodes))
        case Or(nodes):
            return Or(tuple(_inward(unit, dialect, kind, child, target_kind) for child in nodes))
        case Not(child):
            return Not(_inward(unit, dialect, kind, child, target_kind))
        case Has(relation, where):
            field = KINDS[kind].by_name.get(f"{relation}_id") if kind in KINDS else None
            inner = field.ref if field is not None and field.ref is not None else _REVERSE.get(relation, relation)
            return Has(relation, _inward(unit, dialect, inner, where, target_kind))
        case Compare(name, op, value) if op in (Op.EQ, Op.NE, Op.IN):
            ref = _reference(kind, name, target_kind)
            if ref is None:
                return node
            if op is Op.IN and isinstance(value, tuple):
                own = tuple(inward_id(unit, dialect, ref, v) if isinstance(v, int) else v for v in value)
                return Compare(name, op, own)
            return Compare(name, op, inward_id(unit, dialect, ref, value)) if isinstance(value, int) else node
    return node


def _reference(kind: str, field: str, target_kind: str | None) -> str | None:
    """The kind of record whose id a field holds."""
    if kind == "links":
        return target_kind if field == "target_id" else None
    if kind == "steps":
        return "user" if field == "user_id" else None
    if kind not in KINDS:
        return None
    if field == "id":
        return kind
    described = KINDS[kind].by_name.get(field)
    return described.ref if described is not None else None


# -- outward ----------------------------------------------------------------------------------------


def _known(unit: Unit, dialect: str, refs: Iterable[Ref]) -> dict[Ref, int]:
    by_kind: dict[str, set[int]] = defaultdict(set)
    for ref in refs:
        by_kind[ref.kind].add(ref.id)
    known: dict[Ref, int] = {}
    for kind, ids in by_kind.items():
        for row in unit.select("alias", {"dialect": dialect, "kind": kind, "local_id": tuple(ids)}):
            if row["foreign_id"].isdigit() and int(row["foreign_id"]) <= MAX_ID:
                known[Ref(kind, row["local_id"])] = int(row["foreign_id"])
    return known


def outward(unit: Unit, dialect: str, records: Sequence[Record]) -> None:
    """Puts the ids that the dialect's clients know into the records."""
    if not records:
        return
    spec = KINDS[records[0].KIND]
    fields = [(field.name, field.ref) for field in spec.fields if field.ref is not None]
    refs = [Ref(spec.name, record.id) for record in records]
    for record in records:
        refs.extend(Ref(kind, id) for name, kind in fields if (id := getattr(record, name)) is not None)
        refs.extend(link.target for link in getattr(record, "links", ()))
    known = _known(unit, dialect, refs)
    for record in records:
        for name, kind in fields:
            id = getattr(record, name)
            if id is not None:
                setattr(record, name, known.get(Ref(kind, id), id))
        for point in getattr(record, "points", ()):
            point.party_id = known.get(Ref(spec.name, point.party_id), point.party_id)
        _links(getattr(record, "links", ()), known)
        record.id = known.get(Ref(spec.name, record.id), record.id)


def _links(links: Iterable[Link], known: dict[Ref, int]) -> None:
    for link in links:
        link.record = Ref(link.record.kind, known.get(link.record, link.record.id))
        link.target = Ref(link.target.kind, known.get(link.target, link.target.id))


def outward_links(unit: Unit, dialect: str, links: Sequence[Link]) -> None:
    _links(links, _known(unit, dialect, [ref for link in links for ref in (link.record, link.target)]))


def outward_changes(unit: Unit, dialect: str, changes: Sequence[Change]) -> list[Change]:
    known = _known(unit, dialect, [change.record for change in changes])
    return [
        dataclasses.replace(change, record=Ref(change.record.kind, known.get(change.record, change.record.id)))
        for change in changes
    ]
