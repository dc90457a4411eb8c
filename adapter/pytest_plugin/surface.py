"""What both fixtures can do: worlds, journal, faults, clock, over the testing surface."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

DEFAULT: Mapping[str, Any] = {
    "tenants": [
        {
            "slug": "acme",
            "domains": ["acme.com"],
            "users": [
                {
                    "username": "super",
                    "password": "super",
                    "token": "token-of-super",
                    "first_name": "Super",
                    "last_name": "User",
                    "email": "super@acme.example",
                    "admin": True,
                }
            ],
        }
    ]
}
"""The world of a test that names none."""
MOST_KEPT = 40
"""Worlds whose snapshots a server keeps; further ones are loaded anew each time."""


class SurfaceError(Exception):
    """What the server says is wrong with what the test asked for."""


class Served(ABC):
    """A server with the testing surface, and what it holds already. Begins with no tenant at all."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}
        """By the name of its snapshot what a world became."""

    @abstractmethod
    def ask(self, method: str, what: str, body: bytes = b"") -> tuple[int, bytes]:
        """Status and body of the surface's answer."""


class Surfaced:
    """The part of `crm_gateway` and `crm_mock` that is the same."""

    def __init__(self, served: Served, folder: Path) -> None:
        self._served = served
        self._folder = folder
        self._data = b""
        self._loaded: list[dict[str, Any]] = []

    @property
    def token(self) -> str:
        """The API token of the world's first user."""
        for tenant in self._loaded:
            for token in tenant["tokens"].values():
                return str(token)
        raise SurfaceError("nobody in this world has a token")

    @property
    def tokens(self) -> dict[str, str]:
        """API tokens by username."""
        return {name: token for tenant in self._loaded for name, token in tenant["tokens"].items()}

    @property
    def ids(self) -> dict[str, int]:
        """The ids of the world's records, by the names that it gives them."""
        return {name: ref["id"] for tenant in self._loaded for name, ref in tenant["ids"].items()}

    def world(self, world: str | Path | Mapping[str, Any] | None = None) -> None:
        """Puts another world in the place of all there is: a file beside the test, or the same as a dictionary."""
        if world is None:
            world = DEFAULT
        if isinstance(world, str | Path):
            self._data = (self._folder / world).read_bytes()
        else:
            self._data = json.dumps(world, default=str).encode()
        self.reset()

    def reset(self) -> None:
        """Back to how the world was at first; real time, no faults, an empty journal."""
        name = hashlib.sha256(self._data).hexdigest()[:32]
        known = self._served.known
        if name in known:
            self._call("POST", f"reset?to={name}")
        else:
            self._call("POST", "reset")
            self._loaded = self._call("POST", "world", self._data)["tenants"]
            if len(known) >= MOST_KEPT:
                return
            self._call("POST", f"snapshot/{name}")
            known[name] = self._loaded
        self._loaded = known[name]

    def journal(self, **filters: object) -> list[dict[str, Any]]:
        """The entries that fit ``dialect=``, ``operation=``, ``status=``, ``since=``, ``limit=``; oldest first."""
        query = urlencode({name: value for name, value in filters.items() if value is not None})
        entries: list[dict[str, Any]] = self._call("GET", f"journal?{query}")["entries"]
        return entries

    def fault(
        self,
        fault: str,
        *,
        dialect: str = "*",
        operation: str = "*",
        times: int | None = 1,
        after: int = 0,
        delay_ms: int = 0,
    ) -> dict[str, Any]:
        """Plants a fault; gives it as the server has it."""
        given = {"fault": fault, "dialect": dialect, "operation": operation}
        numbers = {"times": times, "after": after, "delay_ms": delay_ms}
        planted: dict[str, Any] = self._call("POST", "faults", json.dumps({**given, **numbers}).encode())
        return planted

    def clock(
        self, now: object = None, *, frozen: bool | None = None, advance_s: float | None = None
    ) -> dict[str, Any]:
        """Sets the clock (`now` is a text or a datetime), or lets it go on; without anything back to real time."""
        text = now.isoformat() if hasattr(now, "isoformat") else now
        given = {"now": text, "frozen": frozen, "advance_s": advance_s}
        wanted = {name: value for name, value in given.items() if value is not None}
        body = json.dumps(wanted).encode()
        shown: dict[str, Any] = self._call("PUT", "clock", body) if wanted else self._call("DELETE", "clock")
        return shown

    def operations(self) -> dict[str, list[str]]:
        """The names that faults and journal go by, of each dialect."""
        names: dict[str, list[str]] = self._call("GET", "operations")
        return names

    def _call(self, method: str, what: str, body: bytes = b"") -> Any:
        status, answer = self._served.ask(method, what, body)
        told = json.loads(answer)
        if status != 200:
            known = f"; known: {', '.join(told['known'])}" if "known" in told else ""
            raise SurfaceError(f"{told['error']}{known}")
        return told
