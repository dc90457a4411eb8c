"""What hangs on a record: links and participations, contact points, tags, custom values; and lookup lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from canonical.values import Instant, Ref

SUBJECT = ""
"""The role of a plain link to what a record is about."""


@dataclass(slots=True)
class Link:
    """`record` is about `target` (role ``""``), or `target` takes part in it in a role.

    Roles are arbitrary text, kept as given: ``assignee``, ``attendee``, ``from``, ``to``, ``buyer``, …
    `target_name` is the target's name, title or username; `target_type` a party's type (``person``). When a party was
    made, who sees it and its stage are said too, so that it need not be loaded to be named; None where there is none;
    `target_is_card` says that it is a user's contact card.
    """

    id: int
    record: Ref
    target: Ref
    role: str = SUBJECT
    position: int = 0
    at: Instant = 0
    target_name: str | None = None
    target_type: str | None = None
    target_created_at: Instant | None = None
    target_visibility: str | None = None
    target_stage: str | None = None
    target_is_card: bool = False


MAX_DIGITS = 40
"""Digits of a phone number that are kept for searching; nobody's has so many."""


def digits_back(text: str) -> str | None:
    """The digits of a text from the last to the first, not more than `MAX_DIGITS`; None where it has none."""
    return "".join(char for char in reversed(text) if "0" <= char <= "9")[:MAX_DIGITS] or None


@dataclass(slots=True)
class ContactPoint:
    """One way to reach a party. `kind` is ``email``, ``phone``, ``website`` or ``address``.

    `label` is what it is for, lower case (``work``, ``home``, ``mobile``, ``fax``, ``billing``, …); `value` is the
    e-mail address, the number or the web address; addresses use the six fields after it instead. `extras` holds by
    namespace what has no home here (opted out, invalid, latitude).
    """

    kind: str
    value: str = ""
    label: str | None = None
    id: int = 0
    service: str | None = None
    street: str | None = None
    street2: str | None = None
    city: str | None = None
    region: str | None = None
    postcode: str | None = None
    country: str | None = None
    position: int = 0
    party_id: int = 0
    extras: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def digits_back(self) -> str | None:
        """A phone's digits from the last to the first, which is how a number is told by its end."""
        return digits_back(self.value) if self.kind == "phone" else None


@dataclass(slots=True)
class Tag:
    """A label on records; its name is unique in the tenant without regard to letter case."""

    id: int
    name: str
    url: str | None = None
    keywords: str | None = None
    parent_id: int | None = None


@dataclass(slots=True)
class CustomValue:
    """The value of one custom field of one record. `group` is the set of fields it belongs to, mostly none.

    `id` is unique over all values of all tenants. It and what is after it are the store's to say, 0 and None before.
    """

    name: str
    value: str
    group: str = ""
    id: int = field(default=0, compare=False)
    updated_at: Instant | None = field(default=None, compare=False)
    modifier_id: int | None = field(default=None, compare=False)


@dataclass(slots=True)
class StateChange:
    """A record came to a state: `word` is the state's own word, or the finer one of the dialect that said it.

    `latest` tells the last such change of the record from earlier ones to the same word.
    """

    id: int
    at: Instant
    user_id: int | None
    word: str
    latest: bool = True


@dataclass(slots=True)
class CustomField:
    """The definition of a custom field of a kind. `type` is ``text``, ``number``, ``date``, ``flag``, ``choice``, …"""

    kind: str
    name: str
    label: str = ""
    type: str = "text"
    group: str = ""
    id: int = 0
    position: int = 0
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class PicklistItem:
    """One choice of a list (``task_category``, ``stage``, ``industry``, …).

    `origin` is the namespace whose default it was, or "" for one that the tenant made.
    """

    list: str
    value: str
    id: int = 0
    position: int = 0
    origin: str = ""
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Change:
    """One entry of the change log: who did what to which record, when, and through which dialect."""

    id: int
    at: Instant
    user_id: int | None
    dialect: str
    action: str
    record: Ref
    type: str | None = None
    fields: tuple[str, ...] = ()
