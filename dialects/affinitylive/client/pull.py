"""Whole lists of an AffinityLive server, by id upwards, so that nothing is passed twice or missed (dossier, 5)."""

from __future__ import annotations

from typing import Any, Final

from adapter.client import Batch, Pull, Session, answer_to
from adapter.losses import LossReport
from canonical.errors import Unsupported
from canonical.values import SECOND, Instant
from dialects.affinitylive.client import ask, hear, shown
from dialects.affinitylive.client.lookups import complete

_NOTES: Final = "note,report,postal,fax,sms,event_log"
_LISTS: Final = {
    "user": ("staff", ""),
    "organisation": ("companies", ""),
    "person": ("contacts", ""),
    "opportunity": ("prospects", ""),
    "case": ("issues", ""),
    "task": ("tasks", ""),
    "note": ("activities", f"medium({_NOTES}),"),
    "email": ("activities", "medium(email),"),
    "meeting": ("activities", "medium(meeting),"),
    "call": ("activities", "medium(call),"),
}
"""Where each kind is, and which of them."""


def pull(kind: str, session: Session, losses: LossReport, since: Instant | None, cursor: Any) -> Pull:
    """See `adapter.client.ClientSide.pull`. The cursor is the last id that was given."""
    if kind not in _LISTS:
        raise Unsupported(f"affinitylive: {kind} list")
    resource, which = _LISTS[kind]
    if since is not None and resource != "staff":
        # The vendor's filter is strict, in whole seconds.
        which += f"date_modified_after({max(0, since // SECOND - 1)}),"
    last = int(cursor or 0)
    while True:
        filters = f"{which}id_greater_than({last}),order_by_asc(id)"
        answer = yield from answer_to(ask.page(resource, filters))
        there = shown.response(f"{kind} list", answer)
        records = hear.records(resource, there, losses)
        # A server may give fewer than were asked for: only none is the end.
        if not records:
            return
        highest = max(record.id for record in records)
        if highest <= last:
            raise there.fail("the same records again")
        yield from complete(resource, records, session.state["lookups"], losses)
        if since is not None and resource != "staff":
            records = [record for record in records if record.updated_at >= since // SECOND * SECOND]
        last = highest
        yield Batch(tuple(records), last)
