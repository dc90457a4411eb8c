"""Whole lists of a Crust server, page by page (crust dossier, section 5)."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Final

from adapter.client import Batch, Pull, Session, answer_to
from adapter.losses import LossReport
from adapter.wire import WireResponse
from canonical.errors import NotFound, Unsupported
from canonical.model.module import ModuleSort
from canonical.values import SECOND, Instant
from dialects.crust.client import ask, hear, own, shapes, users
from dialects.crust.client.operations import OLDEST_FIRST
from dialects.crust.client.shown import Shown, Unknown, when
from dialects.crust.client.views import SHARED, Modules, View, words_of

REMEMBERED: Final = 1_000
"""Ids of what was given last: a page that is read again, because what came before it went, repeats some."""
_CHANGED: Final = (ModuleSort("updated_at", True, own=True),)
_MADE: Final = (ModuleSort("created_at", True, own=True),)


def pull(kind: str, session: Session, losses: LossReport, since: Instant | None, cursor: Any) -> Pull:
    """See `adapter.client.ClientSide.pull`. A cursor is the number of the list, of the pass, and of the page."""
    if kind == "user":
        yield from _users(losses, cursor)
        return
    modules = session.state.get("modules")
    words = words_of(kind)
    if not words:
        raise Unsupported(f"crust: {kind} list")
    if modules is None:
        answer = yield from answer_to(ask.reading(ask.MODULES))
        modules = Modules(own.modules("module list", answer, losses), session.names)
    views = [view for word in words if (view := modules.find(word)) is not None]
    if not views:
        if kind in SHARED:
            raise Unsupported(f"crust: {kind} list")
        modules.need(kind)
    first, stage, page = cursor or (0, 0, 0)
    for number in range(first, len(views)):
        passes = (OLDEST_FIRST,) if since is None else (_CHANGED, _MADE)
        for at in range(stage, len(passes)):
            reading = _Reading(views[number], modules, session, losses, kind)
            if since is None:
                yield from _all(reading, [number, at], page)
            else:
                yield from _since(reading, [number, at], page, passes[at], since // SECOND * SECOND)
            page = 0
        stage = 0


def _users(losses: LossReport, cursor: Any) -> Pull:
    if cursor is None:
        answer = yield from answer_to(ask.reading(ask.USERS))
        yield Batch(tuple(users.listed("user list", answer, losses)), "done")


@dataclass(slots=True)
class _Reading:
    """One list as it is read."""

    view: View
    modules: Modules
    session: Session
    losses: LossReport
    kind: str
    recent: deque[int] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    last: list[Any] = field(default_factory=list)

    @property
    def size(self) -> int:
        return ask.page_size(len(self.view.module.fields))

    def rows(self, page: int, sort: tuple[ModuleSort, ...]) -> Generator[Any, WireResponse | None, Any]:
        """The rows of a page, and how many records there are. Raises UnexpectedAnswer for pages that do not end."""
        request = ask.listing(ask.records(self.view.module.id, self.session), page, self.size, sort=sort)
        rows, count = hear.rows_of(f"{self.kind} list", (yield from answer_to(request)))
        before, self.last = self.last, [row.value for row in rows]
        if self.last and self.last == before:
            raise rows[0].fail("the page before once more")
        return rows, count

    def take(self, rows: list[Shown]) -> list[Any]:
        """The records of a page that were not given lately, nor deleted in the meantime."""
        found = []
        for row in rows:
            try:
                record = hear.record(row, self.view, self.modules, self.losses)
            except NotFound:
                continue
            if record.id not in self.recent:
                self.recent.append(record.id)
                found.append(record)
        return found


def _all(reading: _Reading, place: list[int], page: int) -> Pull:
    """By id, so that what is made meanwhile comes last. Where the count went down, others moved to pages that were
    read: those are read again."""
    before = 0
    while True:
        rows, count = yield from reading.rows(page, OLDEST_FIRST)
        records = reading.take(rows)
        gone, before = before - count, count
        if records:
            yield Batch(tuple(records), [*place, page + 1 if len(rows) == reading.size else page])
        if gone > 0 and page:
            page -= min(page, -(-gone // reading.size), REMEMBERED // reading.size)
        elif len(rows) < reading.size:
            return
        else:
            page += 1


def _since(reading: _Reading, place: list[int], page: int, sort: tuple[ModuleSort, ...], since: Instant) -> Pull:
    """What changed, latest first, as far back as `since`; then what was made and never changed, which bears no stamp
    of a change and may stand anywhere in the first order."""
    while True:
        rows, _ = yield from reading.rows(page, sort)
        wanted, over = [], len(rows) < reading.size
        for row in rows:
            read = row.read(shapes.RECORD, Unknown())
            changed, made = when(row, "updatedAt", read["updatedAt"]), when(row, "createdAt", read["createdAt"])
            if sort == _CHANGED:
                over = over or (changed or made) < since
                if changed and changed >= since:
                    wanted.append(row)
            else:
                over = over or made < since
                if not changed and made >= since:
                    wanted.append(row)
        page += 1
        records = reading.take(wanted)
        if records:
            yield Batch(tuple(records), [*place, page])
        if over:
            return
