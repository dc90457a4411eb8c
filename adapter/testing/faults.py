"""Planted faults: the next calls of an operation go wrong, each as the vendor's own server would."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from canonical.errors import Denied, TooManyCalls, Unauthenticated, Unavailable

ANY: Final = "*"
MOST: Final = 1000
"""Faults that may be planted at a time."""
MAX_DELAY: Final = 60_000
SLOW: Final = 1000
"""Milliseconds that ``slow`` waits when nothing is said."""


class PlantedFault(Exception):
    """What nobody foresaw, on purpose: the vendor's own 500."""


UNSIGNED: Final[Mapping[str, Callable[[], Exception]]] = {
    "unauthenticated": lambda: Unauthenticated("unknown"),
    "server_error": PlantedFault,
    "unavailable": lambda: Unavailable("planted fault"),
}
"""Before anybody has signed in."""
SIGNED: Final[Mapping[str, Callable[[], Exception]]] = {
    "forbidden": lambda: Denied("planted fault"),
    "rate_limited": TooManyCalls,
}
"""For a caller who is known: whoever is not hears that first."""
BROKEN: Final = ("malformed", "cut")
"""After the work was done and kept: half of the body, or nothing at all."""
KINDS: Final = (*UNSIGNED, *SIGNED, *BROKEN, "slow")


@dataclass(slots=True)
class Fault:
    """`after` calls that fit go well before `times` of them do not; None is for ever."""

    kind: str
    dialect: str = ANY
    operation: str = ANY
    times: int | None = 1
    after: int = 0
    delay_ms: int = 0
    id: int = 0
    met: int = field(default=0)
    """Calls that fitted so far."""

    def fits(self, dialect: str, operation: str | None) -> bool:
        return self.dialect in (ANY, dialect) and self.operation in (ANY, operation)

    @property
    def left(self) -> int | None:
        """How often it still comes; None without end."""
        return None if self.times is None else max(0, self.times - max(0, self.met - self.after))

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "dialect": self.dialect,
            "operation": self.operation,
            "fault": self.kind,
            "times": self.times,
            "after": self.after,
            "delay_ms": self.delay_ms,
            "left": self.left,
        }


class Faults:
    """The faults that are planted, oldest first; a call meets one of them at most."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._planted: list[Fault] = []
        self._ids = itertools.count(1)

    def plant(self, fault: Fault) -> Fault:
        """Raises ValueError when there are too many."""
        with self._guard:
            if len(self._planted) >= MOST:
                raise ValueError(f"there are {MOST} faults already")
            fault.id = next(self._ids)
            self._planted.append(fault)
        return fault

    def meet(self, dialect: str, operation: str | None) -> Fault | None:
        """The fault of this call, which counts as met; None when it goes well."""
        if not self._planted:
            return None
        with self._guard:
            for fault in self._planted:
                if fault.left == 0 or not fault.fits(dialect, operation):
                    continue
                fault.met += 1
                if fault.met > fault.after:
                    return fault
        return None

    def shown(self) -> list[dict[str, Any]]:
        with self._guard:
            return [fault.shown() for fault in self._planted]

    def clear(self, id: int | None = None) -> int:
        """Takes one away, or all; gives how many."""
        with self._guard:
            kept = [] if id is None else [fault for fault in self._planted if fault.id != id]
            gone = len(self._planted) - len(kept)
            self._planted = kept
        return gone
