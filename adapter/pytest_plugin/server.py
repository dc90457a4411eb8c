"""``crm_gateway``: a server in a process of its own, on a free port of this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any

from adapter.pytest_plugin.surface import Served, Surfaced, SurfaceError

SECONDS = 60.0
"""For one answer of the surface."""


class Server(Served):
    """``crmglot serve`` on a temporary database, from `with` to its end."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._log = folder / "server.log"
        self._process: subprocess.Popen[str] | None = None
        self._connection: HTTPConnection | None = None
        self.ready: dict[str, Any] = {}

    def __enter__(self) -> Server:
        world = self._folder / "empty.json"
        world.write_text('{"tenants": []}')
        # What the caller has configured for a server of his own is not meant for this one.
        env = {name: value for name, value in os.environ.items() if not name.startswith("CRMGLOT_")}
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "adapter", "serve", "--port", "0", "--world", str(world)],
                cwd=self._folder,
                env={**env, "CRMGLOT_TESTING": "1", "TMPDIR": str(self._folder)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        line = "" if self._process.stdout is None else self._process.stdout.readline()
        if not line:
            self._end()
            raise SurfaceError(f"the server did not start:\n{self._log.read_text(errors='replace')}")
        self.ready = json.loads(line)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        if self._connection is not None:
            self._connection.close()
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def ask(self, method: str, what: str, body: bytes = b"") -> tuple[int, bytes]:
        # Kept alive: a new connection for each call would be the slower half of it.
        for connection in (self._connection, None):
            connection = connection or HTTPConnection(self.ready["url"].partition("//")[2], timeout=SECONDS)
            try:
                connection.request(method, f"/_crmglot/{what}", body or None)
                answer = connection.getresponse()
                read = answer.read()
            except OSError:
                connection.close()
                if self._connection is None:
                    raise
                self._connection = None
                continue
            self._connection = connection
            return answer.status, read
        raise AssertionError("unreachable")


class CrmGateway(Surfaced):
    """What a test gets: where the server is, and what it can be asked for."""

    def __init__(self, server: Server, folder: Path) -> None:
        super().__init__(server, folder)
        self._ready = server.ready

    @property
    def base(self) -> str:
        """The server's address, below which every dialect has its own path."""
        return str(self._ready["url"])

    def url(self, dialect: str) -> str:
        """Where a client of that vendor is to be pointed."""
        mounted = self._ready["dialects"]
        if dialect not in mounted:
            raise SurfaceError(f"there is no dialect {dialect}; known: {', '.join(mounted)}")
        return str(mounted[dialect])
