"""How much memory a running server's process takes, and took at most."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.servers import RunningServer

MEGABYTE = 1024 * 1024


def serving_process(server: RunningServer) -> int:
    """The one process that serves requests: the master's child that was forked and not started."""
    words = Path(f"/proc/{server.process.pid}/cmdline").read_bytes()
    found = [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and _parent(entry) == server.process.pid and _words(entry) == words
    ]
    assert len(found) == 1, found
    return found[0]


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _words(entry: Path) -> bytes:
    try:
        return (entry / "cmdline").read_bytes()
    except OSError:
        return b""


def now(process: int) -> int:
    """Bytes in memory."""
    return _told(process, "VmRSS")


def most(process: int) -> int:
    """The most bytes in memory since `forget`."""
    return _told(process, "VmHWM")


def forget(process: int) -> None:
    descriptor = os.open(f"/proc/{process}/clear_refs", os.O_WRONLY)
    try:
        os.write(descriptor, b"5")
    finally:
        os.close(descriptor)


def _told(process: int, name: str) -> int:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(name)
