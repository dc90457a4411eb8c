"""That a worker still sweeps: it says so wherever the queue is, and servers look there.

Beside a queue that is a file lies another, whose time of change counts; in Redis it is a key.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from adapter.jobs.queue import NAME, Queue, open_queue, queue_file
from adapter.settings import Settings
from canonical.errors import Unavailable

STALE: Final = 15.0
"""A worker that has not swept for so many seconds sweeps no more."""
EVERY: Final = 2.0
KEY: Final = f"{NAME}.beat"


def is_remote(settings: Settings) -> bool:
    return settings.queue_url is not None and settings.queue_url.startswith("redis")


def beat_file(settings: Settings) -> Path:
    return Path(f"{queue_file(settings)}.beat")


class Beat:
    """A worker's side: `give` after each sweep, `end` when it stops of itself."""

    def __init__(self, settings: Settings) -> None:
        self._file = None if is_remote(settings) else beat_file(settings)
        self._given = 0.0

    def give(self, queue: Queue | None) -> None:
        now = time.monotonic()
        if now < self._given + EVERY:
            return
        self._given = now
        # A disk or a Redis that does not take it costs no job.
        with contextlib.suppress(Exception):
            if self._file is None:
                if queue is not None:
                    connection(queue).set(KEY, int(time.time()))
                return
            os.close(os.open(self._file, os.O_CREAT | os.O_WRONLY, 0o600))
            os.utime(self._file)

    def end(self, queue: Queue | None) -> None:
        """Whoever stops the last worker wants none; another that goes on says so again."""
        with contextlib.suppress(Exception):
            if self._file is not None:
                self._file.unlink(missing_ok=True)
            elif queue is not None:
                connection(queue).delete(KEY)


def connection(queue: Queue) -> Any:
    """The Redis client of a queue that is there."""
    return queue.huey.storage.conn


def watcher(settings: Settings, *, expected: bool) -> Callable[[], None]:
    """A function that raises Unavailable when no worker sweeps.

    With `expected` there must be one, soon after now; else only one that was there must not have died.
    """
    begun = time.time()
    kept: list[Queue] = []

    def last() -> float | None:
        if not is_remote(settings):
            try:
                return beat_file(settings).stat().st_mtime
            except OSError:
                return None
        if not kept:
            kept.append(open_queue(settings))
        told = connection(kept[0]).get(KEY)
        return None if told is None else float(told)

    def check() -> None:
        try:
            at = last()
        except Exception:
            # A Redis that is away keeps no worker from sweeping.
            return
        if at is None and not expected:
            return
        if time.time() - max(at or 0.0, begun) > STALE:
            raise Unavailable("no worker sweeps: jobs wait")

    return check
