"""Structured logs: one JSON line an event, on standard error. No secrets, no bodies."""

from __future__ import annotations

import logging
import os
import select
import stat
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson

Sink = Callable[[bytes], object]
STALLED = 1.0
"""How many seconds a line waits for whoever reads the log, before lines are dropped until he reads again."""


class _StandardError:
    """Standard error, a line in one piece, so that lines of threads and processes do not mix.

    Whatever reads the log may stop reading, or go: a request neither fails nor waits for that. Lines that found no
    room are dropped, and the next one that finds some tells how many.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._poll = select.poll()
        self._poll.register(2, select.POLLOUT)
        self._descriptor = 2
        self._process = 0
        self._patience = STALLED
        self._dropped = 0

    def __call__(self, line: bytes) -> None:
        with self._guard:
            if self._process != os.getpid():
                self._open()
            try:
                if not self._poll.poll(self._patience * 1000):
                    self._dropped += 1
                    self._patience = 0.0
                    return
                if self._dropped:
                    told = {"level": "error", "message": "log lines were dropped", "count": self._dropped}
                    line = orjson.dumps({**told, "at": round(time.time(), 3)}) + b"\n" + line
                os.write(self._descriptor, line)
                self._dropped = 0
                self._patience = STALLED
            except OSError:
                # Nobody can be told now.
                self._dropped += 1

    def _open(self) -> None:
        """A pipe is opened anew, so that writes to it need not wait though others' may."""
        self._process = os.getpid()
        try:
            if stat.S_ISFIFO(os.fstat(2).st_mode):
                self._descriptor = os.open("/proc/self/fd/2", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            self._descriptor = 2


to_stderr = _StandardError()


class Log:
    """Writes events to a sink; the default is standard error."""

    def __init__(self, sink: Sink = to_stderr) -> None:
        self._sink = sink

    def event(self, fields: dict[str, Any]) -> None:
        fields["at"] = round(time.time(), 3)
        self._sink(orjson.dumps(fields, str, orjson.OPT_APPEND_NEWLINE))

    def failure(self, message: str, error: BaseException, **fields: Any) -> None:
        """One line with the kind of the error and where it came from; not its text, which may hold a client's data."""
        frames = traceback.extract_tb(error.__traceback__)
        where = [f"{os.path.basename(frame.filename)}:{frame.lineno}:{frame.name}" for frame in frames[-6:]]
        self.event({"level": "error", "message": message, "error": type(error).__name__, "where": where, **fields})


class Steady:
    """Tells what a loop meets again and again once in a while only."""

    def __init__(self, seconds: float = 30.0) -> None:
        self._seconds = seconds
        self._told: dict[str, float] = {}

    def is_due(self, what: str) -> bool:
        """Whether that has not been told lately; the caller tells it now."""
        now = time.monotonic()
        told = self._told.get(what)
        if told is not None and told > now - self._seconds:
            return False
        if len(self._told) > 100:
            self._told.clear()
        self._told[what] = now
        return True


class Records(logging.Handler):
    """A library's log in ours: the message's template and the error's kind, not what was put in."""

    def __init__(self, log: Log, source: str) -> None:
        super().__init__(logging.WARNING)
        self._log = log
        self._source = source
        self._steady = Steady()

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        message = f"{self._source}: {record.msg}"
        if not self._steady.is_due(f"{message} {type(error).__name__}"):
            return
        if error is not None:
            self._log.failure(message, error)
        else:
            self._log.event({"level": "error" if record.levelno >= logging.ERROR else "warning", "message": message})


def say(message: str) -> None:
    """A line for the operator at the terminal; nothing when there is none."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{message}\n")
        sys.stderr.flush()


def hold_standard_streams() -> None:
    """Fills what is closed of the first three descriptors: the next socket would get that number, and the log."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        continue
    os.close(descriptor)
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r+", encoding="utf-8"))  # noqa: SIM115
