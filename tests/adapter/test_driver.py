"""The driver against a made-up vendor: signing in, sessions that end, lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from adapter.client import Batch, Capability, ClientSide, Conversation, Pull, Session, answer_to, require
from adapter.driver import Driver
from adapter.losses import LossReport
from adapter.wire import Headers, WireRequest, WireResponse
from canonical.errors import Unauthenticated, Unsupported
from canonical.model import Activity
from canonical.values import Instant
from tests.adapter.echo_dialect import ECHO


class Vendor:
    """Gives out the tokens 1, 2, …, each good for `lasts` calls; lists three tasks."""

    def __init__(self, lasts: int = 100) -> None:
        self.lasts = lasts
        self.tokens = 0
        self.calls = 0
        self.log: list[str] = []

    def send(self, request: WireRequest) -> WireResponse:
        self.log.append(request.path)
        if request.path == "/login":
            self.tokens, self.calls = self.tokens + 1, 0
            return WireResponse(200, [], str(self.tokens).encode())
        self.calls += 1
        if request.headers.get("Token") != str(self.tokens) or self.calls > self.lasts:
            return WireResponse(401, [])
        return WireResponse(200, [], request.path.encode())


def sign_in(session: Session) -> Conversation:
    answer = yield WireRequest("POST", "/login")
    if answer.status != 200:
        raise Unauthenticated("unknown")
    return replace(session, state={"token": answer.body.decode()})


def sign(request: WireRequest, session: Session) -> WireRequest:
    return replace(request, headers=Headers([*request.headers, ("Token", session.state["token"])]))


def perform(operation: Any, session: Session, losses: LossReport) -> Conversation:
    losses.add("task", "x", "not_said")
    texts = []
    for path in operation:
        texts.append((yield WireRequest("GET", path)).body.decode())
    return texts


def pull(kind: str, session: Session, losses: LossReport, since: Instant | None, cursor: Any) -> Pull:
    for number in range(int(cursor or 0), 3):
        answer = yield from answer_to(WireRequest("GET", f"/task/{number}"))
        yield Batch((Activity(id=number, title=answer.body.decode()),), number + 1)


SIDE = ClientSide((), str, sign_in, sign, lambda answer: answer.status == 401, perform, pull, ())


def driver(vendor: Vendor) -> Driver:
    return Driver(replace(ECHO, client=SIDE), vendor, Session("http://localhost"))


def test_signs_in_once_and_gives_the_result() -> None:
    vendor = Vendor()
    client = driver(vendor)
    assert client.perform(["/a", "/b"]) == ["/a", "/b"]
    assert client.perform(["/c"]) == ["/c"]
    assert vendor.log == ["/login", "/a", "/b", "/c"]
    assert client.losses.summary() == {"task.x:not_said": 2}


def test_a_session_that_ended_is_renewed_in_the_middle() -> None:
    vendor = Vendor(lasts=2)
    assert driver(vendor).perform(["/a", "/b", "/c"]) == ["/a", "/b", "/c"]
    assert vendor.log == ["/login", "/a", "/b", "/c", "/login", "/c"]


def test_a_session_that_does_not_last_is_not_renewed_for_ever() -> None:
    vendor = Vendor(lasts=0)
    driver(vendor).perform(["/a"])
    assert vendor.log == ["/login", "/a", "/login", "/a"]


@pytest.mark.parametrize(("cursor", "expected"), [(None, [0, 1, 2]), (1, [1, 2]), (3, [])])
def test_lists_go_on_from_a_cursor(cursor: int | None, expected: list[int]) -> None:
    batches = list(driver(Vendor()).pull("task", cursor=cursor))
    assert [record.id for batch in batches for record in batch.records] == expected


def test_a_list_that_ends_early_asks_no_more() -> None:
    vendor = Vendor()
    next(driver(vendor).pull("task"))
    assert vendor.log == ["/login", "/task/0"]


def test_a_dialect_without_a_client_side() -> None:
    with pytest.raises(Unsupported, match="echo"):
        Driver(ECHO, Vendor(), Session(""))


def test_rows_are_found_by_kind_and_verb() -> None:
    row = Capability("task", "read")
    assert require([row], "echo", "task", "read") is row
    lookup: Callable[[], object] = lambda: require([row], "echo", "task", "list")  # noqa: E731
    with pytest.raises(Unsupported, match="echo: task list"):
        lookup()
