"""What a resource's filters are described by, and those that all have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from canonical.query import Compare, Node, Op, Sort, all_of, contains
from dialects.affinitylive.fields.standing import STANDINGS, Standings
from dialects.affinitylive.query import columns as by
from dialects.affinitylive.query.columns import Column, Moments
from dialects.affinitylive.query.subjects import Against
from dialects.affinitylive.wire.grammar import Items


@dataclass(frozen=True, slots=True, eq=False)
class Filters:
    """One resource's filters; each is one of a kind.

    `orders` maps a name to how it sorts upwards, not at all where nothing is held that would differ.
    """

    columns: Mapping[str, Column]
    moments: Mapping[str, Moments]
    orders: Mapping[str, tuple[Sort, ...]]
    objects: Mapping[str, Callable[[Items], Node | None]] = field(default_factory=dict)
    against: Against | None = None
    search: Callable[[str], Node] | None = None
    interacts: bool = False


CREATED, MODIFIED = by.moment("created_at"), by.moment("updated_at")
DATES = {"date_created": CREATED, "date_modified": MODIFIED}
ORDERS: dict[str, tuple[Sort, ...]] = {
    "id": (Sort("id"),),
    "date_created": (Sort("created_at"),),
    "date_modified": (Sort("updated_at"),),
}
ID = by.number("id")
PRIORITY = by.reference("priority")


def stands(resource: str, *more: str) -> dict[str, Column]:
    """``standing``, ``status`` and what else the status is called."""
    status = by.status(STANDINGS[resource])
    return {"standing": by.standing(STANDINGS[resource]), **dict.fromkeys(("status", "status_id", *more), status)}


def standing_orders(resource: str, *more: str) -> dict[str, tuple[Sort, ...]]:
    """``standing`` by its word, ``status`` by its id."""
    standings = STANDINGS[resource]
    words = [row.word for row in standings.rows]
    return {
        "standing": _in_turn(standings, sorted(words)),
        **dict.fromkeys(("status", *more), _in_turn(standings, words)),
    }


def _in_turn(standings: Standings, words: Sequence[str]) -> tuple[Sort, ...]:
    """The order of those words: first who shows the first one, then the second, and so on."""
    return tuple(Sort(standings.among((word,)), True) for word in words[:-1])


def holds(field_: str, term: str) -> Node:
    """The text is there and has the term in it."""
    return all_of(Compare(field_, Op.NOT_NULL), contains(field_, term))
