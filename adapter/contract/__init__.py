"""Contract testing: recorded exchanges, replayed against any endpoint and compared by typed rules."""

from __future__ import annotations

from adapter.contract.carrying import Mint
from adapter.contract.compare import TRANSPORT, Difference, compare
from adapter.contract.deviations import judge, load_deviations
from adapter.contract.exchange import BadExchange, Carry, Exchange, load, load_session
from adapter.contract.replay import hs256, replay
from adapter.contract.volatile import Bindings, Volatile

__all__ = [
    "TRANSPORT",
    "BadExchange",
    "Bindings",
    "Carry",
    "Difference",
    "Exchange",
    "Mint",
    "Volatile",
    "compare",
    "hs256",
    "judge",
    "load",
    "load_deviations",
    "load_session",
    "replay",
]
