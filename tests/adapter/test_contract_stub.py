"""Stub and lint: a client served from a recording alone, and what is said of a recording before it runs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

import dialects
from adapter.cli import main
from adapter.contract import Exchange, load_session
from adapter.contract.stub import Miss, Stub, StubServer
from adapter.live import Live
from adapter.wire import Headers, WireRequest
from tests.support.recorded import CLIENTS, VENDOR, record_in_process


@pytest.fixture(scope="module", params=sorted(CLIENTS))
def root(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record_in_process(request.param, tmp_path_factory.mktemp(request.param))


@contextmanager
def standing(stub: Stub) -> Iterator[Live]:
    with StubServer(stub, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        yield Live(server.address)


def dialect_of(root: Path) -> str:
    return str(json.loads((root / "session.json").read_bytes())["dialect"])


def test_a_client_gets_the_recorded_answers_in_their_order(root: Path) -> None:
    session = load_session(root)
    stub = Stub(session, dialects.load(dialect_of(root)).traces, ordered=True)
    with standing(stub) as live:
        for exchange in session:
            # What a client of its own sends where the recording has placeholders does not matter.
            headers = [(name, value.replace("{{", "").replace("}}", "")) for name, value in exchange.request.headers]
            query = exchange.request.query.replace("{{token:1}}", "my-own-token")
            answer = live.send(replace(exchange.request, query=query, headers=Headers(headers)))
            assert (answer.status, answer.body) == (exchange.response.status, exchange.response.body), exchange.name
    assert stub.never_asked() == []


def test_a_miss_names_the_nearest_recording_and_why(root: Path) -> None:
    session = load_session(root)
    stub = Stub(session, dialects.load(dialect_of(root)).traces, ordered=False)
    wanted = next(e for e in session if e.request.body and b"Ring" in e.request.body)
    changed = replace(wanted.request, body=wanted.request.body.replace(b"Ring", b"Rung"))
    headers = Headers((n, v) for n, v in changed.headers if n.lower() not in ("accept", "content-length"))
    with standing(stub) as live:
        told = live.send(replace(changed, headers=Headers([*headers, ("Accept", "application/json")])))
        plain = live.send(replace(changed, headers=Headers([*headers, ("Accept", "text/plain")])))
    data = json.loads(told.body)
    assert (told.status, plain.status) == (404, 404)
    assert data["nearest"] in {exchange.name for exchange in session}
    assert any("Rung" in reason for reason in data["why"])
    assert f"nearest: {data['nearest']}".encode() in plain.body
    assert len(stub.never_asked()) == len(session)


def test_ordered_goes_on_and_first_match_stays(tmp_path: Path) -> None:
    def one(number: int) -> Exchange:
        told = b"HTTP/1.1 200 OK\r\n\r\n%d" % number
        return Exchange.of(f"00{number}-x", b"GET /api/tasks HTTP/1.1\r\nHost: v\r\n\r\n", told, {"step": number})

    session = [one(1), one(2)]
    asked = b"GET /api/tasks HTTP/1.1\r\nHost: here\r\n\r\n"
    for ordered, bodies in ((True, [b"1", b"2", b"2"]), (False, [b"1", b"1", b"1"])):
        stub = Stub(session, dialects.load("capsule").traces, ordered=ordered)
        answers = [stub.answer(asked) for _ in bodies]
        assert [answer.body for answer in answers if not isinstance(answer, Miss)] == bodies


def test_lint_has_nothing_to_say_of_what_the_recorder_wrote(root: Path) -> None:
    result = CliRunner().invoke(main, ["contract", "lint", str(root)])
    assert not [line for line in result.output.splitlines() if ": duplicate: " not in line], result.output


def test_lint_finds_secrets_duplicates_order_and_strangers_and_repeats_no_secret(tmp_path: Path) -> None:
    told = b"HTTP/1.1 200 OK\r\n\r\n"
    secret = b"GET /api/tasks HTTP/1.1\r\nHost: v\r\nAuthorization: Bearer open-secret-9\r\n\r\n"
    carry = {"id:1": {"step": 5, "pointer": "/id", "in": ["path 2"]}}
    Exchange.of("001-a", secret, told, {"step": 1, "carries": carry}).save(tmp_path)
    plain = b"GET /api/tasks HTTP/1.1\r\nHost: v\r\n\r\n"
    Exchange.of("002-b", plain, told, {"step": 2}).save(tmp_path)
    Exchange.of("003-c", plain, told, {"step": 3}).save(tmp_path)
    (tmp_path / "notes.txt").touch()
    result = CliRunner().invoke(main, ["contract", "lint", str(tmp_path), "--dialect", "capsule"])
    assert result.exit_code == 1
    assert "open-secret-9" not in result.output
    for line in (
        "001-a/request.http: secret: a token at header Authorization",
        "003-c: duplicate: ",
        "notes.txt: unused",
    ):
        assert line in result.output
    assert "001-a: order: carry id:1 is of step 5" in result.output


def test_a_request_that_is_none_is_400(tmp_path: Path) -> None:
    exchange = Exchange.of("001-a", b"GET /a HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", {"step": 1})
    stub = Stub([exchange], dialects.load("capsule").traces, ordered=True)
    with standing(stub) as live:
        assert live.send(WireRequest("GET", "/b")).status == 404
    assert VENDOR.startswith("http://")
