"""The deadline of each SQLite statement, from its start to its last row; PostgreSQL keeps such a clock itself."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import Any

from canonical.errors import Overdue, Unavailable

STEPS = 200_000
"""Steps of SQLite's machine between two looks at the clock: some milliseconds, and more than a short statement has."""


class TimedConnection(sqlite3.Connection):
    """A connection whose statements are ended when their time is up; it is as good as before afterwards."""

    ends = 0.0
    noticed: Callable[[sqlite3.Error], None] = staticmethod(lambda error: None)
    """Is told of what fails."""

    def limit(self) -> None:
        """Ends from now on what still runs at `ends`."""
        self.set_progress_handler(lambda: time.monotonic() > self.ends, STEPS)


class ReadingCursor(sqlite3.Cursor):
    """Rows are made while they are fetched, so that too can fail."""

    connection: TimedConnection

    def fetchone(self) -> Any:
        try:
            return super().fetchone()
        except sqlite3.Error as error:
            raise told(error, self.connection) from error

    def fetchall(self) -> list[Any]:
        try:
            return super().fetchall()
        except sqlite3.Error as error:
            raise told(error, self.connection) from error


def told(error: sqlite3.Error, connection: TimedConnection) -> Unavailable:
    """The error in the core's words."""
    connection.noticed(error)
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
        return Overdue()
    return Unavailable(str(error))
