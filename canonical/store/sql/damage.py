"""Reads that a damaged SQLite file let fail: remembered, and told to all processes by a file beside the database."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from canonical.errors import Unavailable
from canonical.store.sql.in_use import private

SIGNS: Final = frozenset(
    (
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_IOERR_READ,
        sqlite3.SQLITE_IOERR_SHORT_READ,
        sqlite3.SQLITE_IOERR_CORRUPTFS,
    )
)
QUIET: Final = 60.0
"""A file that was found sound is trusted when no read has failed for so many seconds."""
PAUSE: Final = 10.0
"""How often a damaged file is gone through to see whether it is sound again, seconds."""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether it says that the file cannot be read, and not only this statement or not now."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code in SIGNS or code & 0xFF == sqlite3.SQLITE_CORRUPT


class Damage:
    """What is known of it. `is_sound` goes through the whole file."""

    def __init__(self, database: Path, is_sound: Callable[[], bool]) -> None:
        self._database = database
        self._mark = Path(f"{database}.damaged")
        self._is_sound = is_sound
        self._own: tuple[str, str] | None = None
        """The file and the reason, as the mark has them: for where that cannot be written."""
        self._at = 0.0
        self._looked = 0.0
        self._guard = threading.Lock()

    def note(self, error: sqlite3.Error) -> None:
        """A statement failed."""
        if not is_damage(error):
            return
        with self._guard:
            fresh = self._own is None or time.monotonic() > self._at + 1.0
            self._own = (self._identity(), str(error))
            self._at = time.monotonic()
            if fresh:
                # A full disk or a folder of another's: then this process alone knows.
                with contextlib.suppress(OSError), open(self._mark, "w", encoding="utf-8", opener=private) as mark:
                    mark.write("\n".join(self._own))

    def check(self) -> None:
        """Raises Unavailable while the file that is in place now is known to be damaged."""
        found = self._told()
        if found is None:
            return
        file, reason = found
        if file == self._identity() and not self._has_recovered():
            raise Unavailable(f"the database file {self._database.name} is damaged: {reason}")
        with self._guard:
            self._own = None
            with contextlib.suppress(OSError):
                self._mark.unlink(missing_ok=True)

    def _told(self) -> tuple[str, str] | None:
        try:
            file, _, reason = self._mark.read_text(encoding="utf-8", errors="replace").partition("\n")
        except OSError:
            return self._own
        return file, reason

    def _has_recovered(self) -> bool:
        now = time.monotonic()
        with self._guard:
            if now < self._looked + PAUSE:
                return False
            self._looked = now
        return self._is_sound() and not self._failed_lately()

    def _failed_lately(self) -> bool:
        try:
            return time.time() - self._mark.stat().st_mtime < QUIET
        except OSError:
            return self._own is not None and time.monotonic() - self._at < QUIET

    def _identity(self) -> str:
        try:
            there = os.stat(self._database)
        except OSError:
            return ""
        return f"{there.st_dev}:{there.st_ino}"
