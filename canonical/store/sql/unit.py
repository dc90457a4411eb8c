"""A unit of work over one connection: the store's port on SQL statements compiled once."""

from __future__ import annotations

from canonical.store.sql.agenda import Agenda
from canonical.store.sql.attached import Attached
from canonical.store.sql.records import Records


class SqlUnit(Records, Attached, Agenda):
    """The `canonical.store.port.Unit`: one tenant's rows on one connection."""

    __slots__ = ()
