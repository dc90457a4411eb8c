"""The contract tool itself: what it lets pass, what it finds, what it refuses to read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

from adapter.contract import (
    BadExchange,
    Bindings,
    Difference,
    Exchange,
    hs256,
    judge,
    load,
    load_deviations,
    load_session,
    replay,
)
from adapter.contract.http_text import parse_request, parse_response
from adapter.contract.spans import spans_of
from adapter.formats import Malformed
from adapter.wire import WireRequest, WireResponse

FIXTURES = Path(__file__).parents[2] / "fixtures"
SESSIONS = ["zurmo", "crust"]

PLACEHOLDER = re.compile(r"\{\{(?:session|token):\w+\}\}")


def token(placeholder: str) -> str:
    return md5(placeholder.encode(), usedforsecurity=False).hexdigest()


def identity(scope: str, value: str) -> str:
    """Another id, the same for the same; across scopes ids coincide, as counters of tables do."""
    return str(int(value) % 10**12 + 7_000)


def later(text: str) -> str:
    layout = "%Y-%m-%dT%H:%M:%S" if "T" in text else "%Y-%m-%d %H:%M:%S"
    moved = datetime.strptime(text[:19], layout).replace(tzinfo=UTC) + timedelta(days=400, seconds=11)
    return moved.strftime(layout) + text[19:]


class Renamed:
    """Answers as recorded, but for ids, moments and tokens; remembers what it was sent."""

    def __init__(self, session: list[Exchange]) -> None:
        self.session = session
        self.received: list[WireRequest] = []
        self.change: Callable[[Exchange, WireResponse], WireResponse] = lambda exchange, response: response

    def send(self, request: WireRequest) -> WireResponse:
        exchange = self.session[len(self.received)]
        self.received.append(request)
        body, spans = exchange.response.body, {}
        moving = [rule for rule in exchange.volatile if rule.pointer is not None]
        if moving:
            spans = spans_of(body)
        for rule in sorted(moving, key=lambda rule: -spans[rule.pointer or ""][0]):
            start, end = spans[rule.pointer or ""]
            body = body[:start] + self.renamed(rule.kind, rule.scope, body[start:end].decode()).encode() + body[end:]
        if any(rule.kind == "xml" for rule in exchange.volatile):
            body = re.sub(rb"2026-11-22 [0-9:]{8}", lambda match: later(match[0].decode()).encode(), body)
        headers = [
            (name, PLACEHOLDER.sub(lambda match: token(match[0]), value).replace("24 Nov 2026", "25 Nov 2026"))
            for name, value in exchange.response.headers
            if name not in ("Content-Length", "Transfer-Encoding")
        ]
        return self.change(exchange, WireResponse(exchange.response.status, headers, body))

    @staticmethod
    def renamed(kind: str, scope: str, text: str) -> str:
        quote, text = ('"', text[1:-1]) if text.startswith('"') else ("", text)
        if kind in ("session", "token"):
            return f"{quote}{token(text)}{quote}"
        return f"{quote}{later(text) if kind == 'time' else identity(scope, text)}{quote}"


@pytest.fixture(scope="module", params=SESSIONS)
def session(request: pytest.FixtureRequest) -> list[Exchange]:
    return load_session(FIXTURES / request.param)


def run(session: list[Exchange], change: Callable[[Exchange, WireResponse], WireResponse] | None = None) -> Any:
    endpoint = Renamed(session)
    endpoint.change = change or endpoint.change
    return replay(session, endpoint, mint=hs256(b"key")), endpoint


def changed(
    step: int, edit: Callable[[WireResponse], WireResponse]
) -> Callable[[Exchange, WireResponse], WireResponse]:
    return lambda exchange, response: edit(response) if exchange.step == step else response


def test_the_same_under_other_names_passes(session: list[Exchange]) -> None:
    differences, endpoint = run(session)
    assert differences == []
    assert len(endpoint.received) == len(session)


def test_every_case_says_what_it_means(session: list[Exchange]) -> None:
    for exchange in session:
        assert exchange.name.removeprefix("doc-").startswith(f"{exchange.step:03d}-")
        assert exchange.provenance
        assert exchange.operation["do"]
        assert exchange.result.get("ok") is True or exchange.result["error"]


def test_requests_carry_the_values_of_this_run(session: list[Exchange]) -> None:
    _, endpoint = run(session)
    steps = {exchange.step: exchange for exchange in session}
    for exchange, sent in zip(session, endpoint.received, strict=True):
        everything = f"{sent.target} {sent.headers.pairs} {sent.body!r}"
        assert not PLACEHOLDER.search(everything), exchange.name
        assert sent.headers.get("Content-Length") in (None, str(len(sent.body)))
        for rule in exchange.carries:
            if rule.pointer and rule.made is None and rule.placeholder is None:
                old = str(value_at(steps[rule.step].response.body, rule.pointer))
                places = {"target": sent.target, "body": sent.body.decode()}
                for place in rule.places:
                    words = re.findall(r"[0-9A-Za-z]+", places[place])
                    assert identity("", old) in words, exchange.name
                    assert old not in words or place == "target", exchange.name


def value_at(body: bytes, pointer: str) -> Any:
    return json.loads(body[slice(*spans_of(body)[pointer])])


def only(differences: list[Difference], step: int) -> str:
    assert {difference.step for difference in differences} == {step}
    assert len(differences) == 1
    return str(differences[0])


def test_a_changed_byte_is_found() -> None:
    session = load_session(FIXTURES / "zurmo")
    edit = changed(13, lambda got: replace(got, body=got.body.replace(b"Caf\\u00e9", b"Caf\\u00E9")))
    text = only(run(session, edit)[0], 13)
    assert "body at /data/name" in text
    assert "Caf\\\\u00e9" in text
    assert "Caf\\\\u00E9" in text


@pytest.mark.parametrize(
    ("edit", "where"),
    [
        (lambda got: replace(got, status=201), "status: expected '200', got '201'"),
        (lambda got: replace(got, body=got.body + b"\n"), "body at byte"),
        (lambda got: replace(got, body=got.body[:-1]), "body: expected"),
        (lambda got: replace(got, body=b""), "body: expected"),
        (lambda got: replace(got, body=got.body.replace(b'"completed":"1"', b'"completed":1')), "/data/completed"),
        (
            lambda got: replace(got, body=re.sub(rb'"id":(70\d\d),', rb'"id":"\1",', got.body)),
            "/data/id (another type)",
        ),
        (lambda got: replace(got, body=re.sub(rb'"id":70\d\d,', b"", got.body)), "/data/id"),
        (lambda got: renamed_header(got, "Content-type", "Content-Type"), "header Content-type"),
        (lambda got: replace(got, headers=[*got.headers, ("Set-Cookie", "a=b")]), "header Set-Cookie"),
        (lambda got: replace(got, headers=[*got.headers, ("Content-Length", "3")]), "header Content-Length"),
        (lambda got: replace(got, headers=got.headers[1:]), "header X-Powered-By"),
    ],
)
def test_what_is_found(edit: Callable[[WireResponse], WireResponse], where: str) -> None:
    differences = run(load_session(FIXTURES / "zurmo"), changed(13, edit))[0]
    assert {difference.step for difference in differences} == {13}
    assert where in str(differences[0])


def renamed_header(got: WireResponse, old: str, new: str) -> WireResponse:
    return replace(got, headers=[(new if name == old else name, value) for name, value in got.headers])


def test_more_headers_and_another_order_are_no_difference() -> None:
    session = load_session(FIXTURES / "zurmo")

    def edit(exchange: Exchange, got: WireResponse) -> WireResponse:
        names = sorted({name for name, _ in got.headers}, reverse=True)
        headers = [(name, value) for wanted in names for name, value in got.headers if name == wanted]
        return replace(got, headers=[*headers, ("X-Request-Id", "1"), ("Server", "ours")])

    assert run(session, edit)[0] == []


def test_merged_ids_are_found() -> None:
    """The second account of crust's modules must not come under the first one's id."""
    session = load_session(FIXTURES / "crust")
    first = identity("module", value_at(session[23].response.body, "/response/moduleID"))
    second = identity("module", value_at(session[24].response.body, "/response/moduleID"))
    text = only(
        run(
            session[:25],
            changed(25, lambda got: replace(got, body=got.body.replace(second.encode(), first.encode(), 1))),
        )[0],
        25,
    )
    assert "/response/moduleID (already stands for 489515385435982861)" in text


def test_an_id_that_changes_is_found() -> None:
    session = load_session(FIXTURES / "zurmo")
    edit = changed(10, lambda got: replace(got, body=got.body.replace(b'"id":7001', b'"id":7009')))
    assert "/data/id (was 7001 before)" in only(run(session, edit)[0], 10)


def test_a_session_that_changes_is_found() -> None:
    session = load_session(FIXTURES / "zurmo")
    other = token("{{session:9}}")
    edit = changed(
        10, lambda got: replace(got, headers=[(n, v.replace(token("{{session:1}}"), other)) for n, v in got.headers])
    )
    assert "header Set-Cookie (was" in only(run(session, edit)[0], 10)


def test_an_error_page_is_compared_by_its_sentence() -> None:
    session = load_session(FIXTURES / "zurmo")
    page = (
        "<html><body><div>Oh</div><div class='x'>The system is unable to find the requested action &quot;{}&quot;."
        "</div>\n<div> </div></body></html>"
    )
    assert run(session, changed(5, lambda got: replace(got, body=page.format("nope").encode())))[0] == []
    text = only(run(session, changed(5, lambda got: replace(got, body=page.format("no").encode())))[0], 5)
    assert "body, its sentence" in text
    edit = changed(65, lambda got: replace(got, body=got.body.replace(b"type", b"kind")))
    assert "body, its sentence" in only(run(session, edit)[0], 65)


def test_what_earlier_answers_lack_is_reported_with_the_carry() -> None:
    session = load_session(FIXTURES / "zurmo")
    differences = run(session, changed(7, lambda got: replace(got, body=b'{"status":"FAILURE"}')))[0]
    assert any(difference.where == "carry task1" for difference in differences)


def test_moments() -> None:
    table = Bindings()
    assert table.bind("time", "", "2015-01-01 10:00:00", "2020-01-01 00:00:00") is None
    assert table.bind("time", "", "2015-01-01 10:00:09", "2020-01-01 00:00:00") is None
    assert table.bind("time", "", "2015-01-01 10:00:00", "2020-01-01 00:00:01") is None
    assert table.bind("time", "", "2015-01-01 09:00:00", "2020-01-01 00:00:09") == "later than a moment it came before"
    assert table.bind("time", "", "2015-01-01 11:00:00", "2019-01-01 00:00:09") == (
        "earlier than a moment it came after"
    )
    for expected, got in (
        ("2015-01-01 10:00:00", "2020-01-01T00:00:00Z"),
        ("2015-01-01 10:00:00", "0000-00-00 00:00:00"),
        ("2015-01-01T10:00:00Z", "2020-01-01T00:00:00.5Z"),
        ("2015-01-01T10:00:00Z", "2020-01-01T00:00:00"),
    ):
        assert table.bind("time", "", expected, got) == "not a moment in the form recorded"
    assert table.bind("time", "", "2015-01-01T10:00:00.25Z", "2020-01-01T00:00:00Z") is None


def test_signed_tokens_may_coincide_others_not() -> None:
    table = Bindings()
    jwt = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2ln"
    assert table.bind("token", "", "{{token:1}}", jwt) is None
    assert table.bind("token", "", "{{token:2}}", jwt) is None
    assert table.bind("token", "", "{{token:3}}", "a" * 32) is None
    assert table.bind("token", "", "{{token:4}}", "a" * 32) == "already stands for {{token:3}}"
    assert table.bind("token", "", "{{token:5}}", "short") == "not a value of kind token"


def test_tokens_made_for_the_occasion() -> None:
    mint = hs256(b"key", now=lambda: 10_000.0)
    own = mint({"made": "HS256", "key": "the server's", "exp": "an hour ago"}, "17")
    assert own == ("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjY0MDAsInN1YiI6IjE3In0." + own.rpartition(".")[2])
    assert mint({"made": "HS256", "key": "any other", "exp": "an hour ago"}, "17") != own


def test_deviations_are_kept_both_ways(tmp_path: Path) -> None:
    differences = [Difference("001-a", 1, "status", "200", "201")]
    cases = ["001-a", "002-b"]
    assert judge(cases, differences, {"001-a": "we create"}) == []
    assert judge(cases, differences, {}) == ["001-a: status: expected '200', got '201'"]
    assert judge(cases, [], {"001-a": "we create"}) == ["001-a: no longer differs; remove its deviation"]
    assert judge(cases, [], {"003-c": "x"}) == ["003-c: deviation for a case that does not exist"]
    file = tmp_path / "deviations.json"
    assert load_deviations(file) == {}
    file.write_text('{"001-a": "we create"}')
    assert load_deviations(file) == {"001-a": "we create"}
    for text in ("[]", '{"a": ""}', '{"a": 1}', "{", '{"a": {"b": {}}}'):
        file.write_text(text)
        with pytest.raises(BadExchange):
            load_deviations(file)


GOOD = {
    "request.http": b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
    "response.http": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "meaning.json": b'{"step": 1, "provenance": "made up"}',
}


def folder(root: Path, **changes: bytes) -> Path:
    case = root / "001-a"
    case.mkdir(parents=True, exist_ok=True)
    for file, content in (GOOD | {name.replace("_", "."): content for name, content in changes.items()}).items():
        (case / file).write_bytes(content)
    return case


def test_saved_is_loaded(tmp_path: Path) -> None:
    for name in ("037-content-create-full", "050-content-list-client"):
        exchange = load(FIXTURES / "crust", name)
        exchange.save(tmp_path)
        assert (tmp_path / name / "response.http").read_bytes() == exchange.response_bytes
        again = load(tmp_path, name)
        assert again.meaning == exchange.meaning
        assert again.response == exchange.response
        assert again.volatile == exchange.volatile


@pytest.mark.parametrize("name", ["", "..", "../001-a", "/etc", "a/b", "a\\..\\b", ".git", "a\0b", "a\n", "x" * 101])
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    folder(tmp_path)
    with pytest.raises(BadExchange):
        load(tmp_path / "001-a", name)
    with pytest.raises(BadExchange):
        Exchange.of(name, GOOD["request.http"], GOOD["response.http"], {"step": 1})


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("meaning_json", b""),
        ("meaning_json", b"[]"),
        ("meaning_json", b'{"step": "1"}'),
        ("meaning_json", b'{"step": true}'),
        ("meaning_json", b"[" * 100_000),
        ("meaning_json", b'{"step": 1, "carries": []}'),
        ("meaning_json", b'{"step": 1, "carries": {"a": {"in": ["body"]}}}'),
        ("meaning_json", b'{"step": 1, "carries": {"a": {"step": 1, "in": [1], "pointer": ""}}}'),
        ("meaning_json", b'{"step": 1, "carries": {"a": {"made": "x", "in": ["body"]}}}'),
        ("meaning_json", b'{"step": 1, "volatile": [{"kind": "python/object", "pointer": ""}]}'),
        ("meaning_json", b'{"step": 1, "volatile": [{"kind": [], "pointer": ""}]}'),
        ("meaning_json", b'{"step": 1, "volatile": [{"kind": "id"}]}'),
        ("meaning_json", b'{"step": 1, "volatile": [{"kind": "id", "pointer": true}]}'),
        ("meaning_json", b'{"step": 1, "volatile": [{"kind": "id", "pointer": "", "scope": [1]}]}'),
        ("meaning_json", b'{"step": 1, "volatile": [1]}'),
        ("meaning_json", b"!!python/object/apply:os.system ['true']"),
        ("meaning_json", b" " * 4_000_001),
        ("request_http", b"GET /a HTTP/1.1\r\n"),
        ("request_http", b"GET a HTTP/1.1\r\n\r\n"),
        ("request_http", b"GET /a b HTTP/1.1\r\n\r\n"),
        ("request_http", b"GET /a HTTP/1.1\r\nA: 1\n B: 2\r\n\r\n"),
        ("request_http", b"GET /a HTTP/1.1\r\n folded\r\n\r\n"),
        ("request_http", b"GET /a HTTP/1.1\r\nContent-Length: 1\r\n\r\n"),
        ("response_http", b"HTTP/1.1 99 No\r\n\r\n"),
        ("response_http", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}"),
        ("response_http", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 201 + b"\r\n"),
        ("response_http", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n{}\r\n0\r\n\r\n"),
        ("response_http", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
        ("response_http", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n"),
    ],
)
def test_hostile_files_are_refused(tmp_path: Path, file: str, content: bytes) -> None:
    folder(tmp_path, **{file: content})
    with pytest.raises(BadExchange):
        load(tmp_path, "001-a")


def test_links_and_lost_files_are_refused(tmp_path: Path) -> None:
    case = folder(tmp_path)
    load(tmp_path, "001-a")
    (tmp_path / "002-b").symlink_to(case)
    with pytest.raises(BadExchange):
        load(tmp_path, "002-b")
    assert [exchange.name for exchange in load_session(tmp_path)] == ["001-a"]
    (case / "request.http").unlink()
    with pytest.raises(BadExchange):
        load(tmp_path, "001-a")
    (case / "request.http").symlink_to("/etc/passwd")
    with pytest.raises(BadExchange):
        load(tmp_path, "001-a")


def test_two_cases_of_one_step_are_refused(tmp_path: Path) -> None:
    folder(tmp_path).rename(tmp_path / "002-b")
    folder(tmp_path)
    with pytest.raises(BadExchange, match="both step 1"):
        load_session(tmp_path)


def test_chunks_and_spans() -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\n{}\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n"
    )
    assert parse_response(chunked).body == b"{}0123456789"
    assert parse_request(b"POST /a?b=c?d HTTP/1.1\r\nHost: h\r\n\r\nx").query == "b=c?d"
    body = b' {"a/b": [1, {"~": "x,\\"}"}], "c": {}, "": null}'
    values = {pointer: body[start:end] for pointer, (start, end) in spans_of(body).items()}
    assert values["/a~1b/0"] == b"1"
    assert values["/a~1b/1/~0"] == b'"x,\\"}"'
    assert values["/c"] == b"{}"
    assert values["/"] == b"null"
    assert values[""] == body.strip()
    xml = b"<?xml version='1.0'?><r><a>1</a><b><a>2</a></b><a>3</a><c/></r>"
    assert {path: xml[start:end] for path, (start, end) in spans_of(xml).items()} == {
        "/r/a": b"1",
        "/r/b/a": b"2",
        "/r/a[2]": b"3",
    }
    with pytest.raises(Malformed):
        spans_of(b"<!DOCTYPE r [<!ENTITY e 'x'>]><r>&e;</r>")
