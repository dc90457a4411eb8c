"""Parties: people and organisations, in one id space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from canonical.model.related import ContactPoint, CustomValue, Link, StateChange, Tag
from canonical.model.spec import Join, Record, flag, integer, joined, moment, money, ref, related, text
from canonical.values import Instant


@dataclass(slots=True)
class Party(Record):
    """`type` is ``person`` or ``organisation``; `name` is what to show ("First Last", or the organisation's name).

    `stage` is ``lead`` or ``contact`` (a person) and `stage_word` the finer word for it; `company` is the free text
    beside the link `organisation_id`, which is a person's first employment, or the one of id `employment_id` once that
    has ended; further ones are records of their own. A person with a `user_id` is that user's contact card.
    """

    KIND: ClassVar[str] = "party"

    type: str = text("person", required=True)
    name: str = text("", folded=True)
    first_name: str | None = text(folded=True)
    last_name: str | None = text(folded=True)
    salutation: str | None = text(folded=True)
    job_title: str | None = text(folded=True)
    department: str | None = text(folded=True)
    company: str | None = text(folded=True)
    organisation_id: int | None = ref("party")
    employment_id: int | None = ref("employment")
    about: str | None = text(folded=True)
    industry: str | None = text(folded=True)
    category: str | None = text(folded=True)
    source: str | None = text(folded=True)
    stage: str = text("contact")
    stage_word: str | None = text(folded=True)
    employees: int | None = integer()
    annual_revenue: int | None = money()
    active: bool = flag(True)
    user_id: int | None = ref("user")
    last_contacted_at: Instant | None = moment()
    visibility: str = text("everyone")
    group_id: int | None = integer()
    owner_id: int = ref("user", required=True)
    owner_chosen: bool = flag()

    owner_username: str = joined()
    creator_username: str | None = joined()
    modifier_username: str | None = joined()
    organisation_name: str | None = joined()

    points: Sequence[ContactPoint] = related()
    links: Sequence[Link] = related()
    tags: Sequence[Tag] = related()
    custom: Sequence[CustomValue] = related()
    steps: Sequence[StateChange] = related()


def display_name(first_name: str | None, last_name: str | None) -> str:
    """``First Last``, or the one that there is."""
    return " ".join(part for part in (first_name, last_name) if part)


JOINS = (
    Join("owner_id", "user", "username", "owner_username"),
    Join("creator_id", "user", "username", "creator_username"),
    Join("modifier_id", "user", "username", "modifier_username"),
    Join("organisation_id", "party", "name", "organisation_name"),
)
RELATIONS = ("points", "links", "tags", "custom", "steps", "owner", "creator", "modifier", "organisation")
