"""A unit of work over one connection: the store's port on SQL statements compiled once."""

from __future__ import annotations

from canonical.store.sql.agenda import Agenda
from canonical.store.sql.whole import Whole


class SqlUnit(Whole, Agenda):
    """The `canonical.store.port.Unit`: one tenant's rows on one connection."""

    __slots__ = ()
