"""``/_crmglot/``: the testing surface over HTTP, JSON in and out. Whoever may not use it finds nothing there (404)."""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import orjson

from adapter.dialect import Dialect
from adapter.mounts import Mounts, hostname
from adapter.testing.clock import MAX_ADVANCE, Clock, moment
from adapter.testing.faults import ANY, KINDS, MAX_DELAY, Fault, Faults
from adapter.testing.journal import MOST, Journal
from adapter.testing.worlds import START, Worlds
from adapter.wire import Headers, WireResponse
from canonical.errors import Unavailable, Unsupported

PREFIX: Final = "/_crmglot/"
MAX_BODY: Final = 16 * 1024 * 1024
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)

Given = Mapping[str, Any]


class Refused(Exception):
    """What the caller is told, in one line, and what there is instead."""

    def __init__(self, reason: str, known: Sequence[str] | None = None, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status
        self.shown: dict[str, Any] = {"error": reason}
        if known is not None:
            self.shown["known"] = list(known)


class Surface:
    """Answers what a test asks. `load` puts a world file into the server and tells ids and tokens; it raises
    ValueError with the reason."""

    def __init__(
        self,
        mounts: Mounts,
        worlds: Worlds,
        clock: Clock,
        faults: Faults,
        journal: Journal,
        *,
        load: Callable[[bytes], Any],
        token: str = "",
    ) -> None:
        self._mounts = mounts
        self._dialects: dict[str, Dialect] = {name: gateway.dialect for name, gateway in mounts.gateways.items()}
        self._worlds = worlds
        self._clock = clock
        self._faults = faults
        self._journal = journal
        self._load = load
        self._token = token
        self._operations = {
            name: sorted({route.operation for route in dialect.routes}) for name, dialect in self._dialects.items()
        }
        self._calls: dict[str, dict[str, Callable[[str, Given, bytes], Any]]] = {
            "reset": {"POST": self._reset},
            "snapshot": {"GET": self._snapshots, "POST": self._snapshot},
            "restore": {"POST": self._restore},
            "world": {"POST": self._world},
            "journal": {"GET": self._read_journal, "DELETE": self._clear_journal},
            "faults": {"GET": self._read_faults, "POST": self._plant, "DELETE": self._clear_faults},
            "clock": {"GET": self._read_clock, "PUT": self._set_clock, "DELETE": self._reset_clock},
            "operations": {"GET": self._read_operations},
        }

    def answer(
        self, method: str, path: str, query: str, headers: Headers, body: bytes, peer: str, host: str
    ) -> WireResponse:
        """The answer to a request below `PREFIX`; `peer` is the address of whoever asks, `host` what he calls us."""
        if not self._permits(headers, peer, host):
            return WireResponse(404, [("Content-Type", "text/plain; charset=utf-8")], b"Not Found\n")
        what, _, rest = path[len(PREFIX) :].strip("/").partition("/")
        calls = self._calls.get(what)
        if calls is None:
            return _json(404, {"error": f"there is no {what[:100]!r} here", "known": sorted(self._calls)})
        call = calls.get(method)
        if call is None:
            response = _json(405, {"error": f"{method[:20]} is not for {what}", "known": sorted(calls)})
            response.headers.append(("Allow", ", ".join(sorted(calls))))
            return response
        try:
            return _json(200, call(unquote(rest), dict(parse_qsl(query, keep_blank_values=True)), body))
        except Refused as refused:
            return _json(refused.status, refused.shown)
        except (Unsupported, Unavailable) as error:
            return _json(409, {"error": str(error)})

    def _permits(self, headers: Headers, peer: str, host: str) -> bool:
        """By the token; without one only from this machine, and no page that a browser there was lured to."""
        scheme, _, given = (headers.get("Authorization") or "").partition(" ")
        if self._token and scheme.lower() == "bearer":
            return hmac.compare_digest(
                given.strip().encode("utf-8", "replace"), self._token.encode("utf-8", "replace")
            )
        return _is_loopback(peer) and "Origin" not in headers and self._is_ours(host)

    def _is_ours(self, host: str) -> bool:
        """A name that no stranger's name server can give: of this machine, or of a vendor whose clients are tested."""
        name = hostname(host)
        if name == "localhost" or name.endswith(".localhost") or _is_address(name):
            return True
        return self._mounts.find(host, "/") is not None

    # -- the world ----------------------------------------------------------------------------------

    def _reset(self, rest: str, query: Given, body: bytes) -> Any:
        """Data, clock, faults and journal as when the server started, or the data as of a snapshot."""
        name = query.get("to", START)
        self._put_back(name)
        self._clock.reset()
        self._faults.clear()
        self._journal.clear()
        return {"restored": name}

    def _snapshot(self, rest: str, query: Given, body: bytes) -> Any:
        if not _NAME.fullmatch(rest) or rest == START:
            raise Refused("a snapshot's name has up to 100 letters, digits, dots, dashes and underscores")
        self._worlds.keep(rest)
        return {"snapshot": rest}

    def _snapshots(self, rest: str, query: Given, body: bytes) -> Any:
        return {"snapshots": self._worlds.names()}

    def _restore(self, rest: str, query: Given, body: bytes) -> Any:
        self._put_back(rest)
        return {"restored": rest}

    def _put_back(self, name: str) -> None:
        try:
            self._worlds.put_back(name)
        except KeyError:
            raise Refused(f"there is no snapshot {name[:100]}", self._worlds.names(), 404) from None

    def _world(self, rest: str, query: Given, body: bytes) -> Any:
        try:
            return self._load(body)
        except ValueError as error:
            raise Refused(str(error)) from None

    # -- the journal --------------------------------------------------------------------------------

    def _read_journal(self, rest: str, query: Given, body: bytes) -> Any:
        dialect, operation = self._named(query.get("dialect"), query.get("operation"))
        since = query.get("since", "0")
        since_at = None
        if not since.isascii() or not since.isdigit():
            since, since_at = "0", _moment("since", since)
        found = self._journal.find(
            dialect=dialect,
            operation=operation,
            status=None if "status" not in query else _number("status", query["status"], 999),
            since=_number("since", since, 2**63),
            since_at=since_at,
            limit=_number("limit", query.get("limit", str(MOST)), MOST),
        )
        secrets = query.get("secrets") == "1"
        return {"entries": [entry.shown(secrets=secrets) for entry in found]}

    def _clear_journal(self, rest: str, query: Given, body: bytes) -> Any:
        self._journal.clear()
        return {"entries": []}

    # -- faults -------------------------------------------------------------------------------------

    def _plant(self, rest: str, query: Given, body: bytes) -> Any:
        given = _object(body, ("dialect", "operation", "fault", "times", "after", "delay_ms"))
        kind = given.get("fault")
        if kind not in KINDS:
            raise Refused(f"there is no fault {str(kind)[:100]}", KINDS)
        dialect, operation = self._named(given.get("dialect"), given.get("operation"))
        times = given.get("times", 1)
        fault = Fault(
            kind,
            dialect or ANY,
            operation or ANY,
            None if times is None else _whole("times", times, 1, 1_000_000),
            _whole("after", given.get("after", 0), 0, 1_000_000),
            _whole("delay_ms", given.get("delay_ms", 0), 0, MAX_DELAY),
        )
        try:
            return self._faults.plant(fault).shown()
        except ValueError as error:
            raise Refused(str(error)) from None

    def _read_faults(self, rest: str, query: Given, body: bytes) -> Any:
        return {"faults": self._faults.shown()}

    def _clear_faults(self, rest: str, query: Given, body: bytes) -> Any:
        if rest and not self._faults.clear(_number("the fault", rest, 2**63)):
            raise Refused(f"there is no fault {rest[:20]}", status=404)
        if not rest:
            self._faults.clear()
        return {"faults": self._faults.shown()}

    # -- the clock ----------------------------------------------------------------------------------

    def _read_clock(self, rest: str, query: Given, body: bytes) -> Any:
        return self._clock.shown()

    def _set_clock(self, rest: str, query: Given, body: bytes) -> Any:
        given = _object(body, ("now", "frozen", "advance_s"))
        frozen = given.get("frozen")
        if not given or frozen not in (None, True, False):
            raise Refused('a clock is {"now": "2014-01-20T20:42:56Z", "frozen": true} or {"advance_s": 3600}')
        advance = given.get("advance_s", 0)
        if isinstance(advance, bool) or not isinstance(advance, int | float) or not abs(advance) <= MAX_ADVANCE:
            raise Refused(f"advance_s must be a number of seconds, at most {MAX_ADVANCE}")
        now = None if "now" not in given else _moment("now", given["now"])
        if now is not None:
            self._clock.set(now, frozen=bool(frozen))
        elif frozen is not None:
            self._clock.hold(frozen=frozen)
        try:
            self._clock.advance(advance)
        except ValueError as error:
            raise Refused(f"advance_s: {error}") from None
        return self._clock.shown()

    def _reset_clock(self, rest: str, query: Given, body: bytes) -> Any:
        self._clock.reset()
        return self._clock.shown()

    # -- names --------------------------------------------------------------------------------------

    def _read_operations(self, rest: str, query: Given, body: bytes) -> Any:
        return self._operations

    def _named(self, dialect: Any, operation: Any) -> tuple[str | None, str | None]:
        """The names, None for any. Raises Refused for those that are none."""
        dialect = None if dialect == ANY else dialect
        operation = None if operation == ANY else operation
        if dialect is not None and str(dialect) not in self._dialects:
            raise Refused(f"there is no dialect {str(dialect)[:100]}", sorted(self._dialects))
        if operation is not None:
            known = [self._operations[dialect]] if dialect is not None else self._operations.values()
            if not any(operation in names for names in known):
                every = sorted({name for names in known for name in names})
                raise Refused(f"there is no operation {str(operation)[:100]}", every)
        return dialect, operation


def _object(body: bytes, keys: Sequence[str]) -> dict[str, Any]:
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict):
        raise Refused("a JSON object is wanted", keys)
    for name in given:
        if name not in keys:
            raise Refused(f"there is no {name[:100]} here", keys)
    return given


def _whole(name: str, value: Any, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Refused(f"{name} must be a whole number from {least} to {most}")
    return value


def _number(name: str, text: str, most: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > most:
        raise Refused(f"{name} must be a whole number from 0 to {most}")
    return int(text)


def _moment(name: str, value: Any) -> int:
    try:
        return moment(value)
    except (TypeError, ValueError):
        raise Refused(f"{name} must be a time such as 2014-01-20T20:42:56Z") from None


def _json(status: int, shown: Any) -> WireResponse:
    return WireResponse(
        status, [("Content-Type", "application/json")], orjson.dumps(shown, option=orjson.OPT_APPEND_NEWLINE)
    )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(address: str) -> bool:
    return _is_address(address) and ipaddress.ip_address(address).is_loopback
