"""Snapshots of an SQLite database in memory, for tests that want the same world again within milliseconds."""

from __future__ import annotations

import sqlite3
import threading

from canonical.errors import Unsupported


class SqlSnapshot:
    """All pages of a database as of one moment."""

    def __init__(self, memory: sqlite3.Connection, size: int) -> None:
        self.size = size
        self._memory = memory
        self._guard = threading.Lock()

    def put_into(self, connection: sqlite3.Connection) -> None:
        """In one transaction: other connections see what was there or all that comes, and that something changed."""
        with self._guard:
            self._memory.backup(connection, pages=-1)


def taken_of(connection: sqlite3.Connection, limit: int) -> SqlSnapshot:
    """Raises Unsupported for a database of more than `limit` bytes."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (page,) = connection.execute("PRAGMA page_size").fetchone()
    if pages * page > limit:
        raise Unsupported(f"the database has more than {limit // 1024 // 1024} MB")
    memory = sqlite3.connect(":memory:", check_same_thread=False)
    connection.backup(memory, pages=-1)
    return SqlSnapshot(memory, pages * page)
