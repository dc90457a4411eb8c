"""Requests and responses as they stand on the wire, tied to no HTTP library.

A `WireRequest` keeps the raw percent-encoded target, because Zurmo puts its search inside the path and a
decoded path turns ``%26`` in a value into a separator. A `WireResponse` keeps header names in the letter
case they are given, because clients compare them case-sensitively.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

_REASONS = {status.value: status.phrase for status in HTTPStatus}


class Headers:
    """Ordered header pairs, looked up without regard to letter case and with ``_`` and ``-`` alike.

    Values are text as ISO-8859-1 carries it. Where a name comes more than once, `get` gives the first.
    """

    __slots__ = ("_index", "pairs")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self.pairs: list[tuple[str, str]] = list(pairs)
        self._index: dict[str, str] | None = None

    @staticmethod
    def key(name: str) -> str:
        """The form under which two spellings of one header name are equal: ``zurmo-session-id``."""
        return name.lower().replace("_", "-")

    def get(self, name: str, default: str | None = None) -> str | None:
        index = self._index
        if index is None:
            index = {}
            for pair_name, value in self.pairs:
                index.setdefault(self.key(pair_name), value)
            self._index = index
        return index.get(self.key(name), default)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def __repr__(self) -> str:
        return f"Headers({[name for name, _ in self.pairs]})"


@dataclass(slots=True)
class WireRequest:
    """One request, below its mount.

    `path` is the raw percent-encoded path after the mount prefix (``/app/index.php/tasks/task/api/read/1``),
    `query` the raw query string without ``?``. `base_url` is scheme, host and mount prefix as the client used
    them, without a final slash: what absolute links are built from.
    """

    method: str
    path: str
    query: str = ""
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    base_url: str = "http://localhost"
    host: str = "localhost"
    remote_addr: str = ""

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


@dataclass(slots=True)
class WireResponse:
    """One response, sent byte for byte; `Content-Length` is added by whoever sends it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""

    @property
    def reason(self) -> str:
        """The standard reason phrase: clients compare it (capsule dossier, section 9)."""
        return _REASONS.get(self.status, "Unknown")

    def header(self, name: str) -> str | None:
        """The first value under `name`, compared without regard to letter case."""
        wanted = name.lower()
        for pair_name, value in self.headers:
            if pair_name.lower() == wanted:
                return value
        return None


@dataclass(slots=True)
class BrokenResponse(WireResponse):
    """One after which the connection ends early, on purpose: after `sent` bytes of the body, or before any head."""

    sent: int | None = None


class Endpoint(Protocol):
    """Anything that answers a request: our gateway, a vendor's server, a replay."""

    def send(self, request: WireRequest) -> WireResponse: ...
