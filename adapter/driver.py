"""The driver: holds a dialect's conversations with an endpoint. Knows no vendor.

It signs in when first needed, signs every request, and when the vendor says that the session ended signs in anew and
asks once more (a request that was refused for that did nothing). Everything else is the dialect's to hear.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapter.client import Batch, ClientSide, Conversation, Session
from adapter.dialect import Dialect
from adapter.losses import LossReport
from adapter.wire import Endpoint, WireRequest, WireResponse
from canonical.errors import Unsupported
from canonical.values import Instant


class Driver:
    """One client of one server. `losses` gathers what could not be said or kept, over all that is asked."""

    def __init__(self, dialect: Dialect, endpoint: Endpoint, session: Session, losses: LossReport | None = None):
        if dialect.client is None:
            raise Unsupported(f"{dialect.name}: no client side")
        self.dialect = dialect
        self.side: ClientSide = dialect.client
        self.endpoint = endpoint
        self.session = session
        self.losses = LossReport() if losses is None else losses
        self._signed_in = False

    def sign_in(self) -> Session:
        """Signs in now, whether or not there is a session. Raises `Unauthenticated`, `UnexpectedAnswer`."""
        conversation = self.side.sign_in(self.session)
        try:
            request = next(conversation)
            while True:
                request = conversation.send(self.endpoint.send(request))
        except StopIteration as done:
            self.session = done.value
        self._signed_in = True
        return self.session

    def perform(self, operation: Any) -> Any:
        """The result of one of `canonical.operations`, see `ClientSide.perform`."""
        return self._hold(self.side.perform(operation, self._ready(), self.losses))

    def pull(self, kind: str, since: Instant | None = None, cursor: Any = None) -> Iterator[Batch]:
        """All records of a kind of `adapter.client.KINDS`, in batches, see `ClientSide.pull`."""
        pulling = self.side.pull(kind, self._ready(), self.losses, since, cursor)
        answer: WireResponse | None = None
        while True:
            try:
                item = pulling.send(answer) if answer is not None else next(pulling)
            except StopIteration:
                return
            answer = None
            if isinstance(item, Batch):
                yield item
            else:
                answer = self._ask(item)

    def _ready(self) -> Session:
        return self.session if self._signed_in else self.sign_in()

    def _hold(self, conversation: Conversation) -> Any:
        try:
            request = next(conversation)
            while True:
                request = conversation.send(self._ask(request))
        except StopIteration as done:
            return done.value

    def _ask(self, request: WireRequest) -> WireResponse:
        answer = self.endpoint.send(self.side.sign(request, self.session))
        if self.side.ended(answer):
            self.sign_in()
            answer = self.endpoint.send(self.side.sign(request, self.session))
        return answer
