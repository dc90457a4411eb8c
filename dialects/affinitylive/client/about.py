"""What a new activity or task is against, and who takes part in it (dossier, sections 3 and 7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from adapter.client import Conversation
from adapter.losses import LossReport
from canonical.model import SUBJECT
from canonical.operations import Create, NewLink
from canonical.values import Ref
from dialects.affinitylive.client.lookups import Lookups
from dialects.affinitylive.fields.subjects import RECIPIENTS

_WORDS: Final = {"contacts": "contact", "companies": "company", "prospects": "prospect", "issues": "issue",
                 "tasks": "task", "staff": "staff"}  # fmt: skip
AUTHORS: Final = ("creator", "from")
"""Roles that the vendor itself writes for whoever an activity is of."""


def about(
    name: str, links: Sequence[NewLink], given: dict[str, Any], lookups: Lookups, losses: LossReport
) -> Conversation:
    """``against`` for the first subject; without any it is against the user who makes it."""
    subjects = [link.target for link in links if link.role == SUBJECT]
    word, id, said = "staff", lookups.me, 0
    for target in subjects:
        found = _WORDS.get((yield from lookups.resource_of(target)))
        if found is not None:
            word, id, said = found, target.id, 1
            break
    if id:
        given.update(against_type=word, against_id=str(id))
    if len(subjects) > said:
        losses.add(name, "links", "only_first_said", len(subjects) - said)


def takers(
    name: str, operation: Create[Any], given: dict[str, Any], lookups: Lookups, losses: LossReport
) -> Conversation:
    """``to``, ``cc`` and ``bcc`` by ids; a sender who is no user owns the e-mail. Other roles are a loss."""
    owner = operation.values.get("owner_id") or lookups.me
    for link in operation.links:
        if link.role == SUBJECT:
            continue
        if link.role in AUTHORS and link.target == Ref("user", owner):
            continue
        key, id = yield from _taker(link.target, lookups)
        if id is None:
            losses.add(name, "links", "no_person")
        elif link.role in RECIPIENTS:
            given.setdefault(link.role, {}).setdefault(key, []).append(id)
        elif link.role == "from" and key == "affiliation" and given.get("owner_type") != "affiliation":
            if operation.values.get("owner_id"):
                losses.add(name, "owner_id", "sender_said")
            given.update(owner_type=key, owner_id=str(id))
        else:
            losses.add(name, "links", "role_not_said")


def _taker(target: Ref, lookups: Lookups) -> Conversation:
    """How a request names who takes part; a person by the default affiliation, which with the vendor all have."""
    if target.kind == "user":
        return "staff", target.id
    resource = "" if target.kind != "party" else (yield from lookups.resource_of(target))
    if resource != "contacts":
        return "", None
    affiliation = yield from lookups.affiliation_of(resource, target.id)
    return ("contact", target.id) if affiliation is None else ("affiliation", affiliation)
