"""The counters of one transaction of the one writer: read at first use, written back once, before it commits."""

from __future__ import annotations

from typing import Any

from canonical.store.sql.backend import Backend

Key = tuple[int, str]
"""The tenant, or `SYSTEM` for what all share, and the name."""

_READ = "SELECT value FROM counter WHERE tenant_id = :tenant_id AND name = :name"
_WRITE = (
    "INSERT INTO counter (tenant_id, name, value) VALUES (:tenant_id, :name, :value) "
    "ON CONFLICT (tenant_id, name) DO UPDATE SET value = excluded.value"
)


class Counters:
    """`values` holds the last value given of each counter that was used. Whoever rolls back puts back its copy."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: dict[Key, int] = {}

    def next(self, backend: Backend, connection: Any, key: Key) -> int:
        """1, 2, 3, ... without gaps."""
        last = self.values.get(key)
        if last is None:
            row = backend.execute(connection, _READ, {"tenant_id": key[0], "name": key[1]}).fetchone()
            last = 0 if row is None else int(row[0])
        self.values[key] = last + 1
        return last + 1

    def flush(self, backend: Backend, connection: Any) -> None:
        """Writes back what was given."""
        for (tenant_id, name), value in self.values.items():
            backend.execute(connection, _WRITE, {"tenant_id": tenant_id, "name": name, "value": value})
