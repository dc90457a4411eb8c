"""The shipped server as a process of its own: ``python -m adapter serve`` over a database made here."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.rawhttp import RawConnection, Response
from tests.support.servers import RunningServer, running_python
from tests.support.world import World

TOKEN = "ann-token"
BASIC = "Authorization: Basic " + base64.b64encode(f"{TOKEN}:x".encode()).decode()
FORM = "Content-Type: application/x-www-form-urlencoded"
ZURMO = ("Accept: application/json", "ZURMO_API_REQUEST_TYPE: REST")


def prepare(folder: Path) -> Path:
    """A database with the tenants acme (user ann) and rival (user rob)."""
    with World(folder) as world:
        world.add_tenant("rival", "rival.com")
        world.add_user("rob", tenant="rival")
    return folder / "world.db"


@contextmanager
def shipped(database: Path, *options: str, **settings: str) -> Iterator[Shipped]:
    """Serves the database until the block ends."""
    env = {f"CRMGLOT_{name.upper()}": value for name, value in settings.items()}
    # Where the installation's own settings would be read from.
    env |= {"CRMGLOT_DATABASE_URL": f"sqlite:///{database}", "PYTHONPATH": os.getcwd()}
    words = ("-m", "adapter", "serve", "--host", "{host}", "--port", "{port}", *options)
    with running_python(*words, env=env) as server:
        server.wait_for_log("listening on")
        yield Shipped(server)


@dataclass
class Shipped:
    """How to speak to the running server."""

    server: RunningServer

    def connect(self) -> RawConnection:
        return RawConnection(self.server.host, self.server.port)

    def message(self, line: str, *lines: str, body: bytes = b"", host: str = "crm.test", length: bool = True) -> bytes:
        """The bytes of a request, just as they are given; Host and the length are added."""
        head = [line, f"Host: {host}", *lines]
        if body and length:
            head.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*head, "", ""]).encode("latin-1") + body

    def ask(self, line: str, *lines: str, body: bytes = b"", host: str = "crm.test") -> Response:
        """One request on a connection of its own."""
        with self.connect() as connection:
            connection.send(self.message(f"{line} HTTP/1.1", *lines, body=body, host=host))
            return connection.read_response(head=line.startswith("HEAD "))

    def log_in(self, mark: str = "_") -> tuple[str, str]:
        """A Zurmo session by headers with this mark between their words: both session headers."""
        names = [f"ZURMO{mark}AUTH{mark}USERNAME: ann", f"ZURMO{mark}AUTH{mark}PASSWORD: ann-pw"]
        wanted = [f"ZURMO{mark}API{mark}REQUEST{mark}TYPE: REST", "Accept: application/json"]
        data = told(self.ask("POST /zurmo/app/index.php/zurmo/api/login", *names, *wanted))["data"]
        return f"ZURMO{mark}SESSION{mark}ID: {data['sessionId']}", f"ZURMO{mark}TOKEN: {data['token']}"

    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines that it has logged about requests."""
        lines = [json.loads(line) for line in self.server.logs.splitlines() if line.startswith("{")]
        return [line for line in lines if line["message"] == "request"]


def told(response: Response) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response.body)
    return found
