"""What a resource's filters are described by, and those that all have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from canonical.query import Node
from dialects.affinitylive.grammar import Items
from dialects.affinitylive.query import columns as by
from dialects.affinitylive.query.columns import Column, Moments
from dialects.affinitylive.query.subjects import (
    Against,
)


@dataclass(frozen=True, slots=True, eq=False)
class Filters:
    """One resource's filters; each is one of a kind.

    `orders` maps a name to a field and what stands in where that is missing.
    """

    columns: Mapping[str, Column]
    moments: Mapping[str, Moments]
    orders: Mapping[str, tuple[str, str | None]]
    objects: Mapping[str, Callable[[Items], Node | None]] = field(default_factory=dict)
    against: Against | None = None
    search: Callable[[str], Node] | None = None
    interacts: bool = False


CREATED, MODIFIED = by.moment("created_at"), by.moment("updated_at")
DATES = {"date_created": CREATED, "date_modified": MODIFIED}
ORDERS: dict[str, tuple[str, str | None]] = {
    "id": ("id", None),
    "date_created": ("created_at", None),
    "date_modified": ("updated_at", None),
}
ID = by.number("id")
PRIORITY = by.reference("priority")
