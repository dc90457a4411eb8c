"""Every route of every dialect against what its caller may not read: nothing is told of it, nothing of it is changed.

Records of every visibility are put wherever a route takes one; who calls is put wherever it takes a user or a contact.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dialects
from canonical.model import Activity, User
from canonical.operations import Create, NewLink
from canonical.query import Query
from canonical.values import Ref, instant
from tests.dialects.shapes import leaves, replaced, shape
from tests.support.probing import Prober, path_of
from tests.support.rivals import RIVAL, Rivals, Stock
from tests.support.world import every_dialect

NAMES = [dialect.name for dialect in every_dialect()]
KINDS = ("task", "note", "meeting")
CALLERS = {"fay": {}, "gil": {"view_only": True}, "ada": {"admin": True}}
"""A colleague, one who may only view, and an administrator; none of them takes part."""
HIDDEN = ("confidential", "private", "owner", "group")


def word(visibility: str) -> bytes:
    """What all texts of such a record hold."""
    return f"sesquipedalian{visibility}".encode()


class Trial:
    """One dialect under trial by one caller, and bea, whose records are not his to read."""

    def __init__(self, folder: Path, dialect: str, caller: str) -> None:
        self.rivals = Rivals(folder)
        world = self.rivals.world
        for setting, value in shape(dialect).settings.items():
            world.set(setting, value, RIVAL)
        world.add_user("bea", tenant=RIVAL)
        me = world.add_user(caller, tenant=RIVAL, **CALLERS[caller])
        self.me, self.card = me.user_id, world.desk(f"{caller}-token").get(User, me.user_id).person_id or 0
        self.caller = caller
        self.prober = Prober(self.rivals, dialects.load(dialect), shape(dialect))
        self.hidden = {visibility: self._made(visibility) for visibility in HIDDEN}
        self.forbidden = HIDDEN[:2] if caller == "ada" else HIDDEN
        self._credentials = ""
        self.before = self.guarded()

    def _made(self, visibility: str) -> dict[str, int]:
        text = word(visibility).decode()
        values = {"title": f"{text} title", "body": f"{text} body", "visibility": visibility, "state": "open"}
        when = {"due_at": instant(2014, 7, 1), "start_at": instant(2014, 6, 1), "end_at": instant(2014, 6, 2)}
        about = NewLink(Ref("party", self.rivals.own["person"]))
        extras = {"zurmo": {"description": f"{text} title\n{text} body"}, "opentaps": {"noteText": f"{text} title"}}
        return {
            kind: self.rivals.world.write(
                lambda desk, kind=kind: desk.create(  # type: ignore[misc]
                    Create(Activity, {"type": kind, **values, **when}, (about,), extras=extras)
                ),
                "bea-token",
            ).id
            for kind in KINDS
        }

    def guarded(self) -> dict[int, Any]:
        """What nobody may change of the records that the caller may not read."""
        found = self.rivals.world.desk("bea-token").find(Activity, Query(), ("links",)).items
        ids = {id for visibility in self.forbidden for id in self.hidden[visibility].values()}
        return {record.id: self._guarded(record) for record in found if record.id in ids}

    def _guarded(self, record: Activity) -> tuple[Any, ...]:
        targets = [link.target for link in record.links]
        users = sorted(target.id for target in targets if target.kind == "user")
        names = ("title", "body", "owner_id", "creator_id", "requester_id", "visibility", "group_id", "extras")
        return (*(getattr(record, name) for name in names), users, Ref("party", self.card) in targets)

    def credentials(self) -> str:
        if not self._credentials:
            self._credentials = self.prober.shape.sign_in(self.rivals.world, self.caller)
        return self._credentials

    def call(
        self, route: Any, method: str, stock: Stock, query: str = "", fields: Any = None, choice: int = 0
    ) -> None:
        prober = self.prober
        kind, body = (None, b"") if fields is None else prober.shape.encode(route, fields, choice)  # type: ignore[misc]
        path = path_of(prober.shape, route, prober.shape.own(route, stock))
        request = prober.request(method, path, query, body=body, content_type=kind, signed=self.credentials())
        self.rivals.world.lines.clear()
        host = self.rivals.world.core.accounts.tenant_by_slug(RIVAL)
        response = self.rivals.world.gateway(prober.dialect).send(request, host)
        if any(end in path for end in ("logout", "reset-token", "revoke")):
            self._credentials = ""
        text = response.body + repr(response.headers).encode() + repr(self.rivals.world.lines).encode()
        for visibility in self.forbidden:
            if word(visibility) in text:
                prober.say(request, response, f"tells of what is {visibility}")
        if response.status >= 500 and not prober.shape.crash(request, response):
            prober.say(request, response, f"broke: {self.rivals.world.lines}")
        if route.writes and (after := self.guarded()) != self.before:
            prober.say(request, response, "changed what is not the caller's to read")
            self.before = after
        if route.writes and not self.rivals.intact():
            self.rivals.restock()

    def stocks(self, visibilities: tuple[str, ...], kinds: tuple[str, ...]) -> Iterator[Stock]:
        """The caller's own stock with a hidden record in the place of every activity."""
        for visibility, kind in itertools.product(visibilities, kinds):
            id = self.hidden[visibility][kind]
            ids = {**self.rivals.own.ids, **self.hidden[visibility], **({} if kind == "task" else {"task": id})}
            yield Stock(ids, self.caller, self.rivals.own.tag)

    def run(self, visibilities: tuple[str, ...], kinds: tuple[str, ...], *, thorough: bool) -> None:
        for route in self.prober.dialect.routes:
            for method in self.prober.methods(route):
                for stock in self.stocks(visibilities, kinds):
                    self.call(route, method, stock, "_fields=_ALL&perPage=100&_limit=100&embed=tags")
                    sample = self.prober.shape.sample(route, stock)
                    if sample is None or method in ("GET", "DELETE"):
                        continue
                    self.call(route, method, stock, fields=sample)
                    if thorough and stock["note"] == self.hidden["confidential"]["note"]:
                        for fields in self.fields(sample, stock):
                            self.call(route, method, stock, fields=fields, choice=1)

    def fields(self, sample: Any, stock: Stock) -> Iterator[Any]:
        """The sample with one value after the other in the caller's favour, alone and with the rest."""
        number = self.prober.shape.number
        taken = (number("party", self.me), number("party", self.card), number("activity", stock["note"]), "1", "")
        for path in leaves(sample):
            for value in taken:
                yield replaced(sample, path, value)


@pytest.mark.parametrize(
    ("caller", "visibilities", "kinds", "thorough"),
    [
        ("fay", ("confidential",), ("task",), False),
        *(pytest.param(caller, HIDDEN, KINDS, True, marks=pytest.mark.slow) for caller in CALLERS),
    ],
)
@pytest.mark.parametrize("dialect", NAMES)
@pytest.mark.slow
def test_nothing_is_told_or_changed_of_what_may_not_be_read(
    tmp_path: Path, dialect: str, caller: str, visibilities: tuple[str, ...], kinds: tuple[str, ...], thorough: bool
) -> None:
    trial = Trial(tmp_path, dialect, caller)
    try:
        assert len(trial.before) == len(trial.forbidden) * len(KINDS)
        trial.run(tuple(v for v in visibilities if v in trial.forbidden), kinds, thorough=thorough)
        trial.prober.verdict()
    finally:
        trial.rivals.close()
