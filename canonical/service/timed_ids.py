"""Ids that grow with time and are too large for a client to guess or a float to hold."""

from __future__ import annotations

from typing import Final

from canonical.store.port import Unit
from canonical.values import SECOND, Instant

EPOCH: Final = 1_503_550_784 * SECOND
TICK: Final = SECOND // 100
MACHINE: Final = 1
COUNTER: Final = "timed id"
FIRST: Final = 600_000_000
"""The earliest tick that is used: ids have 17 digits at least, and all below are free for ids that are computed."""


def timed_id(unit: Unit, now: Instant) -> int:
    """A new id: 10 ms since `EPOCH`, 8 bits of sequence, 16 bits of machine; unique, and larger than those before it.

    More than 256 in one tick borrow from the next ones. Where ids are not `clocked_ids` they count on from the first.
    """
    earliest = (max((now - EPOCH) // TICK, FIRST) if unit.clocked_ids else FIRST) << 8
    value = unit.next_value(COUNTER, shared=True)
    # A clock that stands beyond what 63 bits hold (a test's) must not push all later ids out of range.
    if value < earliest < 2**46:
        unit.raise_value(COUNTER, earliest)
        value = unit.next_value(COUNTER, shared=True)
    return value << 16 | MACHINE
