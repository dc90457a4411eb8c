"""Conversations of a dialect's client side with a server whose answers a test gives, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any

from adapter.client import Batch, ClientSide, Session
from adapter.losses import LossReport
from adapter.wire import WireRequest, WireResponse


class RanOut(Exception):
    """A conversation asks for more than there are answers."""


Answering = Callable[[WireRequest], WireResponse]


def in_turn(answers: Iterable[WireResponse]) -> Answering:
    left = list(answers)

    def answer(request: WireRequest) -> WireResponse:
        if not left:
            raise RanOut(request.target)
        return left.pop(0)

    return answer


def held(talk: Generator[Any, Any, Any], answer: Answering) -> tuple[list[WireRequest], list[Batch], Any]:
    """The requests of a conversation, the batches that it gave, and what it returned."""
    requests: list[WireRequest] = []
    batches: list[Batch] = []
    given: WireResponse | None = None
    while True:
        try:
            item = talk.send(given)
        except StopIteration as done:
            return requests, batches, done.value
        given = None
        if isinstance(item, Batch):
            batches.append(item)
        else:
            requests.append(item)
            given = answer(item)


class Asker:
    """A client side and the session it asks in; `losses` gathers what was lost."""

    def __init__(self, side: ClientSide, session: Session) -> None:
        self.side = side
        self.session = session
        self.losses = LossReport()

    def perform(self, operation: Any, *answers: WireResponse) -> tuple[list[WireRequest], Any]:
        talk = self.side.perform(operation, self.session, self.losses)
        requests, _, result = held(talk, in_turn(answers))
        return requests, result

    def pull(
        self, kind: str, answer: Answering, since: int | None = None, cursor: Any = None
    ) -> tuple[list[WireRequest], list[Batch]]:
        return held(self.side.pull(kind, self.session, self.losses, since, cursor), answer)[:2]

    def sign_in(self, answer: Answering) -> tuple[list[WireRequest], Session]:
        requests, _, session = held(self.side.sign_in(self.session), answer)
        return requests, session
