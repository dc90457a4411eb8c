"""The journal: what was asked and answered lately, for a test to look at. Bounded; credentials show as ``***``."""

from __future__ import annotations

import base64
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from adapter.dialect import Call, Dialect
from adapter.testing.hidden import Names, names_of, spellings, without
from adapter.testing.nearest import UNKNOWN, nearest
from adapter.wire import WireRequest, WireResponse
from canonical.values import Instant, iso_time

MOST: Final = 2000
MAX_BYTES: Final = 64 * 1024 * 1024
"""Of all bodies together; the oldest entries go first."""
MAX_BODY: Final = 1024 * 1024
"""Of one body; the rest of a longer one is left out, and the entry says so."""


@dataclass(slots=True)
class Entry:
    """One exchange as it was."""

    dialect: Dialect
    at: Instant
    operation: str | None
    method: str
    target: str
    request_headers: list[tuple[str, str]]
    request_body: bytes
    status: int
    response_headers: list[tuple[str, str]]
    response_body: bytes
    losses: dict[str, int]
    unknown_parameters: list[str]
    nearest_route: str | None
    id: int = 0
    cut: bool = field(default=False)
    """Whether a body was longer than what is kept of it."""

    def shown(self, *, secrets: bool) -> dict[str, Any]:
        names = names_of(self.dialect.secret_parameters)
        target, asked, answered = self.target, self.request_headers, self.response_headers
        bodies = [_text(self.request_body), _text(self.response_body)]
        if not secrets:
            values = spellings(self._values(names, bodies))
            target = without(names.in_text(target), values)
            asked = [(name, without(value, values)) for name, value in names.in_headers(asked)]
            answered = [(name, without(names.in_text(value), values)) for name, value in names.in_headers(answered)]
            bodies = [without(names.in_text(body), values) if isinstance(body, str) else body for body in bodies]
        return {
            "id": self.id,
            "at": iso_time(self.at),
            "dialect": self.dialect.name,
            "operation": self.operation,
            "method": self.method,
            "target": target,
            "request_headers": asked,
            "request_body": bodies[0],
            "status": self.status,
            "response_headers": answered,
            "response_body": bodies[1],
            "losses": self.losses,
            "unknown_parameters": self.unknown_parameters,
            "nearest_route": self.nearest_route,
            **({"cut": True} if self.cut else {}),
        }

    def _values(self, names: Names, bodies: list[Any]) -> set[str]:
        values = names.found(self.target)
        for headers in (self.request_headers, self.response_headers):
            values |= names.found_in_headers(headers)
        for body in bodies:
            if isinstance(body, str):
                values |= names.found(body)
        return values

    @property
    def size(self) -> int:
        return len(self.request_body) + len(self.response_body)


class Journal:
    """Entries in the order in which they were answered, numbered from 1."""

    def __init__(self, most: int = MOST, max_bytes: int = MAX_BYTES) -> None:
        self._most = most
        self._max_bytes = max_bytes
        self._guard = threading.Lock()
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._last = 0

    def add(self, entry: Entry) -> None:
        with self._guard:
            self._last += 1
            entry.id = self._last
            self._entries.append(entry)
            self._bytes += entry.size
            while len(self._entries) > self._most or self._bytes > self._max_bytes:
                self._bytes -= self._entries.popleft().size

    def find(
        self,
        *,
        dialect: str | None = None,
        operation: str | None = None,
        status: int | None = None,
        since: int = 0,
        since_at: Instant | None = None,
        limit: int = MOST,
    ) -> list[Entry]:
        """The newest that fit, oldest first: `since` is the number of the last one that is known already."""
        with self._guard:
            entries = list(self._entries)
        fitting = [
            entry
            for entry in entries
            if entry.id > since
            and (since_at is None or entry.at >= since_at)
            and dialect in (None, entry.dialect.name)
            and operation in (None, entry.operation)
            and status in (None, entry.status)
        ]
        return fitting[-limit:] if limit else []

    def clear(self) -> None:
        with self._guard:
            self._entries.clear()
            self._bytes = 0


def entry_of(dialect: Dialect, request: WireRequest, call: Call | None, response: WireResponse, at: Instant) -> Entry:
    """The entry of an exchange; `call` is None when it did not come so far."""
    body = request.body if call is None else call.request.body
    losses = {} if call is None else call.losses.counts()
    route = None if call is None else call.route
    return Entry(
        dialect=dialect,
        at=at,
        operation=None if route is None else route.operation,
        method=request.method[:20],
        target=f"{urlsplit(request.base_url).path}{request.target}",
        request_headers=[(name.title(), value) for name, value in request.headers],
        request_body=body[:MAX_BODY],
        status=response.status,
        response_headers=list(response.headers),
        response_body=response.body[:MAX_BODY],
        losses={} if call is None else call.losses.summary(),
        unknown_parameters=sorted({loss.field for loss in losses if loss.reason.startswith("unknown")}),
        nearest_route=nearest(dialect, request) if route is None or route.operation.startswith(UNKNOWN) else None,
        cut=max(len(body), len(response.body)) > MAX_BODY,
    )


def _text(body: bytes) -> Any:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}
