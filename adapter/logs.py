"""Structured logs: one JSON line an event, on standard error. No secrets, no bodies."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

import orjson

Sink = Callable[[bytes], object]


def to_stderr(line: bytes) -> None:
    """Writes the line in one piece, so that lines of threads and processes do not mix."""
    try:
        os.write(2, line)
    except OSError:
        # Nobody can be told; a request must not fail because its log line could not be written.
        return


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


def say(message: str) -> None:
    """A line for the operator at the terminal."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()
