"""Who has an SQLite database open: all share a lock, which whoever replaces the file must have alone.

The lock is on a file of its own beside the database; it ends with the process, however that ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from canonical.errors import Unavailable


def private(path: str, flags: int) -> int:
    """Opens a file that others may not even lock."""
    return os.open(path, flags, 0o600)


class InUse:
    """This process's part in it, from `begin` to `end`."""

    def __init__(self, database: Path) -> None:
        self._path = Path(f"{database}.open")
        self._descriptor: int | None = None

    def begin(self) -> None:
        """Once more changes nothing. Raises Unavailable while somebody replaces the file."""
        if self._descriptor is not None:
            return
        try:
            descriptor = private(str(self._path), os.O_RDWR | os.O_CREAT)
        except OSError:
            # A full disk or a folder of another's keeps nobody from reading.
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise Unavailable("the database is being restored") from None
        self._descriptor = descriptor

    def end(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@contextlib.contextmanager
def alone(database: Path) -> Iterator[None]:
    """Nobody has the database open, nor can open it, until the block ends. Raises Unavailable."""
    with open(f"{database}.open", "ab", opener=private) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            reason = "a server, a worker or another command has the database open; stop it first"
            raise Unavailable(reason) from None
        yield
