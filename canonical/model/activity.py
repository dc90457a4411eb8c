"""Activities: whatever was, is or will be done. A task is the kind with a state and a due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from canonical.model.related import CustomValue, Link, StateChange, Tag
from canonical.model.spec import Join, Record, flag, integer, joined, moment, ref, related, text
from canonical.values import Due, Instant

TYPES = ("task", "note", "email", "meeting", "call", "report", "letter", "fax", "sms", "event")
"""The well-known types; any other lower-case word is legal too."""

STATES = ("open", "in_progress", "awaiting", "rejected", "completed", "cancelled")
CLOSED_STATES = ("completed", "cancelled")
STATE_RANKS = {"open": 1, "in_progress": 2, "awaiting": 3, "rejected": 4, "completed": 5, "cancelled": 4}
"""How far a state is, for sorting; what was cancelled ranks as what was rejected."""


@dataclass(slots=True)
class Activity(Record):
    """`start_at` and `end_at` say when it happens; `sequence` counts a tenant's activities without gaps."""

    KIND: ClassVar[str] = "activity"

    type: str = text("task", required=True)
    title: str = text("", folded=True)
    body: str | None = text(folded=True)
    state: str = text("open")
    completed_at: Instant | None = moment()
    due_at: Instant | None = moment()
    due_date_only: bool = flag()
    start_at: Instant | None = moment()
    end_at: Instant | None = moment()
    location: str | None = text(folded=True)
    category: str | None = text(folded=True)
    priority: int | None = integer()
    visibility: str = text("everyone")
    group_id: int | None = integer()
    owner_id: int = ref("user", required=True)
    owner_chosen: bool = flag()
    requester_id: int | None = ref("user")
    parent_id: int | None = ref("activity")
    thread_id: int | None = ref("activity")
    sequence: int = integer(0)
    billable_seconds: int = integer(0)
    nonbillable_seconds: int = integer(0)

    masked: bool = False
    """Whether the text is kept from whoever loaded the record; then it is empty."""

    owner_username: str = joined()
    creator_username: str | None = joined()
    modifier_username: str | None = joined()
    requester_username: str | None = joined()

    links: Sequence[Link] = related()
    tags: Sequence[Tag] = related()
    custom: Sequence[CustomValue] = related()
    steps: Sequence[StateChange] = related()

    @property
    def due(self) -> Due | None:
        return None if self.due_at is None else Due(self.due_at, bool(self.due_date_only))


JOINS = (
    Join("owner_id", "user", "username", "owner_username"),
    Join("creator_id", "user", "username", "creator_username"),
    Join("modifier_id", "user", "username", "modifier_username"),
    Join("requester_id", "user", "username", "requester_username"),
)
RELATIONS = ("links", "tags", "custom", "steps", "owner", "creator", "modifier", "requester", "parent")
