"""What a field is: one row that shows, takes, searches and describes one attribute of a record.

`show(record, view)` gives the value as json_encode gets it; `take(draft, value)` puts a sent value into a draft of
the change, adding to its errors in the vendor's words; `search(search, below, test)` makes a query node, `below`
being the names inside the attribute (``("id",)`` in ``owner[id]``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from adapter.fields import Row
from adapter.fields.expression import (
    IT,
    NOTHING,
    Attribute,
    Both,
    Call,
    Constant,
    Entry,
    Expression,
    Given,
    If,
    Once,
)
from adapter.fields.row import Show
from adapter.formats.form_body import Nested
from adapter.losses import LossReport
from canonical.model import ContactPoint, CustomValue, Party, Record
from canonical.operations import Desk
from canonical.query import First, Node
from canonical.values import sql_time
from dialects.zurmo.fields.comparison import Below, Comparison, Searching
from dialects.zurmo.settings import NAME, Profile

Take = Callable[["Draft", "Field", Nested], None]
Search = Callable[[Searching, Below, Comparison], Node]


@dataclass(slots=True)
class View:
    """How records are shown in one answer. `people` are the parties that attendees name, by id."""

    profile: Profile
    people: Mapping[int, Party] = field(default_factory=dict)
    owners: Mapping[int, Any] = field(default_factory=dict)
    losses: LossReport | None = None

    def lose(self, kind: str, name: str, reason: str) -> None:
        """Notes what cannot be said of a record."""
        if self.losses is not None:
            self.losses.add(kind, name, reason)


@dataclass(frozen=True, slots=True)
class Field(Row):
    """One attribute. `missing` is called on create when it was not sent; `below_errors` says that errors are a map."""

    show: Show = field(kw_only=True)
    take: Take | None = None
    search: Search | None = None
    sort: str | None = None
    """The canonical field that sorts like it."""
    order: tuple[str | Node | First, ...] = ()
    """What sorts like it, where that is no one field."""
    columns: tuple[str, ...] = ()
    """The canonical fields it says something of; without any, the one it sorts by."""
    label: str = ""
    element: str = "Text"
    default_operator: str = "equals"
    """What `list` does with it."""
    seed_operator: str | None = None
    """The same in the seed's profile, where it differs."""
    audited: bool = True
    listed: bool = True
    """Whether listAttributes names it."""
    v3_only: bool = False
    max_length: int | None = None
    picklist: str | None = None
    missing: Callable[[Draft, Field], None] | None = None
    clear: Callable[[Draft], None] | None = None
    """Makes it null, as a list or map does in the place of its one value (zurmo dossier, section 3)."""
    choose: Callable[[Sequence[ContactPoint]], ContactPoint | None] | None = None
    """Of an attribute that is a contact point: which it is among a record's."""
    new: ContactPoint | None = None
    """Of the same: what it is before anything was sent; its kind and label stay."""
    echo: Callable[[Any, Nested], Any] | None = None
    """From what is shown and what was sent to what the vendor's memory holds; None: what was sent."""

    def __post_init__(self) -> None:
        if not self.label:
            object.__setattr__(self, "label", label_of(self.name))
        if not self.columns and self.sort is not None and not self.sort.startswith(("extras.", "rank.")):
            object.__setattr__(self, "columns", (self.sort,))

    @property
    def keys(self) -> tuple[str | Node | First, ...]:
        """What a list is sorted by for it; nothing where it does not sort."""
        return self.order or ((self.sort,) if self.sort is not None else ())


MINE: Final = Once("mine", Entry(Attribute("extras"), Constant(NAME)))
"""What this dialect keeps in the record's extras; None without any."""


def sql_moment(column: str, otherwise: Expression = NOTHING) -> Expression:
    """A moment as ``2014-06-03 09:30:45``, and what there is in its place."""
    return Given(Attribute(column), Call(sql_time, IT), otherwise)


def short_text(column: str, limit: int, long: Expression, otherwise: Expression = NOTHING) -> Expression:
    """A text of up to so many characters as it is; what stands for a longer one, and for none."""
    return Given(Attribute(column), If(Both(Call(len, IT), "<=", Constant(limit)), IT, long), otherwise)


_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


def label_of(name: str) -> str:
    """``latestDateTime`` -> ``Latest Date Time``."""
    return " ".join(word[:1].upper() + word[1:] for word in _WORDS.findall(name))


@dataclass(slots=True)
class Draft:
    """A change on its way: what was sent becomes canonical values, points and extras, or errors.

    `record` is None for a new one. `values`, `extras`, `points` and `dropped` go into the operation. `memory` holds
    attributes that the vendor's rules set, shown as its memory has them (zurmo dossier, section 4).
    """

    profile: Profile
    now: int
    record: Any = None
    sent: Mapping[str, Nested] = field(default_factory=dict)
    desk: Desk | None = None
    losses: LossReport | None = None
    user_id: int | None = None
    kind: str = ""
    """The canonical kind, for losses."""
    whole: bool = False
    """All of a record as a server shows it, not a change: no rule of what may be sent applies."""
    values: dict[str, Any] = field(default_factory=dict)
    extras: dict[str, Any] = field(default_factory=dict)
    points: list[ContactPoint] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    custom: list[CustomValue] = field(default_factory=list)
    errors: dict[str, Any] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)
    scratch: dict[str, Any] = field(default_factory=dict)
    """What fields leave for the module's `settle`."""
    late: dict[str, Any] = field(default_factory=dict)
    """Errors that show only where nothing else is wrong; with none of them, `unknown` is an id that names nothing."""
    unknown: bool = False

    @property
    def creating(self) -> bool:
        return self.record is None and not self.whole

    def fail(self, name: str, text: str) -> None:
        self.errors.setdefault(name, []).append(text)

    def fail_below(self, name: str, inner: str, text: str) -> None:
        self.errors.setdefault(name, {}).setdefault(inner, []).append(text)

    def kept(self, key: str, default: Any = None) -> Any:
        """Our extra of that key as it will be after the change."""
        if key in self.extras:
            held = self.extras[key]
            return default if held is None else held
        return default if self.record is None else kept(self.record, key, default)

    def lose(self, name: str, reason: str) -> None:
        if self.losses is not None:
            self.losses.add(self.kind, name, reason)


def kept(record: Record, key: str, default: Any = None) -> Any:
    """Our extra of a record: it was put there by this dialect."""
    mine = record.extras.get(NAME)
    return default if mine is None else mine.get(key, default)


def written_back(shown: Any, sent: Nested) -> bool:
    """Whether what was sent is what is shown: it changes nothing then, also where it is not all that is stored."""
    if isinstance(sent, dict):
        found = isinstance(shown, dict) and bool(sent)
        return found and all(written_back(shown.get(name), value) for name, value in sent.items())
    return shown is not None and str(shown) == sent


def shortened(record: Record, view: View, name: str, text: str | None, limit: int | None) -> str | None:
    """A text no longer than the vendor's column; what is stored stays whole."""
    if limit is None or text is None or len(text) <= limit:
        return text
    view.lose(record.KIND, name, "shortened")
    return text[:limit]


BLANK: Final = "{} cannot be blank."
TOO_LONG: Final = "{} is too long (maximum is {} characters)."
TOO_BIG: Final = "{} is too big (maximum is {})."
TOO_SMALL: Final = "{} is too small (minimum is {})."
MUST_BE: Final = "{} must be {}."
NOT_FLAG: Final = "{} must be either 1 or 0."
NOT_EMAIL: Final = "{} is not a valid email address."
NOT_URL: Final = "{} is not a valid URL."


def blank(draft: Draft, row: Field) -> None:
    """A required attribute that was not sent."""
    draft.fail(row.name, BLANK.format(row.label))


def clear_column(column: str) -> Callable[[Draft], None]:
    """Makes a stored field null."""
    return lambda draft: draft.values.update({column: None})


def clear_extra(key: str) -> Callable[[Draft], None]:
    """Forgets one of our extras."""
    return lambda draft: draft.extras.update({key: None})
