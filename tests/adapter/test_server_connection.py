"""When a request is whole, however its bytes come in."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator

import pytest

from adapter.server.connection import Chunks, ClientGone, Connection, Limits, Source


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


WHOLE = [
    b"0\r\n\r\n",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"5;x=y\r\nhel\r\n\r\n1\r\n\n\r\n0\r\nX-Sum: 1\r\n\r\n",
    b"A\r\n0\r\n\r\n0\r\n\r\n\r\n000\r\n\r\n",
]
MALFORMED = [b"5\r\nhelloXX", b"g\r\n", b"\r\n", b"-1\r\n", b"5\r\nhello\rX", b"1" * 20_001]


@pytest.mark.parametrize("pieces", [1, 2, 1000])
@pytest.mark.parametrize("body", WHOLE)
def test_a_chunked_body_ends_with_its_last_byte(
    pair: tuple[socket.socket, socket.socket], body: bytes, pieces: int
) -> None:
    source, chunks = Source(pair[0], Limits()), Chunks()
    for at in range(0, len(body), pieces):
        assert not chunks.whole(source)
        source.buf.seek(0, 2)
        source.buf.write(body[at : at + pieces])
    assert chunks.whole(source)
    # What follows is the next request's.
    longer = Source(pair[0], Limits())
    longer.buf.write(body + b"GET / HTTP/1.1\r\n")
    assert Chunks().whole(longer)


@pytest.mark.parametrize("body", MALFORMED)
def test_what_is_malformed_is_not_waited_for(pair: tuple[socket.socket, socket.socket], body: bytes) -> None:
    source = Source(pair[0], Limits())
    source.buf.write(body)
    assert Chunks().whole(source)


@pytest.mark.parametrize(
    ("head", "ready"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", True),
        (b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r", False),
        (b"GET / HTTP/1.1\nHost: a\r\n", True),
        (b"G" * 65_000, False),
        (b"G" * 66_000, True),
        (b"GET / HTTP/1.1\r\n" + b"a" * 100_000, False),
    ],
)
def test_a_head_is_parsed_when_it_is_whole_or_beyond_hope(
    pair: tuple[socket.socket, socket.socket], head: bytes, ready: bool
) -> None:
    ours, theirs = pair
    dice = random.Random(len(head))
    for pieces in (1, 3):
        connection = Connection(ours, ("", 0), ("", 0), Limits())
        source = Source(ours, Limits())
        cuts = sorted(dice.sample(range(1, len(head)), pieces - 1))
        for begin, end in zip([0, *cuts], [*cuts, len(head)], strict=True):
            theirs.setblocking(True)
            theirs.sendall(head[begin:end])
            found = connection.has_head(source)
            assert not found or ready
            if found:
                break
        assert found is ready
        assert connection.begun


def test_the_end_within_a_head_is_the_end(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    connection, source = Connection(ours, ("", 0), ("", 0), Limits()), Source(ours, Limits())
    theirs.sendall(b"GET / HT")
    assert not connection.has_head(source)
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(ClientGone):
        connection.has_head(source)
