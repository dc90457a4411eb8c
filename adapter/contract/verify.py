"""Verify: the requests of a recording, asked of any endpoint in their order, and where its answers differ."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from email.utils import parsedate_to_datetime

from adapter.contract import meaning
from adapter.contract.carrying import Mint, carried
from adapter.contract.compare import TRANSPORT, Difference, compare
from adapter.contract.exchange import Exchange
from adapter.contract.meaning import Run
from adapter.contract.values import encoded, spliced, values
from adapter.wire import Endpoint, WireRequest, WireResponse

Window = tuple[float, float]
SAMPLE = 4_000
CURL_BODY = 4_000


@dataclass(frozen=True, slots=True)
class Found:
    """One difference: of which exchange, at which path, and what helps to look into it."""

    exchange: str
    step: int
    path: str
    expected: str
    got: str
    nearest: str
    curl: str


@dataclass(slots=True)
class Report:
    """What a run over a recording found. `undeclared` are the differences that no deviation names."""

    exchanges: int = 0
    differences: list[Found] = field(default_factory=list)
    honoured: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not self.differences and not self.stale


class Recorded:
    """The recording itself as an endpoint: the next recorded answer, whatever is asked."""

    def __init__(self, session: Iterable[Exchange]) -> None:
        self._answers = [exchange.response for exchange in session]

    def send(self, request: WireRequest) -> WireResponse:
        return self._answers.pop(0)


def verify(
    session: Sequence[Exchange],
    endpoint: Endpoint,
    *,
    base_url: str = "",
    upstream: str = "",
    known: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    deviations: Mapping[str, str] | None = None,
    strict: bool = False,
    mint: Mint | None = None,
    window: Callable[[Exchange, WireResponse, float], Window] | None = None,
    after: Callable[[Exchange, int], None] = lambda exchange, found: None,
) -> Report:
    """Asks `endpoint` for all of `session` and compares by meaning, or byte for byte where `strict`.

    `base_url` is where it is asked, `upstream` where the recording was: addresses of the one in answers count as those
    of the other. `known` holds what placeholders stand for, `names` maps who signs in. What `endpoint` raises is not
    caught. `after` hears of each exchange and how many differences it had.
    """
    run = Run(dict(known or {}))
    report = Report()
    answers: dict[int, tuple[WireResponse, WireResponse]] = {}
    deviations = deviations or {}
    differing: set[str] = set()
    for exchange in sorted(session, key=lambda exchange: exchange.step):
        request, missing = carried(_called(exchange, names or {}), answers, mint, run.known)
        began = time.time()
        got = endpoint.send(replace(request, base_url=base_url or upstream or request.base_url))
        run.windows.append((_recorded_window(exchange), (window or _window)(exchange, got, began)))
        got = _as_recorded(got, base_url, upstream)
        answers[exchange.step] = (exchange.response, got)
        if strict:
            found = [(each.where, each.expected, each.got) for each in _strictly(exchange, got, run)]
        else:
            found = meaning.differences(exchange, got, run)
        found = missing + found
        report.exchanges += 1
        after(exchange, len(found))
        if not found:
            continue
        differing.add(exchange.name)
        if exchange.name in deviations:
            report.honoured.append(exchange.name)
            continue
        near, curl = nearest(exchange, got, session), curl_of(exchange, base_url or upstream)
        report.differences += [Found(exchange.name, exchange.step, *each, near, curl) for each in found]
    report.stale = [name for name in deviations if name not in differing]
    report.unused = unused(session, deviations)
    report.duplicates = duplicates(session)
    return report


def self_check(session: Sequence[Exchange]) -> list[Found]:
    """Where a recording, asked of itself, differs from itself: something in it cannot be right."""
    found = verify(session, Recorded(session), window=lambda exchange, got, began: _recorded_window(exchange))
    return found.differences


def duplicates(session: Iterable[Exchange]) -> list[str]:
    """Exchanges that say the same as one before: the same request and the same answer."""
    seen: set[tuple[bytes, bytes]] = set()
    again: list[str] = []
    for exchange in session:
        both = exchange.request_bytes, exchange.response_bytes
        if both in seen:
            again.append(exchange.name)
        seen.add(both)
    return again


def unused(session: Iterable[Exchange], deviations: Iterable[str]) -> list[str]:
    """Deviations of exchanges that do not exist."""
    names = {exchange.name for exchange in session}
    return [name for name in deviations if name not in names]


def nearest(exchange: Exchange, got: WireResponse, session: Iterable[Exchange]) -> str:
    """The exchange whose recorded answer is most like the one that came."""
    sample = got.body[:SAMPLE].decode("utf-8", "replace")
    ranked = []
    for number, other in enumerate(session):
        if number >= 500:
            break
        same = other.response.status == got.status
        matcher = SequenceMatcher(
            None, other.response.body[:SAMPLE].decode("utf-8", "replace"), sample, autojunk=False
        )
        ranked.append((same, matcher.real_quick_ratio() > 0 and matcher.quick_ratio(), other is exchange, other.name))
    return max(ranked)[3]


def curl_of(exchange: Exchange, base_url: str) -> str:
    """A command that asks the same, with placeholders where secrets were."""
    request = exchange.request
    words = ["curl", "-i", "-X", request.method]
    for name, value in request.headers:
        if name.lower() not in TRANSPORT and name.lower() != "host":
            words += ["-H", f"{name}: {value}"]
    if request.body:
        shown = request.body if len(request.body) <= CURL_BODY else b""
        body = f"@{exchange.name}/body" if not shown or b"\0" in shown else shown.decode("utf-8", "replace")
        words += ["--data-binary", body]
    return shlex.join([*words, base_url.rstrip("/") + request.target])


def _called(exchange: Exchange, names: Mapping[str, str]) -> Exchange:
    """The exchange with those who sign in called by their names at this server."""
    if not names:
        return exchange
    told = exchange.meaning.get("credentials") or {}
    places = {place: entry.get("value", "") for entry in told.values() for place in entry.get("in", ())}
    raw = exchange.request_bytes
    changes = {
        (value.start, value.end): encoded(names[value.text], value.coding)
        for value in values(raw)
        if value.text in names and places.get(value.place) == value.text
    }
    if not changes:
        return exchange
    return Exchange.of(exchange.name, spliced(raw, changes), exchange.response_bytes, exchange.meaning)


def _strictly(exchange: Exchange, got: WireResponse, run: Run) -> list[Difference]:
    return compare(exchange, got, run.bindings)


def _recorded_window(exchange: Exchange) -> Window:
    at = float(exchange.meaning.get("at") or 0.0)
    return at, at + float(exchange.meaning.get("took") or 0.0)


def _window(exchange: Exchange, got: WireResponse, began: float) -> Window:
    """When the server made its answer, by its own clock where it tells it."""
    ended = time.time()
    try:
        skew = parsedate_to_datetime(got.header("Date") or "").timestamp() - ended
    except (ValueError, TypeError, OverflowError):
        skew = 0.0
    return (began + skew, ended + skew) if abs(skew) > 5.0 else (began, ended)


def _as_recorded(got: WireResponse, base_url: str, upstream: str) -> WireResponse:
    """The answer with its own address replaced by the one of the recording, also as JSON and PHP escape it."""
    if not base_url or not upstream or base_url == upstream:
        return got
    body = got.body
    for here, there in ((base_url, upstream), (base_url.replace("/", "\\/"), upstream.replace("/", "\\/"))):
        body = body.replace(here.encode(), there.encode())
    headers = [(name, value.replace(base_url, upstream)) for name, value in got.headers]
    return WireResponse(got.status, headers, body)
