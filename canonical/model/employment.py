"""Employments: that a person works for an organisation, or is linked to it otherwise, with a position of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from canonical.model.related import ContactPoint, CustomValue, StateChange
from canonical.model.spec import Record, flag, integer, moment, ref, related, text
from canonical.values import Instant


@dataclass(slots=True)
class Employment(Record):
    """A person's further link to an organisation, be it the same one; his first is the person himself.

    Its id is one of a party's, so that its contact points are its own. The name, the owner and who sees it are the
    person's, kept with it.
    """

    KIND: ClassVar[str] = "employment"

    person_id: int = ref("party", required=True)
    organisation_id: int = ref("party", required=True)
    job_title: str | None = text(folded=True)
    stage: str = text("contact")
    active: bool = flag(True)
    name: str = text("", folded=True)
    first_name: str | None = text(folded=True)
    last_name: str | None = text(folded=True)
    last_contacted_at: Instant | None = moment()
    visibility: str = text("everyone")
    group_id: int | None = integer()
    owner_id: int = ref("user", required=True)
    owner_chosen: bool = flag()

    points: Sequence[ContactPoint] = related()
    custom: Sequence[CustomValue] = related()
    steps: Sequence[StateChange] = related()


RELATIONS = ("points", "custom", "steps", "owner", "creator", "modifier", "person", "organisation")
