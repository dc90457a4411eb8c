"""How a field of a system module is described: what it shows of a record, and what writing it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import orjson

from adapter.fields import Row
from adapter.fields.compile import object_writer
from adapter.fields.expression import NONE_READ, Constant, Expression, Told
from canonical.formula import NOTHING as NOTHING_AT_ALL
from canonical.formula import Formula
from canonical.model import ContactPoint, Record
from canonical.model.module import ModuleField
from canonical.operations import Include, NewLink
from canonical.query import Compare, Node, Op
from canonical.values import Ref

Targets = Mapping[str, tuple[int, str | None]]
"""The first target of each sort that a record has: its id, and the role of the link, None for one in a field.

Sorts are ``organisation``, ``contact`` and ``lead`` for parties, else the kind.
"""
NO_TARGETS: Final[Targets] = {}


class Look(Protocol):
    """What writing a field asks of the records around it."""

    @property
    def me(self) -> int:
        """The id of whoever writes."""

    def has(self, kind: str, id: int, sort: str = "") -> bool:
        """Whether there is such a record, of that sort if one is named."""


@dataclass(slots=True)
class Draft:
    """What a request makes of a record; `record` is None for a new one. `shown` are the texts it has so far."""

    look: Look
    record: Any = None
    targets: Targets = field(default_factory=dict)
    shown: Mapping[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    extras: dict[str, Any] = field(default_factory=dict)
    links: list[NewLink] = field(default_factory=list)
    dropped_links: list[tuple[Ref, str]] = field(default_factory=list)
    points: dict[str, ContactPoint] = field(default_factory=dict)
    dropped_points: list[int] = field(default_factory=list)
    custom: dict[tuple[str, str], str] = field(default_factory=dict)
    """Custom values by group and name."""

    def value(self, name: str) -> Any:
        """A field as it will be."""
        if name in self.values:
            return self.values[name]
        return None if self.record is None else getattr(self.record, name)


Write = Callable[[Draft, str], str]
"""Takes a text into the draft and gives what will be shown of it; where that is another text, the text is kept."""
Search = Callable[[str], Node | None]
"""From a LIKE pattern to what finds records by this field."""


def _not_searched(pattern: str) -> Node | None:
    return None


EMPTY: Final = Constant("")


def told(read: Callable[[Any], str], *looks_at: str) -> Expression:
    """What a function of the record gives, which looks at those of its fields besides what is looked at anyway."""
    return Told(lambda record, targets: read(record), frozenset(looks_at))


_ALWAYS: Final = (
    "created_at",
    "updated_at",
    "creator_id",
    "owner_id",
    "extras",
    "visibility",
    "type",
    "stage",
    "party_id",
)
"""What is looked at whatever is shown: whose record it is, of when, of which module, and kept texts."""


@dataclass(frozen=True, slots=True)
class SystemField(Row):
    """`show` gives the text that it shows of a record and its targets; a `clean` one never has what JSON escapes. A
    module's fields become one function, so that what a record shows is written in one go.

    `sort` and `group` name what the core sorts and groups by, ``""`` for nothing; `say` words a grouped value."""

    kind: str
    label: str
    show: Expression = field(kw_only=True)
    clean: bool = field(default=False, kw_only=True)
    write: Write
    options: str | None = None
    search: Search = _not_searched
    sort: str = ""
    group: str = ""
    say: Callable[[Any], Any] = str
    bound: Callable[[str], Any] = str
    """A chart's bound as the core compares it; None for text that bounds nothing."""
    number: bool = False
    """Whether sums of `group` make sense; `scale` is what one is in the core."""
    scale: int = 1
    formula: Formula = NOTHING_AT_ALL
    """The text that it shows as reports compute it; missing where that is empty."""
    says: tuple[str, ...] = ()
    """Canonical fields and parts (``links``, ``points``) that it says beside those that `show` reads."""
    point: str = ""
    """The kind of the contact point that it shows."""

    def looked_at(self) -> frozenset[str]:
        """The record's fields that are looked at to show it."""
        return self.show.reads() or NONE_READ

    def said(self) -> tuple[str, ...]:
        """The canonical fields and parts that it says."""
        return (*sorted(self.looked_at()), *self.says)

    def described(self) -> ModuleField:
        return ModuleField(
            self.name, self.kind, self.label, options=self.options, required=self.required, visible=True
        )


@dataclass(frozen=True, slots=True)
class SystemModule:
    """`place` fixes the module's id; `base` holds for its records and `fixed` makes new ones so."""

    name: str
    place: int
    kind: type[Record]
    fields: tuple[SystemField, ...]
    base: Node
    shows: Callable[[Any], bool]
    """Whether a record read by its id is one of this module."""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    include: Include = ()
    listed: Node | None = None
    """What lists leave out besides."""
    looked_at: tuple[str, ...] = field(init=False, compare=False)
    """The record's fields that showing it looks at."""
    texts: Callable[[Any, Targets], dict[str, str]] = field(init=False, compare=False)
    """What its fixed fields show, by name."""
    by_name: dict[str, SystemField] = field(init=False, compare=False, default_factory=dict)
    described: dict[str, ModuleField] = field(init=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "texts", object_writer(self.fields))
        looked_at = set(_ALWAYS).union(*(row.looked_at() for row in self.fields))
        object.__setattr__(self, "looked_at", tuple(sorted(looked_at & self.kind.__dataclass_fields__.keys())))
        self.by_name.update({row.name: row for row in self.fields})
        self.described.update({row.name: row.described() for row in self.fields})


def like(name: str) -> Search:
    return lambda pattern: Compare(name, Op.LIKE, pattern)


def options(*values: str) -> str:
    """The options of a Select."""
    return orjson.dumps({"options": list(values)}).decode()


def label_of(name: str) -> str:
    """``BillingPostalCode`` -> ``Billing Postal Code``."""
    return "".join(
        f" {char}" if char.isupper() and at and not name[at - 1].isupper() else char for at, char in enumerate(name)
    )


def kinds(*fields: SystemField | Sequence[SystemField]) -> tuple[SystemField, ...]:
    """Fields and runs of fields, in one row."""
    flat: list[SystemField] = []
    for item in fields:
        flat.extend([item] if isinstance(item, SystemField) else item)
    return tuple(flat)
