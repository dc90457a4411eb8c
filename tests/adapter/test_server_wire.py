"""The production server on real sockets: what clients rely on and no in-process test can see."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.rawhttp import Closed, RawConnection, Response
from tests.support.servers import ROOT, RunningServer, free_port, outside_address, running_python, self_signed

pytestmark = pytest.mark.slow

VARIANTS = ["one", "two", "tls", "outside"]


def start(*words: str, host: str = "127.0.0.1") -> AbstractContextManager[RunningServer]:
    return running_python("-m", "tests.support.echo_server", "--host", "{host}", "--port", "{port}", *words, host=host)


@dataclass
class Peer:
    """How to reach one running variant."""

    server: RunningServer
    tls: ssl.SSLContext | None

    def connect(self) -> RawConnection:
        return RawConnection(self.server.host, self.server.port, tls=self.tls)

    def ask(self, *lines: str, body: bytes = b"") -> Response:
        """One request on a connection of its own; Host is added."""
        with self.connect() as connection:
            connection.send(message(*lines, body=body))
            return connection.read_response(head=lines[0].startswith("HEAD "))

    def environ(self, *lines: str, body: bytes = b"") -> dict[str, str]:
        """What the application saw of it."""
        response = self.ask(*lines, body=body)
        assert response.status == 201, response
        found: dict[str, str] = json.loads(response.body)["environ"]
        return found


def message(*lines: str, body: bytes = b"") -> bytes:
    return "\r\n".join([lines[0], "Host: crm.test", *lines[1:], "", ""]).encode("latin-1") + body


def told(response: Response) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response.body)
    return found


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module", params=VARIANTS)
def peer(request: pytest.FixtureRequest, certificate: tuple[Path, Path]) -> Iterator[Peer]:
    words: tuple[str, ...] = ("--workers", "2") if request.param == "two" else ()
    host, tls = "127.0.0.1", None
    if request.param == "outside":
        host = outside_address() or ""
        if not host:
            pytest.skip("this machine has no address but loopback")
    if request.param == "tls":
        words = ("--tls-cert", str(certificate[0]), "--tls-key", str(certificate[1]))
        tls = ssl.create_default_context(cafile=str(certificate[0]))
    with start(*words, host=host) as server:
        yield Peer(server, tls)


@pytest.fixture(scope="module")
def impatient() -> Iterator[Peer]:
    with start("--impatient") as server:
        yield Peer(server, None)


# what we send


def test_header_names_go_out_as_given(peer: Peer) -> None:
    response = peer.ask("GET / HTTP/1.1")
    names = [name for name, _ in response.headers]
    for name in ("Content-Type", "Location", "X-RateLimit-Limit", "x-lower", "ETag", "WWW-Authenticate"):
        assert name in names
    assert [value for name, value in response.headers if name == "Set-Cookie"] == ["one=1", "two=2"]
    assert (response.status, response.reason) == (201, "Created")


def test_no_length_means_chunks_or_the_end(peer: Peer) -> None:
    response = peer.ask("GET /pieces HTTP/1.1")
    assert response.body == b"one,two"
    assert response.header("Transfer-Encoding") == "chunked"
    old = peer.ask("GET /pieces HTTP/1.0")
    assert old.body == b"one,two"
    assert old.any_case("Transfer-Encoding") is None


def test_no_body_where_none_belongs(peer: Peer) -> None:
    with peer.connect() as connection:
        connection.send(message("HEAD / HTTP/1.1") + message("GET /empty HTTP/1.1") + message("GET / HTTP/1.1"))
        head = connection.read_response(head=True)
        assert int(head.header("Content-Length") or 0) > 0
        assert connection.read_response().status == 204
        assert connection.read_response().status == 201


def test_large_response_arrives_whole(peer: Peer) -> None:
    assert len(peer.ask("GET /large HTTP/1.1").body) == 8 << 20


# header names with underscores


@pytest.mark.parametrize("name", ["ZURMO_SESSION_ID", "zurmo_session_id", "ZURMO-SESSION-ID", "Zurmo-Session-Id"])
def test_named_header_arrives_in_any_spelling(peer: Peer, name: str) -> None:
    assert peer.environ("GET / HTTP/1.1", f"{name}: abc")["HTTP_ZURMO_SESSION_ID"] == "abc"


@pytest.mark.parametrize("order", [("_", "-"), ("-", "_")])
def test_both_spellings_are_joined_in_the_order_they_came(peer: Peer, order: tuple[str, str]) -> None:
    lines = [f"ZURMO{mark}SESSION{mark}ID: {mark}" for mark in order]
    assert peer.environ("GET / HTTP/1.1", *lines)["HTTP_ZURMO_SESSION_ID"] == ",".join(order)


@pytest.mark.parametrize(
    "name",
    [
        "X_Forwarded_Proto",
        "X-Forwarded_Proto",
        "X_Forwarded_For",
        "X_Forwarded_Host",
        "X_Crmglot_Now",
        "Zurmo_Other",
        "ZURMO_SESSION-ID",
        "User_Agent",
        "SCRIPT_NAME",
        "PATH_INFO",
        "REMOTE_ADDR",
        "HTTP_AUTHORIZATION",
    ],
)
def test_other_underscores_are_dropped(peer: Peer, name: str) -> None:
    plain = peer.environ("GET / HTTP/1.1")
    del plain["REMOTE_PORT"]
    seen = peer.environ("GET / HTTP/1.1", f"{name}: planted")
    assert "planted" not in seen.values()
    assert {key: value for key, value in seen.items() if key in plain} == plain


@pytest.mark.parametrize("header", ["Authorization", "Host", "X-Forwarded-Proto", "Cookie"])
def test_underscore_twin_does_not_join_the_real_one(peer: Peer, header: str) -> None:
    lines = [] if header == "Host" else [f"{header}: real"]
    twin = header.replace("-", "_") + ("" if "-" in header else "_")
    seen = peer.environ("GET / HTTP/1.1", f"{twin}: planted", *lines, f"{twin}: planted")
    expected = "crm.test" if header == "Host" else "real"
    assert seen["HTTP_" + header.upper().replace("-", "_")] == expected


def test_content_length_twin_does_not_frame(peer: Peer) -> None:
    with peer.connect() as connection:
        connection.send(message("POST / HTTP/1.1", "Content-Length: 3", "Content_Length: 9", body=b"abc"))
        first = told(connection.read_response())
        assert (first["body"], first["environ"]["CONTENT_LENGTH"]) == ("abc", "3")
        assert "HTTP_CONTENT_LENGTH" not in first["environ"]
        connection.send(message("POST / HTTP/1.1", "Content_Length: 9"))
        assert told(connection.read_response())["body"] == ""
        connection.send(message("POST / HTTP/1.1", "Transfer_Encoding: chunked", "Content-Length: 2", body=b"hi"))
        assert told(connection.read_response())["body"] == "hi"


@pytest.mark.parametrize("line", ["ZURMO_SESSION_ID : abc", " ZURMO_TOKEN: abc", "ZURMO_LANG\x00: abc", "No colon"])
def test_malformed_names_are_refused(peer: Peer, line: str) -> None:
    assert peer.ask("GET / HTTP/1.1", line).status == 400


def test_folded_lines_are_refused(peer: Peer) -> None:
    assert peer.ask("GET / HTTP/1.1", "X-A: one", " ZURMO_TOKEN: two").status == 400


def test_forwarding_headers_change_nothing_by_themselves(peer: Peer) -> None:
    seen = peer.environ(
        "GET / HTTP/1.1",
        "X-Forwarded-Proto: ftp",
        "X-Forwarded-Protocol: ssl",
        "X-Forwarded-Ssl: on",
        "X-Forwarded-For: 203.0.113.9",
        "X-Forwarded-Host: elsewhere.test",
        "X-Real-IP: 203.0.113.9",
        "Forwarded: for=203.0.113.9;proto=ftp",
    )
    with peer.connect() as connection:
        own = connection.sock.getsockname()[0]
    assert seen["REMOTE_ADDR"] == own
    assert seen["wsgi.url_scheme"] == ("https" if peer.tls else "http")
    assert seen["HTTP_HOST"] == "crm.test"
    assert seen["HTTP_X_FORWARDED_FOR"] == "203.0.113.9"


def test_proxy_protocol_is_not_spoken(peer: Peer) -> None:
    with peer.connect() as connection:
        connection.send(b"PROXY TCP4 203.0.113.9 203.0.113.8 1 80\r\n" + message("GET / HTTP/1.1"))
        assert connection.read_response().status == 400


# the target


@pytest.mark.parametrize(
    "target",
    [
        "/zurmo/app/index.php/tasks/task/api/list/filter/search%5Bname%5D=a%26b%2Fc&x=%zz?y=1%20&&",
        "//double//slash/",
        "/a/../b/./c",
        "/caf%C3%A9/%E2%82%AC;v=1",
        "http://other.test/opentaps/activities?a=b%20c",
        "HTTPS://user@other.test:99/x",
    ],
)
def test_raw_target_is_kept(peer: Peer, target: str) -> None:
    assert peer.environ(f"GET {target} HTTP/1.1")["RAW_URI"] == target


def test_long_target_is_taken_and_a_longer_one_refused(peer: Peer) -> None:
    target = "/" + "a" * 60_000
    assert peer.environ(f"GET {target} HTTP/1.1")["RAW_URI"] == target
    assert peer.ask("GET /" + "a" * 66_000 + " HTTP/1.1").status == 414


def test_target_beyond_ascii_is_percent_encoded(peer: Peer) -> None:
    """As PHP's streams and old cURL send it; what is encoded already stays."""
    with peer.connect() as connection:
        connection.send("GET /caf\u00e9%C3%A9?q=Zo\u00eb&r=\u20ac HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        seen = told(connection.read_response())["environ"]
        assert seen["RAW_URI"] == "/caf%C3%A9%C3%A9?q=Zo%C3%AB&r=%E2%82%AC"
        assert seen["QUERY_STRING"] == "q=Zo%C3%AB&r=%E2%82%AC"
        connection.send(b"GET /?q=Zo\xeb HTTP/1.1\r\nHost: x\r\n\r\n")
        assert told(connection.read_response())["environ"]["RAW_URI"] == "/?q=Zo%EB"


def test_blanks_in_a_target_are_percent_encoded(peer: Peer) -> None:
    """Several clients put tag names into the path as they are (capsule dossier, section 8)."""
    assert peer.environ("GET /tag/big spender?q=a b HTTP/1.1")["RAW_URI"] == "/tag/big%20spender?q=a%20b"


@pytest.mark.parametrize(
    "line",
    [
        *("GET  HTTP/1.1", "GET /a HTTP/1.1 HTTP/1.1", "GET /a  HTTP/1.1", "GET  /a HTTP/1.1", "GET x HTTP/1.1"),
        *("GET /", "GET /a b", "GET /a\tb HTTP/1.1"),
        *("GÉT / HTTP/1.1", "GET /é", "é", "GET /\x7f HTTP/1.1", "GET / HTTP/1.1é"),
    ],
)
def test_malformed_request_line_is_refused(peer: Peer, line: str) -> None:
    assert peer.ask(line).status == 400


# bodies


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST", "PUT", "PATCH", "OPTIONS"])
def test_body_arrives_with_any_method(peer: Peer, method: str) -> None:
    body = b"username=a%26b&password=c"
    sent = message(f"{method} / HTTP/1.1", f"Content-Length: {len(body)}", "Content-Type: text/plain", body=body)
    with peer.connect() as connection:
        connection.send(sent * 2)
        for _ in range(2):
            seen = told(connection.read_response())
            assert (seen["body"], seen["environ"]["REQUEST_METHOD"]) == (body.decode(), method)
            assert seen["environ"]["CONTENT_TYPE"] == "text/plain"


def test_chunked_body_arrives(peer: Peer) -> None:
    body = b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n"
    with peer.connect() as connection:
        for method in ("POST", "GET"):
            connection.send(message(f"{method} / HTTP/1.1", "Transfer-Encoding: chunked", body=body))
            assert told(connection.read_response())["body"] == "hello world"


def test_malformed_chunks_are_refused(peer: Peer) -> None:
    with peer.connect() as connection:
        connection.send(message("POST / HTTP/1.1", "Transfer-Encoding: chunked", body=b"5\r\nhelloXX"))
        assert connection.read_response().status == 400
        assert connection.ended()


def test_body_in_small_pieces_arrives(peer: Peer) -> None:
    with peer.connect() as connection:
        sent = message("POST / HTTP/1.1", "Content-Length: 4", body=b"abcd")
        for at in range(0, len(sent), 7):
            connection.send(sent[at : at + 7])
            time.sleep(0.005)
        assert told(connection.read_response())["body"] == "abcd"


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (["Content-Length: 3", "Transfer-Encoding: chunked"], b"0\r\n\r\n"),
        (["Content-Length: 3", "Content-Length: 4"], b"abcd"),
        (["Content-Length: 3, 3"], b"abc"),
        (["Content-Length: -1"], b""),
        (["Content-Length: +1"], b"a"),
        (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], b"0\r\n\r\n"),
        (["Transfer-Encoding: chunked, identity"], b"0\r\n\r\n"),
        (["Transfer-Encoding: gzip"], b""),
    ],
)
def test_ambiguous_framing_is_refused(peer: Peer, lines: list[str], body: bytes) -> None:
    with peer.connect() as connection:
        connection.send(message("POST / HTTP/1.1", *lines, body=body) + message("GET /smuggled HTTP/1.1"))
        assert connection.read_response().status == 400
        assert connection.ended()


def test_expectation_is_answered(peer: Peer) -> None:
    with peer.connect() as connection:
        connection.send(message("POST / HTTP/1.1", "Content-Length: 3", "Expect: 100-continue"))
        assert connection.read_interim().status == 100
        connection.send(b"abc")
        assert told(connection.read_response())["body"] == "abc"
    assert peer.ask("GET / HTTP/1.1", "Expect: miracles").status == 417


def test_unread_body_does_not_become_a_request(peer: Peer) -> None:
    inner = message("GET /smuggled HTTP/1.1")
    with peer.connect() as connection:
        connection.send(message("POST /unread HTTP/1.1", f"Content-Length: {len(inner)}", body=inner))
        assert connection.read_response().status == 413
        connection.send(message("GET / HTTP/1.1"))
        assert told(connection.read_response())["environ"]["RAW_URI"] == "/"


def test_large_unread_body_is_answered_and_the_connection_closed(peer: Peer) -> None:
    with peer.connect() as connection:
        connection.send(message("POST /unread HTTP/1.1", "Content-Length: 9000000", body=b"x" * 100_000))
        assert connection.read_response().status == 413
        assert connection.ended()


# connections


def test_kept_alive_and_pipelined(peer: Peer) -> None:
    with peer.connect() as connection:
        for number in range(3):
            connection.send(message(f"GET /{number} HTTP/1.1"))
            assert told(connection.read_response())["environ"]["RAW_URI"] == f"/{number}"
        time.sleep(0.2)
        connection.send(b"".join(message(f"POST /{n} HTTP/1.1", "Content-Length: 1", body=b"x") for n in range(40)))
        assert [told(connection.read_response())["environ"]["RAW_URI"] for _ in range(40)] == [
            f"/{number}" for number in range(40)
        ]
        connection.send(message("GET / HTTP/1.1", "Connection: close"))
        assert connection.read_response().any_case("Connection") == "close"
        assert connection.ended()


def test_http_1_0_closes_unless_asked(peer: Peer) -> None:
    with peer.connect() as connection:
        connection.send(b"GET / HTTP/1.0\r\n\r\n")
        response = connection.read_response()
        assert (response.status, response.any_case("Connection")) == (201, "close")
        assert connection.ended()
    with peer.connect() as connection:
        for _ in range(2):
            connection.send(b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
            assert (connection.read_response().any_case("Connection") or "").lower() == "keep-alive"


def test_many_connections_share_few_threads(peer: Peer) -> None:
    connections = [peer.connect() for _ in range(24)]
    try:
        for _ in range(3):
            for connection in connections:
                connection.send(message("GET / HTTP/1.1"))
            for connection in connections:
                assert connection.read_response().status == 201
            time.sleep(0.05)
    finally:
        for connection in connections:
            connection.close()


def test_header_limits(peer: Peer) -> None:
    assert peer.ask("GET / HTTP/1.1", *[f"X-{n}: 1" for n in range(150)]).status == 201
    assert peer.ask("GET / HTTP/1.1", *[f"X-{n}: 1" for n in range(250)]).status == 431
    assert peer.ask("GET / HTTP/1.1", "X-A: " + "a" * 15_000).status == 201
    assert peer.ask("GET / HTTP/1.1", "X-A: " + "a" * 17_000).status == 431


def test_failing_application_is_a_plain_500(peer: Peer) -> None:
    response = peer.ask("GET /fail?token=hush-hush HTTP/1.1")
    assert (response.status, response.body) == (500, b"Internal Server Error\n")
    peer.server.wait_for_log("planted")
    assert "hush-hush" not in peer.server.logs


def test_what_is_refused_is_neither_repeated_nor_logged(peer: Peer) -> None:
    response = peer.ask("GET /a\x7fb?token=hush-hush HTTP/1.1", "Cookie: hush-hush")
    assert response.status == 400
    assert b"hush-hush" not in response.body
    assert "hush-hush" not in peer.server.logs


def test_one_line_tells_where_it_listens(peer: Peer) -> None:
    scheme = "https" if peer.tls else "http"
    line = peer.server.wait_for_log("listening")
    assert line == f"listening on {scheme}://{peer.server.host}:{peer.server.port}"


def test_both_workers_serve_and_a_killed_one_is_replaced() -> None:
    with start("--workers", "2") as server:
        peer = Peer(server, None)
        first = told(peer.ask("GET / HTTP/1.1"))["pid"]
        os.kill(first, signal.SIGKILL)
        end = time.monotonic() + 10
        seen: set[int] = set()
        while len(seen) < 2 and time.monotonic() < end:
            busy = [peer.connect() for _ in range(8)]
            for connection in busy:
                connection.send(message("GET /slow HTTP/1.1"))
            seen |= {told(connection.read_response())["pid"] for connection in busy}
            for connection in busy:
                connection.close()
        assert len(seen) == 2
        assert first not in seen


# slow clients


def test_slow_head_is_cut_off_however_it_trickles(impatient: Peer) -> None:
    with impatient.connect() as connection:
        began = time.monotonic()
        try:
            for byte in message("GET / HTTP/1.1", "X-A: " + "a" * 200):
                connection.send(bytes([byte]))
                time.sleep(0.1)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert time.monotonic() - began < 5


def test_slow_head_is_told_so(impatient: Peer) -> None:
    with impatient.connect() as connection:
        connection.send(b"GET / HTTP/1.1\r\n")
        assert connection.read_response().status == 408
        assert connection.ended()


def test_slow_or_short_body_never_reaches_the_application_as_whole(impatient: Peer) -> None:
    with impatient.connect() as connection:
        connection.send(message("POST / HTTP/1.1", "Content-Length: 10", body=b"abc"))
        assert connection.read_response().status == 408
    with impatient.connect() as connection:
        connection.send(message("POST / HTTP/1.1", "Content-Length: 10", body=b"abc"))
        connection.sock.shutdown(socket.SHUT_WR)
        with pytest.raises(Closed):
            connection.read_response()


def test_silent_connections_hold_no_thread_and_are_closed(impatient: Peer) -> None:
    silent = [impatient.connect() for _ in range(30)]
    try:
        began = time.monotonic()
        assert impatient.ask("GET / HTTP/1.1").status == 201
        assert time.monotonic() - began < 1
        assert all(connection.ended() for connection in silent)
        assert time.monotonic() - began < 5
    finally:
        for connection in silent:
            connection.close()


HEAD = message("GET / HTTP/1.1")[:-2]
BODY = message("POST / HTTP/1.1", "Content-Length: 1000", body=b"abc")
CHUNK = message("POST / HTTP/1.1", "Transfer-Encoding: chunked", body=b"3e8\r\nabc")
UNREAD = message("GET /large HTTP/1.1")
REFUSED = b"no request\r\n\r\n"


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize(
    "part", [HEAD, BODY, CHUNK, UNREAD, REFUSED], ids=["head", "body", "chunk", "unread", "refused"]
)
def test_slow_clients_hold_no_thread(certificate: tuple[Path, Path], part: bytes, tls: bool) -> None:
    """Sixty of them, or twelve that hold much, and four threads: others are served as if they were not there."""
    words = ["--tls-cert", str(certificate[0]), "--tls-key", str(certificate[1])] if tls else []
    context = ssl.create_default_context(cafile=str(certificate[0])) if tls else None
    with start(*words) as server, ExitStack() as stack:
        peer = Peer(server, context)
        for _ in range(12 if part is UNREAD else 60):
            stack.enter_context(peer.connect()).send(part)
        time.sleep(0.3)
        began = time.monotonic()
        for _ in range(5):
            assert peer.ask("GET / HTTP/1.1").status == 201
        # Threads that wait would take the shortest of them, the refused, fifteen seconds.
        assert time.monotonic() - began < 8.0


def test_clients_that_ask_are_not_put_off_for_those_that_do_not() -> None:
    with start("--connections", "20") as server, ExitStack() as stack:
        peer = Peer(server, None)
        with peer.connect() as busy:
            busy.send(message("POST / HTTP/1.1", "Content-Length: 4", body=b"ab"))
            for _ in range(60):
                stack.enter_context(peer.connect()).send(HEAD)
            time.sleep(0.3)
            began = time.monotonic()
            assert peer.ask("GET / HTTP/1.1").status == 201
            assert time.monotonic() - began < 8.0
            busy.send(b"cd")
            assert told(busy.read_response())["body"] == "abcd"


def test_silence_after_a_tls_handshake_holds_no_thread(certificate: tuple[Path, Path]) -> None:
    words = ["--impatient", "--tls-cert", str(certificate[0]), "--tls-key", str(certificate[1])]
    tls = ssl.create_default_context(cafile=str(certificate[0]))
    with start(*words) as server:
        peer = Peer(server, tls)
        silent = [peer.connect() for _ in range(12)]
        plain = [RawConnection(server.host, server.port) for _ in range(12)]
        try:
            began = time.monotonic()
            assert peer.ask("GET / HTTP/1.1").status == 201
            assert time.monotonic() - began < 1
            assert all(connection.ended() for connection in silent + plain)
        finally:
            for connection in silent + plain:
                connection.close()


def test_plain_http_on_the_tls_port_is_dropped(certificate: tuple[Path, Path]) -> None:
    with start("--tls-cert", str(certificate[0]), "--tls-key", str(certificate[1])) as server:
        with RawConnection(server.host, server.port) as connection:
            connection.send(message("GET / HTTP/1.1"))
            with pytest.raises((Closed, ValueError)):
                connection.read_response()
        tls = ssl.create_default_context(cafile=str(certificate[0]))
        assert Peer(server, tls).ask("GET / HTTP/1.1").status == 201
        assert "Traceback" not in server.logs


def test_slow_reader_is_cut_off(impatient: Peer) -> None:
    with impatient.connect() as connection:
        connection.send(message("GET /large HTTP/1.1"))
        time.sleep(2.5)
        with pytest.raises(Closed):
            connection.read_response()
    assert "Traceback" not in impatient.server.logs


# starting and stopping


@pytest.mark.parametrize("workers", ["1", "2"])
def test_stopping_finishes_what_was_begun(workers: str) -> None:
    with start("--workers", workers) as server:
        peer = Peer(server, None)
        with peer.connect() as busy, peer.connect() as idle:
            idle.send(message("GET / HTTP/1.1"))
            idle.read_response()
            busy.send(message("GET /slow HTTP/1.1"))
            time.sleep(0.3)
            status: list[int] = []
            stopping = threading.Thread(target=lambda: status.append(server.terminate()))
            stopping.start()
            time.sleep(0.2)
            response = busy.read_response()
            assert (response.status, response.any_case("Connection")) == (201, "close")
            assert idle.ended()
        stopping.join(10)
        assert status == [0]
        assert "Traceback" not in server.logs


@pytest.mark.parametrize(
    "words",
    [
        ["--host", "127.0.0.1", "--port", "{taken}"],
        ["--host", "203.0.113.1", "--port", "{free}"],
        ["--port", "{free}", "--tls-cert", "no-such-file"],
    ],
)
def test_what_cannot_start_says_so_at_once(words: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {"{taken}": str(taken.getsockname()[1]), "{free}": str(free_port())}
        command = [sys.executable, "-m", "tests.support.echo_server", *[ports.get(word, word) for word in words]]
        began = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode != 0
    assert "ServerError: cannot " in done.stderr
    assert time.monotonic() - began < 4
