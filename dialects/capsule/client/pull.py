"""Whole lists of a Capsule server, page by page (capsule dossier, section 5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from adapter.client import Batch, Pull, Session, answer_to
from adapter.losses import LossReport
from canonical.errors import Unsupported
from canonical.model import Activity
from canonical.values import Instant, Ref
from dialects.capsule.client import ask, hear
from dialects.capsule.client.perform import complete
from dialects.capsule.wire.texts import show_compact_time

PAGE: Final = 100
_PATHS: Final = {
    "organisation": ("/api/organisation", "organisation"),
    "person": ("/api/person", "person"),
    "opportunity": ("/api/opportunity", "opportunity"),
    "case": ("/api/kase", "kase"),
}
_STATES: Final = ("OPEN", "COMPLETED")
_PARENTS: Final = (
    ("party", "/api/party", hear.ITEMS["party"]),
    ("opportunity", "/api/opportunity", ("opportunity",)),
    ("case", "/api/kase", ("kase",)),
)


def pull(kind: str, session: Session, losses: LossReport, since: Instant | None, cursor: Any) -> Pull:
    """See `adapter.client.ClientSide.pull`. Cursors are numbers of records passed, with where that is."""
    start = _STARTS.get(kind)
    if start is None:
        raise Unsupported(f"capsule: {kind} list")
    return start(kind, losses, since, cursor)


def _users(kind: str, losses: LossReport, since: Instant | None, cursor: Any) -> Pull:
    if cursor is None:
        answer = yield from answer_to(ask.reading("/api/users"))
        yield Batch(tuple(hear.many("user list", answer, ("user",), losses)), "done")


def _records(kind: str, losses: LossReport, since: Instant | None, cursor: Any) -> Pull:
    path, name = _PATHS[kind]
    offset = int(cursor or 0)
    changed = "" if since is None else f"&lastmodified={show_compact_time(since)}"
    while True:
        answer = yield from answer_to(ask.reading(f"{path}?start={offset}&limit={PAGE}{changed}"))
        records = hear.many(f"{kind} list", answer, (name,), losses)
        offset += len(records)
        if records:
            for record in records:
                yield from complete(record, losses)
            yield Batch(tuple(records), offset)
        if len(records) < PAGE:
            return


def _tasks(kind: str, losses: LossReport, since: Instant | None, cursor: Any) -> Pull:
    """Open ones, then those that are done; there is no parameter for what changed."""
    place, offset = cursor or (0, 0)
    for index in range(place, len(_STATES)):
        while True:
            answer = yield from answer_to(
                ask.reading(f"/api/tasks?status={_STATES[index]}&start={offset}&limit={PAGE}")
            )
            tasks = hear.many("task list", answer, ("task",), losses)
            offset += len(tasks)
            if tasks:
                changed = tuple(task for task in tasks if since is None or task.updated_at >= since)
                yield Batch(changed, [index, offset])
            if len(tasks) < PAGE:
                break
        offset = 0


def _history(kind: str, losses: LossReport, since: Instant | None, cursor: Any) -> Pull:
    """All history: only what a record is about can be asked, so every party, opportunity and case is.

    An item is given once, with the first of those that it is about.
    """
    place, offset = cursor or (0, 0)
    for index in range(place, len(_PARENTS)):
        parent, path, names = _PARENTS[index]
        while True:
            answer = yield from answer_to(ask.reading(f"{path}?start={offset}&limit={PAGE}"))
            owners = hear.many(f"{parent} list", answer, names, LossReport())
            for owner in owners:
                yield from _history_of(Ref(parent, owner.id), kind, [index, offset], losses)
            offset += len(owners)
            if owners:
                yield Batch((), [index, offset])
            if len(owners) < PAGE:
                break
        offset = 0


def _history_of(about: Ref, kind: str, cursor: Any, losses: LossReport) -> Pull:
    offset = 0
    while True:
        answer = yield from answer_to(ask.reading(f"{ask.path_of(*about)}/history?start={offset}&limit={PAGE}"))
        items = hear.history_items(f"{kind} list", answer, losses)
        offset += len(items)
        mine = tuple(item for item in items if item.type == kind and _first(item) == about)
        if mine:
            yield Batch(mine, cursor)
        if len(items) < PAGE:
            return


def _first(item: Activity) -> Ref | None:
    return item.links[0].target if item.links else None


_STARTS: Final[Mapping[str, Callable[[str, LossReport, Instant | None, Any], Pull]]] = {
    "user": _users,
    **dict.fromkeys(_PATHS, _records),
    "task": _tasks,
    "note": _history,
    "email": _history,
}
