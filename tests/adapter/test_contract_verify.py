"""Verify: what a client's session holds against a fresh gateway, and every planted fault by its path."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from shutil import rmtree

import pytest
from click.testing import CliRunner

from adapter.cli import main
from adapter.contract import Exchange, load_session
from adapter.contract.compare import TRANSPORT
from adapter.contract.spans import spans_of
from adapter.contract.verify import Recorded, Report, verify
from adapter.formats import Malformed
from adapter.wire import WireResponse
from tests.support.recorded import CLIENTS, record_in_process

Fault = Callable[[Exchange], Iterator[tuple[WireResponse, str]]]
"""Answers with that fault in them, each with the path that names it; none where the answer has no place for it."""


@pytest.fixture(scope="module", params=sorted(CLIENTS))
def session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Exchange]:
    """Thirty calls of a client of each dialect."""
    return load_session(record_in_process(request.param, tmp_path_factory.mktemp(request.param)))


def checked(session: list[Exchange], endpoint: Recorded) -> Report:
    def window(exchange: Exchange, got: WireResponse, began: float) -> tuple[float, float]:
        at = float(exchange.meaning["at"])
        return at, at + float(exchange.meaning["took"])

    return verify(session, endpoint, window=window)


@dataclass(frozen=True)
class Leaf:
    """A value in a body: `kind` is that of its volatile mark, empty for what must be equal."""

    pointer: str
    start: int
    end: int
    raw: bytes
    kind: str


def leaves(exchange: Exchange) -> Iterator[Leaf]:
    body = exchange.response.body
    kinds = {rule.pointer: rule.kind for rule in exchange.volatile}
    try:
        spans = spans_of(body)
    except Malformed:
        return
    for pointer, (start, end) in spans.items():
        raw = body[start:end]
        if raw[:1] not in (b"{", b"["):
            yield Leaf(pointer, start, end, raw, kinds.get(pointer, ""))


def texts(exchange: Exchange) -> Iterator[Leaf]:
    """Fixed texts of some length."""
    for leaf in leaves(exchange):
        if not leaf.kind and re.search(rb"[A-Za-z]{4}", leaf.raw):
            yield leaf


def put(exchange: Exchange, leaf: Leaf, raw: bytes) -> tuple[WireResponse, str]:
    body = exchange.response.body
    return replace(exchange.response, body=body[: leaf.start] + raw + body[leaf.end :]), leaf.pointer


def changed(pattern: bytes, new: Callable[[re.Match[bytes]], bytes], kind: str = "") -> Fault:
    """The first match in a value whose mark is `kind`, replaced."""

    def fault(exchange: Exchange) -> Iterator[tuple[WireResponse, str]]:
        for leaf in leaves(exchange):
            if leaf.kind == kind and re.search(pattern, leaf.raw):
                yield put(exchange, leaf, re.sub(pattern, new, leaf.raw, count=1))

    return fault


def header(change: Callable[[str, str], list[tuple[str, str]]]) -> Fault:
    def fault(exchange: Exchange) -> Iterator[tuple[WireResponse, str]]:
        for number, (name, value) in enumerate(exchange.response.headers):
            if name.lower() not in TRANSPORT and "imit" not in name:
                headers = list(exchange.response.headers)
                headers[number : number + 1] = change(name, value)
                yield replace(exchange.response, headers=headers), f"header {name}"

    return fault


def whole(change: Callable[[bytes], bytes]) -> Fault:
    def fault(exchange: Exchange) -> Iterator[tuple[WireResponse, str]]:
        if len(exchange.response.body) > 20:
            yield replace(exchange.response, body=change(exchange.response.body)), "body"

    return fault


def status(exchange: Exchange) -> Iterator[tuple[WireResponse, str]]:
    yield replace(exchange.response, status=exchange.response.status + 1), "status"


def field_of(exchange: Exchange, leaf: Leaf) -> tuple[int, int, bytes] | None:
    """Start and end of a whole field that has another after it, and its name."""
    body, name = exchange.response.body, re.sub(r"\[\d+\]\Z", "", leaf.pointer.rpartition("/")[2]).encode()
    if body[:1] == b"<":
        start, end = leaf.start - len(name) - 2, leaf.end + len(name) + 3
        is_whole = body[start : leaf.start] == b"<" + name + b">" and body[end : end + 2] != b"</"
        return (start, end, name) if is_whole else None
    start = leaf.start - len(name) - 3
    is_whole = body[start : leaf.start] == b'"' + name + b'":' and body[leaf.end : leaf.end + 1] == b","
    return (start, leaf.end + 1, name) if is_whole else None


def fields(exchange: Exchange) -> Iterator[tuple[int, int, bytes, Leaf]]:
    for leaf in texts(exchange):
        found = field_of(exchange, leaf)
        if found is not None:
            yield *found, leaf


def renamed(exchange: Exchange) -> Iterator[tuple[WireResponse, str]]:
    for start, end, name, leaf in fields(exchange):
        body = exchange.response.body
        new = body[start:end].replace(name, name + b"X")
        yield replace(exchange.response, body=body[:start] + new + body[end:]), leaf.pointer


def missing(exchange: Exchange) -> Iterator[tuple[WireResponse, str]]:
    for start, end, _, leaf in fields(exchange):
        body = exchange.response.body
        yield replace(exchange.response, body=body[:start] + body[end:]), leaf.pointer


def extra(exchange: Exchange) -> Iterator[tuple[WireResponse, str]]:
    for start, _, _, leaf in fields(exchange):
        body = exchange.response.body
        new = b"<surplus>1</surplus>" if body[:1] == b"<" else b'"surplus":1,'
        path = leaf.pointer.rpartition("/")[0] + "/surplus"
        yield replace(exchange.response, body=body[:start] + new + body[start:]), path


def items(exchange: Exchange) -> Iterator[tuple[bytes, bytes, bytes, bytes, str]]:
    """A list's first two items: what is before them, the two, what is after, and the pointer of the first."""
    body = exchange.response.body
    if body[:1] == b"<":
        for match in re.finditer(
            rb"(<(\w+)[^<>/]*>(?:(?!</\2>).)*</\2>)(<\2[^<>/]*>(?:(?!</\2>).)*</\2>)", body, re.DOTALL
        ):
            yield body[: match.start()], match[1], match[3], body[match.end() :], match[2].decode()
        return
    try:
        spans = spans_of(body)
    except Malformed:
        return
    for pointer, (start, end) in spans.items():
        following = spans.get(pointer[:-1] + "1") if pointer.endswith("/0") else None
        if following is not None:
            yield body[:start], body[start:end], body[slice(*following)], body[following[1] :], pointer[:-2]


def swapped(exchange: Exchange) -> Iterator[tuple[WireResponse, str]]:
    comma = b"" if exchange.response.body[:1] == b"<" else b","
    for before, one, two, after, path in items(exchange):
        if re.findall(rb"Ring[^\"<]*", one) != re.findall(rb"Ring[^\"<]*", two):
            yield replace(exchange.response, body=before + two + comma + one + after), path


def shorter(exchange: Exchange) -> Iterator[tuple[WireResponse, str]]:
    for before, one, _, after, path in items(exchange):
        yield replace(exchange.response, body=before + one + after), path


def another_day(match: re.Match[bytes]) -> bytes:
    if len(match[0]) == 10 and match[0].isdigit():
        return b"%d" % (int(match[0]) + 86_400)
    return (datetime.fromisoformat(match[0].decode()) + timedelta(days=1)).date().isoformat().encode()


NO_TYPE: dict[str, Fault] = {
    "a text turned into null": lambda e: (put(e, leaf, b"null") for leaf in texts(e) if leaf.raw[:1] == b'"'),
    "a text turned into a number": lambda e: (put(e, leaf, b"1") for leaf in texts(e) if leaf.raw[:1] == b'"'),
}
"""Faults that only JSON can have."""
FAULTS: dict[str, Fault] = {
    "a field renamed": renamed,
    "a field missing": missing,
    "a field too many": extra,
    "a header missing": header(lambda name, value: []),
    "a header in another case": header(lambda name, value: [(name.swapcase(), value)]),
    "a header of another value": header(lambda name, value: [(name, f"{value}x y")]),
    "a header twice": header(lambda name, value: [(name, value), (name, value)]),
    "another status": status,
    "the order swapped": swapped,
    "an item less": shorter,
    "a number rounded": changed(rb"1234\.56", lambda match: b"1234.6"),
    "a made moment shifted": changed(rb"\d{4}-\d\d-\d\d|\b1[0-9]{9}\b", another_day, "time"),
    "a made moment in another form": changed(rb"[T ](\d\d:)|\b1[0-9]{9}\b", lambda match: b"t" + match[0], "time"),
    "an id of another record": changed(rb"\d(?=\"?\Z)", lambda match: b"%d" % ((int(match[0]) + 1) % 10), "id"),
    "an id that is none": changed(rb"\d+|[0-9a-f]{24}", lambda match: b"0", "id"),
    "white space before a text": changed(rb"(?=Ring)", lambda match: b" "),
    "a text in another case": changed(rb"Ring", lambda match: b"RING"),
    "a letter lost": changed(rb"Ring", lambda match: b"Rin"),
    "a text emptied": lambda e: (put(e, leaf, b'""' if leaf.raw[:1] == b'"' else b"") for leaf in texts(e)),
    "half a body": whole(lambda body: body[: len(body) // 2]),
    "no body": whole(lambda body: b""),
    "a page in its place": whole(lambda body: b"<html><body>Sorry<br></body>"),
    **NO_TYPE,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_and_named_by_its_path(session: list[Exchange], fault: str) -> None:
    if fault in NO_TYPE and all(exchange.response.body[:1] in (b"", b"<") for exchange in session):
        return
    planted = 0
    seen: set[str] = set()
    for exchange in reversed(session):
        kind = exchange.name.partition("-")[2]
        if kind in seen:
            continue
        for answer, path in FAULTS[fault](exchange):
            broken = Recorded([replace(e, response=answer) if e is exchange else e for e in session])
            found = [each for each in checked(session, broken).differences if each.exchange == exchange.name]
            paths = [re.sub(r"\[1\]", "", each.path) for each in found]
            assert [each for each in paths if path == each or path in each], (exchange.name, path, paths)
            assert all(each.curl.startswith("curl ") and each.nearest for each in found)
            planted += 1
            seen.add(kind)
            break
        if planted >= 3:
            break
    assert planted, "no answer has a place for it"


def test_a_recording_does_not_differ_from_itself(session: list[Exchange]) -> None:
    report = checked(session, Recorded(session))
    assert (report.exchanges, report.differences) == (len(session), [])


@pytest.mark.slow
def test_the_command_reports_and_tells_by_its_exit_code(tmp_path: Path) -> None:
    root = record_in_process("zurmo", tmp_path)
    for exchange in load_session(root)[6:]:
        rmtree(root / exchange.name)
    output = tmp_path / "report"
    words = ["contract", "verify", str(root), "--output", str(output), "--report"]
    CliRunner().invoke(main, [*words, "json"])
    told = json.loads(output.read_bytes())
    assert set(told) == {"exchanges", "differences", "deviations", "unused", "duplicates"}
    # A fresh gateway has not the person that the session is about.
    assert told["differences"]
    assert set(told["differences"][0]) == {"exchange", "step", "path", "expected", "got", "nearest", "curl"}
    assert CliRunner().invoke(main, [*words, "junit"]).exit_code == 1
    assert b"<failure message=" in output.read_bytes()
    differing = {each["exchange"]: "the person is not there" for each in told["differences"]}
    (root / "deviations.json").write_text(json.dumps(differing))
    assert CliRunner().invoke(main, [*words, "text"]).exit_code == 0
    rest = next(e.name for e in load_session(root) if e.name not in differing)
    (root / "deviations.json").write_text(json.dumps(differing | {rest: "never differed"}))
    assert CliRunner().invoke(main, [*words, "text"]).exit_code == 1
    assert f"{rest}: no longer differs" in output.read_text()


def test_what_cannot_run_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "001-x").mkdir()
    (tmp_path / "001-x" / "meaning.json").write_bytes(b"[" * 100_000)
    for words in (["/nowhere"], [str(tmp_path)], [str(tmp_path), "--dialect", "nobody"]):
        result = CliRunner().invoke(main, ["contract", "verify", *words])
        assert result.exit_code == 2, words
