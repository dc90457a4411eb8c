"""A recording as it grows: exchanges come in as they were on the wire and are written without secrets, marked."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from adapter.contract.carrying import HELD
from adapter.contract.exchange import FILES, MAX_BYTES, BadExchange, Exchange
from adapter.contract.hop import Message
from adapter.contract.http_text import parse_request
from adapter.contract.marks import Marker
from adapter.contract.redaction import Redactor
from adapter.contract.session import SessionFile
from adapter.contract.values import fitted
from adapter.dialect import Dialect
from adapter.formats import Malformed, TooLarge, codings
from adapter.routes import MethodNotAllowed, RouteNotFound

SKEW = 5.0
"""Seconds by which the vendor's clock may be off before it is taken for another clock than ours."""


class Recording:
    """Writes into `root`, which must hold nothing yet. `further` names fields, headers and cookies to redact."""

    def __init__(self, root: Path, dialect: Dialect, upstream: str, further: Iterable[str] = ()) -> None:
        self.root = root
        self.dialect = dialect
        self._redactor = Redactor(dialect.traces.secrets, further, dialect.secret_parameters)
        self._marker = Marker(dialect.traces, lambda raw: operation_of(dialect, raw))
        self._lock = threading.RLock()
        self._upstream = upstream
        self.exchanges: list[Exchange] = []
        SessionFile(dialect.name, upstream, datetime.now(UTC).isoformat(timespec="seconds")).save(root)

    def add(self, request: Message, sent: list[bytes], answer: Message, began: float, ended: float) -> str:
        """Writes one exchange down; gives the line to tell of it."""
        with self._lock:
            notes: list[str] = []
            try:
                sent, body = _decoded(sent, request.body, notes)
                asked = fitted(b"\r\n".join([request.first, *sent, b"", b""]) + body)
                told = _stored(request, answer, notes)
                self.put(asked, told, began, ended, notes, f"recorded from {self._upstream}, {_day(began)}")
            except (BadExchange, Malformed, TooLarge) as error:
                notes.append(f"not written: {self._redactor.shown(str(error))[:200]}")
            line = self.line(request, answer.status, began, ended)
            return "  ".join([line, *notes])

    def put(
        self, asked: bytes, told: bytes, began: float, ended: float, notes: Iterable[str], provenance: str
    ) -> Exchange:
        """Redacts, marks and writes an exchange. Raises BadExchange, Malformed, TooLarge."""
        if len(asked) > MAX_BYTES or len(told) > MAX_BYTES:
            raise TooLarge(max(len(asked), len(told)), MAX_BYTES)
        redactor = self._redactor
        before = len(redactor.credentials)
        held = redactor.learn(asked)
        redactor.learn(told)
        asked, told = redactor.clean(asked), redactor.clean(told)
        if len(redactor.credentials) > before:
            self._clean_again()
        began, ended = _vendors_clock(told, began, ended)
        step = len(self.exchanges) + 1
        carries = self._marker.of_request(asked)
        volatile = self._marker.of_answer(step, asked, told, began, ended)
        meaning: dict[str, Any] = {
            "provenance": redactor.shown(provenance),
            "step": step,
            "at": round(began, 3),
            "took": round(ended - began, 3),
            "carries": carries,
            "volatile": volatile,
            "credentials": {
                name: redactor.credentials[name].told() | ({"in": held[name]} if name in held else {})
                for name in _with_parts(held, redactor)
                if name not in carries
            },
        }
        if list(notes):
            meaning["notes"] = list(notes)
        exchange = Exchange.of(f"{step:03}-{self._name(asked)}", asked, told, meaning)
        exchange.save(self.root)
        self.exchanges.append(exchange)
        return exchange

    def line(self, request: Message, status: int, began: float, ended: float | None = None) -> str:
        """``GET /path 200 12 ms``, without secrets."""
        took = round(((time.time() if ended is None else ended) - began) * 1000)
        head = b"%s %s HTTP/1.1\r\n\r\n" % (request.method, request.target)
        with self._lock:
            self._redactor.learn(head)
            path = self._redactor.clean(head).split(b" ")[1].decode("utf-8", "backslashreplace")
        return f"{request.method.decode('ascii', 'replace')} {path[:500]} {status} {took} ms"

    def left(self) -> list[str]:
        """The exchanges whose files hold a secret still; none, unless redaction is broken."""
        return [
            each.name
            for each in self.exchanges
            if any(self._redactor.holds_secret((self.root / each.name / file).read_bytes()) for file in FILES)
        ]

    def _clean_again(self) -> None:
        """A secret that is known from now on may stand in what was written before."""
        for number, old in enumerate(self.exchanges):
            raws = old.request_bytes, old.response_bytes
            if any(self._redactor.holds_secret(raw) for raw in raws):
                asked, told = (self._redactor.scrubbed(raw) for raw in raws)
                new = Exchange.of(old.name, asked, told, old.meaning)
                new.save(self.root)
                self.exchanges[number] = new

    def _name(self, asked: bytes) -> str:
        operation = operation_of(self.dialect, asked)
        words = operation or asked.split(b" ")[0].decode("ascii", "replace").lower()
        return re.sub(r"[^0-9a-z]+", "-", words.lower()).strip("-")[:60] or "exchange"


def operation_of(dialect: Dialect, raw: bytes) -> str:
    """The name of what a request asks, empty where no route is meant."""
    try:
        request = parse_request(raw)
        return dialect.routes.match(dialect.effective_method(request), dialect.locate(request)).route.operation
    except (Malformed, TooLarge, RouteNotFound, MethodNotAllowed, ValueError):
        return ""


def _with_parts(held: Iterable[str], redactor: Redactor) -> list[str]:
    """Placeholders and those of which Basic ones are made."""
    names = list(held)
    for name in list(names):
        names += HELD.findall(redactor.credentials[name].of)
    return list(dict.fromkeys(names))


def _stored(request: Message, answer: Message, notes: list[str]) -> bytes:
    """The answer as a file holds it: without framing, decoded where it was compressed."""
    lines, body = _decoded(list(answer.lines), answer.body, notes)
    if answer.was_chunked:
        notes.append("it came in chunks")
    lines = [line for line in lines if not re.match(rb"(?i)(?:transfer-encoding|content-length)[ \t]*:", line)]
    if body or (request.method != b"HEAD" and answer.header(b"content-length") is not None):
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([answer.first, *lines, b"", b""]) + body


def _decoded(lines: list[bytes], body: bytes, notes: list[str]) -> tuple[list[bytes], bytes]:
    """Header lines and body without gzip or deflate. Raises Malformed for a coding that hides what it holds."""
    found = [line for line in lines if line.lower().startswith(b"content-encoding:")]
    coding = found[0].partition(b":")[2].strip().decode("ascii", "replace").lower() if found else "identity"
    if not body or coding in ("", "identity"):
        return lines, body
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise Malformed(f"a body in {coding[:20]}, which hides what it holds")
    notes.append(f"stored decoded, it came as {coding}")
    return [line for line in lines if line not in found], codings.decoded(body, coding, MAX_BYTES)


def _vendors_clock(told: bytes, began: float, ended: float) -> tuple[float, float]:
    match = re.search(rb"(?im)^date:[ \t]*([^\r\n]+)", told.partition(b"\r\n\r\n")[0])
    if match is not None:
        try:
            skew = parsedate_to_datetime(match[1].decode("ascii", "replace")).timestamp() - ended
        except (ValueError, TypeError, OverflowError):
            skew = 0.0
        if abs(skew) > SKEW:
            return began + skew, ended + skew
    return began, ended


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
