"""Whole lists of an opentaps server (opentaps dossier, sections 5 and 8).

Activities go by their sequence numbers, which nobody ever moves; contacts by pages, for there is no other way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from adapter.client import Batch, Pull, Session, answer_to, kind_of
from adapter.losses import LossReport
from canonical.errors import Unsupported
from canonical.model import Record
from canonical.values import Instant
from dialects.opentaps.client import ask, hear
from dialects.opentaps.client.capabilities import ACTIVITIES
from dialects.opentaps.client.hear import Users
from dialects.opentaps.client.shown import Shown, value
from dialects.opentaps.client.sign_in import users_of
from dialects.opentaps.query import MAX_COUNT

PAGE: Final = MAX_COUNT


def pull(kind: str, session: Session, losses: LossReport, since: Instant | None, cursor: Any) -> Pull:
    """See `adapter.client.ClientSide.pull`. Cursors are the next sequence number, or the next page."""
    start = _STARTS.get(kind)
    if start is None:
        raise Unsupported(f"opentaps: {kind} list")
    return start(kind, session.state.get("users", {}), losses, since, cursor)


def _users(kind: str, known: Users, losses: LossReport, since: Instant | None, cursor: Any) -> Pull:
    if cursor is not None:
        return
    answer = yield from answer_to(ask.reading("/contacts-users"))
    cards = hear.cards("user list", answer)
    if not cards:
        # Rights belong to contacts: whoever asks is one of them (opentaps dossier, section 1).
        raise Shown("user list", answer.status, "", None).fail("without the one who asks")
    yield Batch(tuple((yield from users_of(cards, losses))), "done")


def _activities(kind: str, known: Users, losses: LossReport, since: Instant | None, cursor: Any) -> Pull:
    """By type, but for notes: whatever is of no other type counts as one. No parameter tells what changed."""
    start = int(cursor or 0)
    filters = [] if kind == "note" else [("activityType", kind.upper())]
    while True:
        answer = yield from answer_to(ask.reading(f"/activities/{PAGE}/{start}", filters))
        found, size = [], 0
        for shown in value(f"{kind} list", answer).items():
            told = LossReport()
            record = hear.activity(shown, known, told)
            if record.sequence < start:
                raise shown.at("sequenceNum", None).fail("not after the one before")
            start, size = record.sequence + 1, size + 1
            if kind_of(record) == kind and (since is None or record.updated_at >= since):
                found.append(record)
                _tell(told, losses)
        if size:
            yield Batch(tuple(found), start)
        if size < PAGE:
            return


def _contacts(kind: str, known: Users, losses: LossReport, since: Instant | None, cursor: Any) -> Pull:
    """Without the cards of users, which are users. Nothing tells when a contact changed."""
    page, before = int(cursor or 1), frozenset[int]()
    while True:
        answer = yield from answer_to(ask.reading("/contact", [("per_page", str(PAGE)), ("page", str(page))]))
        found: list[Record] = []
        ids = set()
        for shown in value(f"{kind} list", answer).items():
            told = LossReport()
            record = hear.contact(shown, known, told)
            ids.add(record.id)
            if record.type == kind and record.user_id is None:
                found.append(record)
                _tell(told, losses)
        if ids <= before:
            # The last page was, or a server that knows no pages gave all of them again.
            return
        full = len(ids) >= PAGE
        yield Batch(tuple(found), page + full)
        if not full:
            return
        page, before = page + 1, frozenset(ids)


def _tell(told: LossReport, losses: LossReport) -> None:
    for loss, times in told.counts().items():
        losses.add(*loss, times)


_STARTS: Final[Mapping[str, Callable[[str, Users, LossReport, Instant | None, Any], Pull]]] = {
    "user": _users,
    "organisation": _contacts,
    "person": _contacts,
    **dict.fromkeys(ACTIVITIES, _activities),
}
