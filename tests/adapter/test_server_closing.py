"""What the production server says of a connection, and whether it does so: closed after ``Connection: close`` and
after nothing else, in step after ``keep-alive`` (RFC 9112, section 9.6)."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator

import pytest

from adapter.server import Limits
from tests.support.rawhttp import RawConnection, Response
from tests.support.servers import RunningServer, running_python

pytestmark = pytest.mark.slow

KEPT = Limits().body_buffer
"""Bytes of a body that are read off though nobody wants them."""


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_python("-m", "tests.support.echo_server", "--port", "{port}") as running:
        yield running


def connect(server: RunningServer) -> RawConnection:
    return RawConnection(server.host, server.port)


def message(line: str, *lines: str, body: bytes = b"") -> bytes:
    return "\r\n".join([line, "Host: crm.test", *lines, "", ""]).encode() + body


NEXT = message("GET /next HTTP/1.1")


def holds(connection: RawConnection, response: Response) -> str:
    """What the answer says of the connection, which must be so: the next answer is that of the next request."""
    said = (response.any_case("Connection") or "").lower()
    if said == "close":
        assert connection.ended()
    else:
        assert said == "keep-alive"
        connection.send(NEXT)
        answer = connection.read_response()
        assert (answer.status, b"/next" in answer.body) == (201, True)
    return said


EITHER = "close keep-alive"
"""As much of it may be here by then as there is, or not."""
CHUNKED = "Transfer-Encoding: chunked"


def length(size: int) -> str:
    return f"Content-Length: {size}"


@pytest.mark.parametrize(
    ("lines", "body", "said"),
    [
        ([length(5)], b"a" * 5, "keep-alive"),
        ([length(70_000)], b"a" * 70_000, "keep-alive"),
        ([length(KEPT)], b"a" * KEPT, "keep-alive"),
        ([length(9_000_000)], b"a" * 9_000_000, EITHER),
        ([length(9_000_000)], b"", "close"),
        ([length(9_000_000)], b"a" * 100_000, "close"),
        ([length(9_000_000), "Expect: 100-continue"], b"", "close"),
        ([length(70_000)], b"", "close"),
        ([length(70_000)], b"a" * 10, "close"),
        ([length(70_000), "Expect: 100-continue"], b"", "close"),
        ([CHUNKED], b"%x\r\n%b\r\n0\r\n\r\n" % (70_000, b"a" * 70_000), "keep-alive"),
        ([CHUNKED], b"%x\r\n%b\r\n0\r\n\r\n" % (9_000_000, b"a" * 9_000_000), EITHER),
        ([CHUNKED], b"%x\r\n" % 9_000_000 + b"a" * 10, "close"),
        ([CHUNKED], b"5\r\nhelloXX", "close"),
        ([CHUNKED, "Expect: 100-continue"], b"", "close"),
        ([length(5), "Connection: close"], b"a" * 5, "close"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET", "PUT", "DELETE"])
def test_h2_an_unread_body(server: RunningServer, method: str, lines: list[str], body: bytes, said: str) -> None:
    with connect(server) as connection:
        connection.send(message(f"{method} /unread HTTP/1.1", *lines, body=body))
        response = connection.read_response()
        assert response.status in (413, 400)
        assert response.interim == []
        assert holds(connection, response) in said.split()


def test_h2_http_1_0(server: RunningServer) -> None:
    for lines, said in (((), "close"), (("Connection: keep-alive",), "keep-alive")):
        with connect(server) as connection:
            connection.send(message("POST /unread HTTP/1.0", *lines, length(3), body=b"abc"))
            assert holds(connection, connection.read_response()) == said
    with connect(server) as connection:
        connection.send(message("POST /unread HTTP/1.0", "Connection: keep-alive", length(9_000_000)))
        assert holds(connection, connection.read_response()) == "close"


def test_h2_pipelined_requests_are_answered_until_the_one_that_closes(server: RunningServer) -> None:
    unread = message("POST /unread HTTP/1.1", length(70_000), body=b"a" * 70_000)
    cut = message("POST /unread HTTP/1.1", length(9_000_000), body=b"a" * 10)
    with connect(server) as connection:
        connection.send(unread + NEXT + unread + cut + NEXT)
        answers = [connection.read_response() for _ in range(4)]
        assert [answer.status for answer in answers] == [413, 201, 413, 413]
        assert [answer.any_case("Connection") for answer in answers] == ["keep-alive"] * 3 + ["close"]
        assert connection.ended()


@pytest.mark.parametrize(
    "sent",
    [
        message("GET /fail HTTP/1.1"),
        message("GET /%s HTTP/1.1" % ("a" * 70_000)),
        message("GET / HTTP/1.1", *[f"X-{at}: 1" for at in range(300)]),
        message("GET / HTTP/1.1", "X-A: " + "a" * 20_000),
        message("GET / HTTP/1.1", "Expect: miracles"),
        message("POST / HTTP/1.1", "Content-Length: x"),
        message("POST / HTTP/1.1", "Transfer-Encoding: gzip"),
        b"nonsense\r\n\r\n",
    ],
)
def test_h2_what_is_refused(server: RunningServer, sent: bytes) -> None:
    with connect(server) as connection:
        connection.send(sent)
        response = connection.read_response()
        assert response.status >= 400
        assert holds(connection, response) == "close"


def test_h2_pythons_client_loses_no_request(server: RunningServer) -> None:
    client = http.client.HTTPConnection(server.host, server.port, timeout=10)
    for size in (5, 70_000, 300_000, 8_000_000, 9_000_000, 5):
        client.request("POST", "/unread", b"a" * size)
        response = client.getresponse()
        response.read()
        assert response.status == 413
        client.request("POST", "/next", b"abc")
        response = client.getresponse()
        assert (response.status, b'"body": "abc"' in response.read()) == (201, True)
    client.close()


# bodies that never come


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "POST"])
@pytest.mark.parametrize("part", [b"", b"a" * 10])
def test_h4_a_body_that_nobody_reads_is_not_waited_for(server: RunningServer, method: str, part: bytes) -> None:
    with connect(server) as connection:
        began = time.monotonic()
        connection.send(message(f"{method} /unread HTTP/1.1", length(52), body=part))
        response = connection.read_response(head=method == "HEAD")
        assert time.monotonic() - began < 2
        assert (response.status, response.any_case("Connection")) == (413, "close")
        connection.send(b"a" * (52 - len(part)))
        assert connection.ended()


def test_h4_a_body_that_is_read_is_waited_for_a_while() -> None:
    with running_python("-m", "tests.support.echo_server", "--port", "{port}", "--impatient") as server:
        for method, least, most in (("GET", 0.2, 0.9), ("HEAD", 0.2, 0.9), ("DELETE", 0.2, 0.9), ("POST", 0.9, 3.0)):
            with connect(server) as connection:
                began = time.monotonic()
                connection.send(message(f"{method} / HTTP/1.1", length(52), body=b"abc"))
                response = connection.read_response(head=method == "HEAD")
                assert (response.status, response.any_case("Connection")) == (408, "close")
                assert least < time.monotonic() - began < most
        with connect(server) as connection:
            connection.send(message("GET / HTTP/1.1", length(3), "Expect: 100-continue"))
            assert connection.read_interim().status == 100
            connection.send(b"abc")
            assert holds(connection, connection.read_response()) == "keep-alive"
