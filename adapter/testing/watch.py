"""What looks over a gateway's shoulder under test: plants faults, writes the journal."""

from __future__ import annotations

import time
from typing import Final

from adapter.dialect import Call, Dialect
from adapter.testing.clock import Clock
from adapter.testing.faults import BROKEN, SIGNED, SLOW, UNSIGNED, Fault, Faults
from adapter.testing.journal import Journal, entry_of
from adapter.wire import BrokenResponse, WireRequest, WireResponse

_MET: Final = "crmglot fault"
"""Where a call remembers the fault that it met."""


class Watcher:
    """The `adapter.gateway.Watch` of one dialect."""

    def __init__(self, dialect: Dialect, faults: Faults, journal: Journal, clock: Clock) -> None:
        self._dialect = dialect
        self._faults = faults
        self._journal = journal
        self._clock = clock

    def matched(self, call: Call) -> None:
        fault = self._faults.meet(self._dialect.name, None if call.route is None else call.route.operation)
        if fault is None:
            return
        call.memo[_MET] = fault
        delay = fault.delay_ms or (SLOW if fault.kind == "slow" else 0)
        if delay:
            time.sleep(delay / 1000)
        raised = UNSIGNED.get(fault.kind)
        if raised is not None:
            raise raised()

    def admitted(self, call: Call) -> None:
        fault: Fault | None = call.memo.get(_MET)
        raised = None if fault is None else SIGNED.get(fault.kind)
        if raised is not None:
            raise raised()

    def answered(self, request: WireRequest, call: Call | None, response: WireResponse) -> WireResponse:
        now = self._clock.now() if call is None else call.now
        self._journal.add(entry_of(self._dialect, request, call, response, now))
        fault: Fault | None = None if call is None else call.memo.get(_MET)
        if fault is None or fault.kind not in BROKEN:
            return response
        # Of nothing there is no half.
        half = len(response.body) // 2 if fault.kind == "malformed" and response.body else None
        return BrokenResponse(response.status, response.headers, response.body, half)
