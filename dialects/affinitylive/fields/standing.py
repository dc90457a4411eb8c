"""Standings and statuses: the vendor's words for how far a thing is, and the canonical states that they fit.

The word that a client chose is kept and shown as long as it fits the record's state; else the plain word shows. Every
standing has one status, whose id is its place in the table (dossier, section 8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from canonical.query import FALSE, Compare, Node, Not, Op, all_of, any_of, one_of
from dialects.affinitylive.fields.table import NAMESPACE, own

_EXTRA = f"extras.{NAMESPACE}.standing"
_COLORS = ("grey", "blue", "green", "orange", "red", "black")


@dataclass(frozen=True, slots=True)
class Standing:
    """`fits` are the canonical values under which the word may show; the first of each is what the word sets."""

    word: str
    title: str
    fits: Mapping[str, tuple[Any, ...]]
    progression: str = ""

    def suits(self, record: Any) -> bool:
        return all(getattr(record, name) in values for name, values in self.fits.items())

    def values(self) -> dict[str, Any]:
        return {name: values[0] for name, values in self.fits.items()}

    def node(self) -> Node:
        return all_of(*(one_of(name, values) for name, values in self.fits.items()))


@dataclass(frozen=True, slots=True)
class Standings:
    """The standings of one resource. `plain` are the words to show of records made elsewhere, the first that fits."""

    rows: tuple[Standing, ...]
    plain: tuple[str, ...]
    at_start: str
    by_word: dict[str, Standing] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_word", {row.word: row for row in self.rows})

    def show(self, record: Any) -> str:
        word = own(record, "standing")
        chosen = self.by_word.get(word) if isinstance(word, str) else None
        if chosen is not None and chosen.suits(record):
            return chosen.word
        return next((word for word in self.plain if self.by_word[word].suits(record)), self.at_start)

    def id_of(self, word: str) -> int:
        return 1 + next(at for at, row in enumerate(self.rows) if row.word == word)

    def by_id(self, id: int) -> Standing | None:
        return self.rows[id - 1] if 0 < id <= len(self.rows) else None

    def reached(self, word: str) -> Standing | None:
        """The standing of a logged change: its own word, or the first for the core's state that another door named."""
        plain = (self.by_word[name] for name in self.plain)
        return self.by_word.get(word) or next((row for row in plain if word in row.fits.get("state", ())), None)

    def progression(self, name: str) -> Standing | None:
        """By the number of its status, its own word, or the word of the step that leads there (``start``)."""
        if name.isascii() and name.isdigit() and len(name) < 6:
            return self.by_id(int(name))
        return next((row for row in self.rows if name in (row.progression, row.word)), None)

    def among(self, words: tuple[str, ...]) -> Node:
        """The records that show one of the words; true or false of every record, never unknown."""
        rows = [self.by_word[word] for word in words if word in self.by_word]
        if not rows:
            return FALSE
        outside = self._outside(rows)
        if self._has_all_fitting(rows):
            return all_of(*outside)
        return all_of(*outside, any_of(*(self._shows(row) for row in rows)))

    def _has_all_fitting(self, rows: list[Standing]) -> bool:
        """Whether a state that one of the rows fits is fitted by no other row: then it shows one of them for sure."""
        if any(set(row.fits) != {"state"} for row in self.rows):
            return False
        states = {state for row in rows for state in row.fits["state"]}
        return not any(states.intersection(row.fits["state"]) for row in self.rows if row not in rows)

    def _outside(self, rows: list[Standing]) -> list[Node]:
        """The states that none of the rows fits, ruled out plainly: it is what an index of open records goes by."""
        possible = {state for row in rows for state in row.fits.get("state", ())}
        others = {state for row in self.rows for state in row.fits.get("state", ())} - possible
        return [Compare("state", Op.NE, state) for state in sorted(others)]

    def _kept(self, row: Standing) -> Node:
        return all_of(Compare(_EXTRA, Op.NOT_NULL), Compare(_EXTRA, Op.EQ, row.word), row.node())

    def _shows(self, row: Standing) -> Node:
        chosen = self._kept(row)
        if row.word not in self.plain:
            return chosen
        before = [self.by_word[word].node() for word in self.plain[: self.plain.index(row.word)]]
        none_kept = Not(any_of(*(self._kept(other) for other in self.rows)))
        return any_of(chosen, all_of(row.node(), *(Not(node) for node in before), none_kept))

    def statuses(self) -> list[dict[str, Any]]:
        return [
            {
                "id": str(at),
                "title": row.title,
                "standing": row.word,
                "color": _COLORS[(at - 1) % len(_COLORS)],
                "start": "yes" if row.word == self.at_start else "no",
                "ordering": str(at),
            }
            for at, row in enumerate(self.rows, 1)
        ]


_ACTIVE: dict[str, tuple[Any, ...]] = {"active": (True,)}
_LEAD: dict[str, tuple[Any, ...]] = {"active": (True,), "stage": ("lead",)}
_CONTACT: dict[str, tuple[Any, ...]] = {"active": (True,), "stage": ("contact",)}
_INACTIVE: dict[str, tuple[Any, ...]] = {"active": (False,)}

COMPANY = Standings(
    (
        Standing("potential", "Potential", _ACTIVE),
        Standing("interested", "Interested", _ACTIVE),
        Standing("active", "Active", _ACTIVE),
        Standing("inactive", "Inactive", _INACTIVE),
    ),
    ("active", "inactive"),
    "active",
)
CONTACT = Standings(
    (
        Standing("potential", "Potential", _LEAD),
        Standing("interested", "Interested", _LEAD),
        Standing("active", "Active", _CONTACT),
        Standing("inactive", "Inactive", _INACTIVE),
    ),
    ("inactive", "potential", "active"),
    "active",
)
STAFF = Standings(
    (
        Standing("active", "Active", _ACTIVE),
        Standing("inactive", "Inactive", _INACTIVE),
        Standing("lockout", "Locked out", _INACTIVE),
    ),
    ("active", "inactive"),
    "active",
)
_TASK_OPEN: dict[str, tuple[Any, ...]] = {"state": ("open", "awaiting", "rejected")}
TASK = Standings(
    (
        Standing("pending", "Pending", _TASK_OPEN),
        Standing("accepted", "Accepted", _TASK_OPEN, "accept"),
        Standing("started", "Started", {"state": ("in_progress",)}, "start"),
        Standing("complete", "Complete", {"state": ("completed",)}, "done"),
        Standing("inactive", "Inactive", {"state": ("cancelled",)}, "cancel"),
    ),
    ("pending", "started", "complete", "inactive"),
    "pending",
)
_CLOSED: dict[str, tuple[Any, ...]] = {"state": ("closed",)}
_OPEN: dict[str, tuple[Any, ...]] = {"state": ("open",)}
ISSUE = Standings(
    (
        Standing("submitted", "Submitted", _OPEN),
        Standing("open", "Open", _OPEN, "start"),
        Standing("resolved", "Resolved", _CLOSED, "resolve"),
        Standing("closed", "Closed", _CLOSED, "done"),
        Standing("inactive", "Inactive", _CLOSED, "cancel"),
    ),
    ("open", "closed"),
    "submitted",
)
_LOST: dict[str, tuple[Any, ...]] = {"state": ("lost",)}
PROSPECT = Standings(
    (
        Standing("unassigned", "Unassigned", _OPEN),
        Standing("active", "Active", _OPEN, "start"),
        Standing("won", "Won", {"state": ("won",)}, "done"),
        Standing("lost", "Lost", _LOST, "lose"),
        Standing("cancelled", "Cancelled", _LOST, "cancel"),
        Standing("abandoned", "Abandoned", _LOST, "abandon"),
    ),
    ("active", "won", "lost"),
    "active",
)

STANDINGS: dict[str, Standings] = {
    "companies": COMPANY,
    "contacts": CONTACT,
    "affiliations": CONTACT,
    "staff": STAFF,
    "tasks": TASK,
    "issues": ISSUE,
    "prospects": PROSPECT,
}
