"""The clock of a server under test: it may stand still, run from another moment, or be the real one."""

from __future__ import annotations

import threading
from datetime import datetime

from adapter.gateway import real_now, testing_clock
from adapter.wire import WireRequest
from canonical.values import EARLIEST, LATEST, SECOND, Instant, from_datetime, iso_time

MAX_ADVANCE = 100 * 366 * 86_400
"""Seconds that a test may go on at once, either way."""


class Clock:
    """Gives the moment of each request: what its header ``X-Crmglot-Now`` says, else what was set here."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._frozen: Instant | None = None
        self._ahead = 0

    def __call__(self, request: WireRequest) -> Instant:
        if request.headers.get("X-Crmglot-Now") is not None:
            return testing_clock(request)
        return self.now()

    def now(self) -> Instant:
        frozen = self._frozen
        return real_now() + self._ahead if frozen is None else frozen

    def set(self, now: Instant, *, frozen: bool) -> None:
        with self._guard:
            self._frozen = now if frozen else None
            self._ahead = now - real_now()

    def advance(self, seconds: float) -> None:
        """Raises ValueError where that leaves the years 1 to 9999."""
        by = int(seconds * SECOND)
        if not EARLIEST <= self.now() + by <= LATEST:
            raise ValueError("outside the years 1 to 9999")
        with self._guard:
            if self._frozen is not None:
                self._frozen += by
            self._ahead += by

    def hold(self, *, frozen: bool) -> None:
        """Stops the clock where it is, or lets it run on from there."""
        self.set(self.now(), frozen=frozen)

    def reset(self) -> None:
        """Back to real time."""
        with self._guard:
            self._frozen, self._ahead = None, 0

    def shown(self) -> dict[str, object]:
        return {"now": iso_time(self.now()), "frozen": self._frozen is not None, "real": self._is_real}

    @property
    def _is_real(self) -> bool:
        return self._frozen is None and not self._ahead


def moment(text: str) -> Instant:
    """The instant of ``2014-01-20T20:42:56Z``. Raises ValueError."""
    return from_datetime(datetime.fromisoformat(text))
