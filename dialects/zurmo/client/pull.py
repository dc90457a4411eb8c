"""Whole lists of a Zurmo server (zurmo dossier, section 5).

3.x is asked for what follows the last id, which nothing that comes or goes meanwhile can shift. 2.x has pages only:
where one became shorter meanwhile, the list is gone through again from its start, and what was had is left out.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final

from adapter.client import Batch, Pull, Session, UnexpectedAnswer
from adapter.losses import LossReport
from adapter.wire import WireRequest, WireResponse
from canonical.errors import Unsupported
from canonical.model import Activity, Link
from canonical.values import SECOND, Instant, Ref, sql_time
from dialects.zurmo.client import find
from dialects.zurmo.client.find import PAGE, Asking
from dialects.zurmo.client.ids import number_of
from dialects.zurmo.client.perform import complete
from dialects.zurmo.client.server import Data, Server, server_of
from dialects.zurmo.fields.modules import (
    ACCOUNTS,
    CONTACTS,
    LEADS,
    MEETINGS,
    NOTES,
    OPPORTUNITIES,
    TASKS,
    USERS,
    Module,
)

_MODULES: Final = {
    "user": (USERS,),
    "organisation": (ACCOUNTS,),
    "person": (CONTACTS, LEADS),
    "opportunity": (OPPORTUNITIES,),
    "task": (TASKS,),
    "meeting": (MEETINGS,),
    "note": (NOTES,),
}
_SUBJECTS: Final = (CONTACTS, LEADS, ACCOUNTS, OPPORTUNITIES)
_Links = dict[int, list[Link]]
Reading = Generator[WireRequest, WireResponse, list[Any]]


def pull(kind: str, session: Session, losses: LossReport, since: Instant | None, cursor: Any) -> Pull:
    """See `adapter.client.ClientSide.pull`. Cursors are the place of the module and the last number."""
    modules = _MODULES.get(kind)
    if modules is None:
        raise Unsupported(f"zurmo: {kind} list")
    return _records(kind, modules, server_of(session), losses, since, cursor)


def _records(
    kind: str, modules: tuple[Module, ...], server: Server, losses: LossReport, since: Instant | None, cursor: Any
) -> Pull:
    first, last = cursor or (0, 0)
    links: _Links = {}
    if modules[0].kind is Activity:
        links = yield from _links_of(modules[0], server)
    for place in range(first, len(modules)):
        pages = _ById(modules[place], since, last) if server.searches else _ByPage(modules[place], last)
        while not pages.ended:
            told = LossReport()
            found = yield from pages.next(server, told)
            fresh = [record for record in found if since is None or record.updated_at // SECOND >= since // SECOND]
            for record in fresh:
                if record.id in links:
                    record.links = links[record.id]
                yield from complete(record, server)
            for loss, times in told.counts().items():
                losses.add(*loss, times)
            if found:
                yield Batch(tuple(fresh), [place, pages.last])
        last = 0


class _ById:
    """Pages of what follows the last number."""

    def __init__(self, module: Module, since: Instant | None, last: int) -> None:
        self.module, self.last, self.since = module, last, since
        self.ended = False

    def next(self, server: Server, losses: LossReport) -> Reading:
        found: list[Any]
        found, _ = yield from find.records(self._asking(), 1, PAGE, server, losses)
        self.ended = len(found) < PAGE
        for record in found:
            if number_of(record.id) <= self.last:
                raise UnexpectedAnswer(
                    f"{self.module.kind.KIND} list", 200, "/data/items", "not in the order asked for"
                )
            self.last = number_of(record.id)
        return found

    def _asking(self) -> Asking:
        clauses: Data = {"1": {"attributeName": "id", "operatorType": "greaterThan", "value": str(self.last)}}
        if self.since is not None:
            clauses["2"] = {
                "attributeName": "modifiedDateTime",
                "operatorType": "greaterThanOrEqualTo",
                "value": sql_time(self.since),
            }
        return find.searching(self.module, clauses, " AND ".join(clauses), "id asc")


class _ByPage:
    """Pages by number; from the first again where the list became shorter meanwhile."""

    def __init__(self, module: Module, last: int) -> None:
        self.asking, self.last = find.listing(module, "id.asc"), last
        self.number, self.total = 1, 0
        self.ended = False

    def next(self, server: Server, losses: LossReport) -> Reading:
        found, total = yield from find.records(self.asking, self.number, PAGE, server, losses)
        if total < self.total:
            self.number, self.total = 1, total
            return []
        self.total = total
        self.ended = self.number * PAGE >= total
        self.number += 1
        fresh = [record for record in found if number_of(record.id) > self.last]
        self.last = max((number_of(record.id) for record in fresh), default=self.last)
        return fresh


def _links_of(module: Module, server: Server) -> Generator[WireRequest, WireResponse, _Links]:
    """What the activities of a module are about: no record says it, so every contact, account and deal is asked."""
    links: _Links = {}
    for subjects in _SUBJECTS:
        pages = _ById(subjects, None, 0) if server.searches else _ByPage(subjects, 0)
        while not pages.ended:
            for subject in (yield from pages.next(server, LossReport())):
                target = Ref(subject.KIND, subject.id)
                for id in (yield from _about(module, target, server)):
                    found = links.setdefault(id, [])
                    found.append(Link(0, Ref(Activity.KIND, id), target, position=len(found)))
    return links


def _about(module: Module, target: Ref, server: Server) -> Generator[WireRequest, WireResponse, list[int]]:
    asking, number = find.about(module, target), 1
    ids: dict[int, None] = {}
    while True:
        found, total = yield from find.records(asking, number, PAGE, server, LossReport())
        ids.update((record.id, None) for record in found)
        if number * PAGE >= total:
            return list(ids)
        number += 1
