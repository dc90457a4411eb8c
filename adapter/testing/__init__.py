"""The testing surface: what a test of a client asks of the server beside its vendor's API.

A journal of what was asked and answered, faults in each vendor's own words, a clock, and the world put back to an
earlier state; over HTTP under ``/_crmglot/``, for clients in any language.
"""

from adapter.testing.clock import Clock
from adapter.testing.faults import Faults
from adapter.testing.journal import Journal
from adapter.testing.surface import PREFIX, Surface
from adapter.testing.watch import Watcher
from adapter.testing.worlds import Foreseeable, Worlds

__all__ = ["PREFIX", "Clock", "Faults", "Foreseeable", "Journal", "Surface", "Watcher", "Worlds"]
