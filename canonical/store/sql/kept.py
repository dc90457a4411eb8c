"""What one thread remembers of committed rows, until anybody commits anything.

SQLite gives each connection a number that changes when another connection commits (``PRAGMA data_version``). While
it stays the same, what was read on that connection is still so: totals, the names of users, what tenants set up.
Records that clients come and go with (activities, parties) are not remembered; of users' contact cards only when they
were made and who sees them.
"""

from __future__ import annotations

from typing import Any, Final

MOST: Final = 2000
"""Entries of one sort; when there are more, all of that sort go."""
SETUP_TABLES: Final = frozenset({"module", "custom_field", "layout_page", "picklist_item"})
"""What tenants set up: read often, changed rarely."""


class Kept:
    """Empty at first; `at` says which version of the data what follows is of.

    `names` holds usernames by tenant and user id, None for nobody; `users` the rows of users by tenant and id;
    `rows` what a select of a set-up table gave, and `totals` what a count gave, by statement and values. `made` is
    room for what dialects make of users and set-up rows, by tenant, dialect and name.
    """

    __slots__ = ("asked", "made", "names", "rows", "totals", "users", "version")

    def __init__(self) -> None:
        self.version: int | None = None
        self.asked = False
        """Whether the version was asked for on this thread since a unit last took it as known."""
        self.names: dict[int, dict[int | None, str | None]] = {}
        self.users: dict[tuple[int, int], tuple[Any, ...]] = {}
        self.rows: dict[object, list[Any]] = {}
        self.totals: dict[object, int] = {}
        self.made: dict[tuple[int, str, str], dict[Any, Any]] = {}

    def at(self, version: int) -> None:
        """Forgets what is of another version."""
        if version != self.version:
            self.version = version
            self.clear()

    def clear(self) -> None:
        if self.names:
            self.names = {}
        if self.users:
            self.users = {}
        if self.rows:
            self.rows = {}
        if self.totals:
            self.totals = {}
        if self.made:
            self.made = {}

    def forget(self, table: str) -> None:
        """What was remembered of a table that the same connection now changes."""
        if table in ("app_user", "party"):
            # A user's row tells of his card.
            self.users = {}
            self.made = {}
        if table == "app_user":
            self.names = {}
        elif table in SETUP_TABLES:
            self.rows = {}

    def made_of(self, tenant_id: int, dialect: str, name: str) -> dict[Any, Any]:
        key = (tenant_id, dialect, name)
        found = self.made.get(key)
        if found is None or len(found) > MOST:
            found = {}
            add(self.made, key, found)
        return found

    def names_of(self, tenant_id: int) -> dict[int | None, str | None]:
        found = self.names.get(tenant_id)
        if found is None or len(found) > MOST:
            if len(self.names) > MOST:
                self.names = {}
            found = self.names[tenant_id] = {None: None}
        return found


def add(kept: dict[Any, Any], key: Any, value: Any) -> None:
    """Remembers one more, within bounds."""
    if len(kept) >= MOST:
        kept.clear()
    kept[key] = value
