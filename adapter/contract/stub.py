"""A stub: answers a client from a recording alone, and says of a miss which recording is nearest and why not that."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

import orjson

from adapter.contract.carrying import HELD
from adapter.contract.exchange import Exchange
from adapter.contract.hop import Message
from adapter.contract.http_text import parse_request
from adapter.contract.listener import Listener, framed
from adapter.contract.values import Value, fitted, values
from adapter.dialect import Traces
from adapter.formats import Malformed
from adapter.wire import Headers, WireResponse

FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})
MODES = ("ordered", "first-match")


@dataclass(frozen=True, slots=True)
class Miss:
    """A request that the recording has no answer to: the nearest exchange, and what is different there."""

    asked: str
    nearest: str
    reasons: tuple[str, ...]

    def answer(self, accept: str) -> WireResponse:
        """404 in JSON where the client takes that, else in text."""
        if "json" in accept.lower():
            told = {"error": "not in the recording", "asked": self.asked, "nearest": self.nearest, "why": self.reasons}
            return WireResponse(404, [("Content-Type", "application/json")], orjson.dumps(told) + b"\n")
        lines = [f"crmglot contract stub: {self.asked} is not in the recording", f"nearest: {self.nearest}"]
        text = "\n".join([*lines, *(f"  {reason}" for reason in self.reasons), ""])
        return WireResponse(404, [("Content-Type", "text/plain; charset=utf-8")], text.encode())


class Stub:
    """Answers from `session`. With `ordered` an exchange answers once, the earliest that fits first and the last of
    them again and again; without it the first that fits answers always. Credentials of any value fit."""

    def __init__(self, session: Sequence[Exchange], traces: Traces, *, ordered: bool) -> None:
        self._session = session
        self._ordered = ordered
        self._secret = {Headers.key(name) for name in traces.secrets}
        self._asked: dict[str, int] = {}
        self._lock = threading.Lock()
        self._wanted = {exchange.name: self._parts(exchange.request_bytes) for exchange in session}

    def answer(self, raw: bytes) -> WireResponse | Miss:
        """The answer to a request. Raises Malformed for what is none."""
        request = parse_request(raw)
        given = self._parts(raw)
        fitting = [e for e in self._session if not list(_unlike(self._wanted[e.name], given))]
        with self._lock:
            if fitting:
                fresh = [exchange for exchange in fitting if exchange.name not in self._asked]
                chosen = (fresh or fitting[-1:])[0] if self._ordered else fitting[0]
                self._asked[chosen.name] = self._asked.get(chosen.name, 0) + 1
                return chosen.response
        ranked = [
            (SequenceMatcher(None, _flat(self._wanted[e.name]), _flat(given), autojunk=False).ratio(), -n, e)
            for n, e in enumerate(self._session[:500])
        ]
        best = max(ranked, key=lambda entry: entry[:2])[2]
        why = tuple(reason[:300] for reason in _unlike(self._wanted[best.name], given))[:20]
        return Miss(f"{request.method} {request.path}", best.name, why)

    def never_asked(self) -> list[str]:
        """The exchanges that have not answered."""
        return [exchange.name for exchange in self._session if exchange.name not in self._asked]

    def _parts(self, raw: bytes) -> dict[str, str]:
        """What a request is known by: method, path, query, fields, or the whole of a body without fields."""
        request = parse_request(raw)
        parts = {"method": request.method, "path": HELD.sub("*", request.path)}
        has_fields = False
        for number, value in enumerate(values(raw)):
            place = value.place.partition(" ")[0]
            if place in ("query", "form", "body"):
                has_fields = has_fields or place != "query"
                name = value.place if value.place not in parts else f"{value.place} ({number})"
                parts[name] = "*" if self._is_secret(value) else value.text
        if request.body and not has_fields:
            parts["body"] = request.body.decode("utf-8", "replace")
        return parts

    def _is_secret(self, value: Value) -> bool:
        last = re.split(r"[\[\]]", value.name.rstrip("]"))[-1]
        return HELD.search(value.text) is not None or Headers.key(last) in self._secret | {"password", "token"}


def _unlike(wanted: dict[str, str], given: dict[str, str]) -> Iterator[str]:
    """What a recorded request wants and the one that came does not give."""
    for name in dict.fromkeys([*wanted, *given]):
        there, here = wanted.get(name), given.get(name)
        if there == here or "*" in (there, here) or (name == "path" and _fits(there or "", here or "")):
            continue
        yield f"{name}: recorded {_told(there)}, asked {_told(here)}"


def _fits(wanted: str, given: str) -> bool:
    return "*" in wanted and re.fullmatch(re.escape(wanted).replace(r"\*", "[^/]+"), given) is not None


def _told(text: str | None) -> str:
    return "nothing" if text is None else repr(text[:100])


def _flat(parts: dict[str, str]) -> str:
    return "\n".join(f"{name} {text[:200]}" for name, text in parts.items())


class StubServer(Listener):
    """A stub that listens. Requests are known by what is left of them without secrets, as recordings hold them."""

    name = "crmglot contract stub"

    def __init__(self, stub: Stub, host: str, port: int) -> None:
        super().__init__(host, port)
        self._stub = stub

    def exchange(self, connection: socket.socket, request: Message) -> bool:
        """Answers out of the recording."""
        raw = b"\r\n".join([request.first, *request.passed_on(), b"", b""]) + request.body
        try:
            given = self._stub.answer(fitted(raw))
        except Malformed as error:
            connection.sendall(self.plain(400, f"the request: {error}"))
            return False
        if isinstance(given, Miss):
            given = given.answer((request.header(b"accept") or b"").decode("iso-8859-1"))
        lines = [
            f"{name}: {value}".encode("iso-8859-1") for name, value in given.headers if name.lower() not in FRAMING
        ]
        lines.append(b"Content-Length: %d" % len(given.body))
        stays = self.stays(request)
        answer = Message(f"HTTP/1.1 {given.status} {given.reason}".encode(), tuple(lines), given.body)
        if request.method == b"HEAD":
            answer = replace(answer, body=b"")
        connection.sendall(framed(answer, request, stays))
        return stays
