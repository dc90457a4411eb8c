"""Filters on what a thing is against and who owns it: ``against_type``, ``against_id``, ``against()``, ``owner()``."""

from __future__ import annotations

from collections.abc import Callable

from canonical.model import IS_SUBJECT
from canonical.query import FALSE, Compare, Has, Node, Not, Op, all_of, any_of, eq, one_of
from dialects.affinitylive.fields.subjects import KIND_OF_TYPE, OWNER_TYPES, type_word
from dialects.affinitylive.query.columns import Column, Values, integer, integers, kept_key, text_range
from dialects.affinitylive.wire.grammar import Item, Items

Against = Callable[[tuple[str, ...] | None, list[int] | None], Node]
"""From types (None: any) and ids (None: any) to the condition."""

_TYPE, _ID = kept_key("against_type"), kept_key("against_id")
_KEPT = Compare(_TYPE, Op.NOT_NULL)
_PARTY_TYPE = {"company": "organisation", "contact": "person", "affiliation": "person"}
_ABOUT = Has("links", IS_SUBJECT)
_NOTHING = all_of(Not(_ABOUT), Compare(_TYPE, Op.NULL))


Bound = tuple[Op, int]


def _kept(types: tuple[str, ...] | None, ids: list[int] | None, bound: Bound | None = None) -> Node:
    """What is kept in the extras, having no canonical kind."""
    where: list[Node] = [_KEPT]
    if types is not None:
        where.append(one_of(_TYPE, types))
    if ids is not None:
        where.extend((Compare(_ID, Op.NOT_NULL), one_of(_ID, [str(id) for id in ids])))
    if bound is not None:
        where.extend((Compare(_ID, Op.NOT_NULL), text_range(_ID, *bound)))
    return all_of(*where)


def linked_against(types: tuple[str, ...] | None, ids: list[int] | None, bound: Bound | None = None) -> Node:
    """Activities and tasks: any link to what they are about; without any, their owner. `bound` is a range of ids."""
    nodes = [_kept(types, ids, bound)]
    if types is None:
        links: list[Node] = [IS_SUBJECT]
        if ids is not None:
            links.append(one_of("target_id", ids))
        nodes.append(Has("links", all_of(*links)))
    for word in types or ():
        kind = KIND_OF_TYPE.get(word)
        if kind is None:
            continue
        where: list[Node] = [IS_SUBJECT, eq("target_kind", kind)]
        if ids is not None:
            where.append(one_of("target_id", ids))
        if bound is not None:
            where.append(Compare("target_id", *bound))
        if word in _PARTY_TYPE:
            where.append(Has("party", eq("type", _PARTY_TYPE[word])))
        found: Node = Has("links", all_of(*where))
        if word == "affiliation":
            # A person is against an affiliation only where that was said.
            found = all_of(found, _KEPT, eq(_TYPE, word))
        elif word == "contact":
            found = all_of(found, Not(all_of(_KEPT, eq(_TYPE, "affiliation"))))
        nodes.append(found)
    if types is None or "staff" in types:
        nodes.append(_NOTHING if ids is None else all_of(_NOTHING, one_of("owner_id", ids)))
    return any_of(*nodes)


# What is kept says more than the party, but for an affiliation, which is the party too.
_BY_PARTY = any_of(Compare(_TYPE, Op.NULL), all_of(_KEPT, eq(_TYPE, "affiliation")))


def party_against(types: tuple[str, ...] | None, ids: list[int] | None) -> Node:
    """Issues and prospects: their one party; without it, their owner."""
    nodes = [_kept(types, ids)]
    there = all_of(Compare("party_id", Op.NOT_NULL), _BY_PARTY)
    for word in ("company", "contact", "affiliation") if types is None else types:
        if word in _PARTY_TYPE:
            where: list[Node] = [there, Has("party", eq("type", _PARTY_TYPE[word]))]
            if ids is not None:
                where.append(one_of("party_id", ids))
            nodes.append(all_of(*where))
    if types is None or "staff" in types:
        alone = all_of(Not(Compare("party_id", Op.NOT_NULL)), Compare(_TYPE, Op.NULL))
        nodes.append(alone if ids is None else all_of(alone, one_of("owner_id", ids)))
    return any_of(*nodes)


def type_words(values: Values) -> tuple[str, ...]:
    """The types named, in the singular; unknown ones match nothing."""
    return tuple(dict.fromkeys(word for value in values if (word := type_word(value)) is not None))


def against_columns(against: Against) -> dict[str, Column]:
    """``against_type`` and ``against_id`` where each stands alone."""

    def ranged(op: Op, n: int) -> Node:
        kept = all_of(_KEPT, Compare(_ID, Op.NOT_NULL), text_range(_ID, op, n))
        if against is party_against:
            alone = all_of(Compare("party_id", Op.NULL), Compare(_TYPE, Op.NULL), Compare("owner_id", op, n))
            of_party = all_of(Compare("party_id", Op.NOT_NULL), _BY_PARTY, Compare("party_id", op, n))
            return any_of(kept, of_party, alone)
        about = Has("links", all_of(IS_SUBJECT, Compare("target_id", op, n)))
        return any_of(kept, about, all_of(_NOTHING, Compare("owner_id", op, n)))

    return {
        "against_type": Column(lambda values: against(type_words(values), None)),
        "against_id": Column(lambda values: against(None, integers(values)), ranged),
    }


def against_object(against: Against) -> Callable[[Items], Node | None]:
    """``against(company(14),job)``: types are OR-ed, a type without ids means any of it."""

    def node(items: Items) -> Node | None:
        found = [
            against((word,), None if not item.items else integers(tuple(inner.name for inner in item.items)))
            for item in items
            if (word := type_word(item.name)) is not None
        ]
        return any_of(*found) if items else None

    return node


# -- owners ------------------------------------------------------------------------------------------

_OWNER_TYPE, _OWNER_ID = kept_key("owner_type"), kept_key("owner_id")
_BY_STAFF = Compare(_OWNER_TYPE, Op.NULL)


def _owned(word: str, ids: list[int] | None) -> Node:
    if word == "staff":
        return _BY_STAFF if ids is None else all_of(_BY_STAFF, one_of("owner_id", ids))
    kept: Node = all_of(Compare(_OWNER_TYPE, Op.NOT_NULL), eq(_OWNER_TYPE, word))
    if ids is None:
        return kept
    return all_of(kept, Compare(_OWNER_ID, Op.NOT_NULL), one_of(_OWNER_ID, [str(id) for id in ids]))


def _owner_range(op: Op, n: int) -> Node:
    kept = all_of(Compare(_OWNER_ID, Op.NOT_NULL), text_range(_OWNER_ID, op, n))
    return any_of(all_of(_BY_STAFF, Compare("owner_id", op, n)), kept)


def owner_object(items: Items) -> Node | None:
    """``owner(staff(17,13),affiliation(22))``; bare numbers are ids of staff."""
    if not items:
        return None
    found: list[Node] = []
    for item in items:
        if item.items is None and integer(item.name) is not None:
            found.append(_owned("staff", integers((item.name,))))
        else:
            word = item.name.strip().lower()
            ids = integers(tuple(inner.name for inner in item.items)) if item.items else None
            found.append(_owned(word, ids) if word in OWNER_TYPES else FALSE)
    return any_of(*found)


def staff_object(field: str) -> Callable[[Items], Node | None]:
    """``creator(staff(1))`` where it is always one of the staff, whose id is in that field; bare numbers too."""
    there = Compare(field, Op.NOT_NULL)

    def node(items: Items) -> Node | None:
        found: list[Node] = []
        for item in items:
            if item.items is None and integer(item.name) is not None:
                found.append(all_of(there, one_of(field, integers((item.name,)))))
            elif item.name.strip().lower() == "staff":
                ids = integers(tuple(inner.name for inner in item.items)) if item.items else None
                found.append(there if ids is None else all_of(there, one_of(field, ids)))
        return any_of(*found) if items else None

    return node


OWNER_TYPE = Column(lambda values: any_of(*(_owned(value.strip().lower(), None) for value in values)))
OWNER_ID = Column(
    lambda values: any_of(_owned("staff", integers(values)), _owned("affiliation", integers(values))), _owner_range
)
OWNER = Column(lambda values: owner_object(tuple(Item(value) for value in values)) or FALSE, _owner_range)
