"""Opportunities: a deal that may be won or lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from canonical.model.related import CustomValue, Link, StateChange, Tag
from canonical.model.spec import Join, Record, day, flag, integer, joined, moment, money, ref, related, text
from canonical.values import Instant


@dataclass(slots=True)
class Opportunity(Record):
    """`amount` in millionths of `currency`, for one period of `duration_basis` (``fixed`` when there is none);
    `state` is ``open``, ``won`` or ``lost``; `probability` in percent; dates as ``YYYY-MM-DD``."""

    KIND: ClassVar[str] = "opportunity"

    title: str = text("", folded=True)
    body: str | None = text(folded=True)
    party_id: int | None = ref("party")
    amount: int | None = money()
    currency: str | None = text()
    duration_basis: str = text("fixed")
    duration: int | None = integer()
    stage: str | None = text(folded=True)
    stage_changed_at: Instant | None = moment()
    probability: int | None = integer()
    state: str = text("open")
    expected_close: str | None = day()
    closed_on: str | None = day()
    source: str | None = text(folded=True)
    visibility: str = text("everyone")
    group_id: int | None = integer()
    owner_id: int = ref("user", required=True)
    owner_chosen: bool = flag()

    masked: bool = False

    owner_username: str = joined()
    creator_username: str | None = joined()
    modifier_username: str | None = joined()
    party_name: str | None = joined()

    links: Sequence[Link] = related()
    tags: Sequence[Tag] = related()
    custom: Sequence[CustomValue] = related()
    steps: Sequence[StateChange] = related()


JOINS = (
    Join("owner_id", "user", "username", "owner_username"),
    Join("creator_id", "user", "username", "creator_username"),
    Join("modifier_id", "user", "username", "modifier_username"),
    Join("party_id", "party", "name", "party_name"),
)
RELATIONS = ("links", "tags", "custom", "steps", "owner", "creator", "modifier", "party")
