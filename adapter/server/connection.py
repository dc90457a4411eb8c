"""One client's connection: what came in, what goes out, its deadlines, its parser.

Parsing is gunicorn's, strict and maintained. What it leaves to its own workers is here: a request is parsed when its
head is there and answered when its body is, so that no thread waits for a client; every stage has a deadline; the
request line has a bound that suits searches in the path; a body that ends early is an error and not a short body.
"""

from __future__ import annotations

import io
import re
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.message import Request
from gunicorn.http.parser import Parser
from gunicorn.http.unreader import SocketUnreader
from gunicorn.http.wsgi import Response


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may ask of the server, in bytes, counts and seconds."""

    request_line: int = 64 * 1024
    """gunicorn itself stops at 8190, or not at all; searches that lie in the path are longer."""

    fields: int = 200
    field_size: int = 16 * 1024

    head_seconds: float = 20.0
    """From the start of a request to the end of its head; the TLS handshake has as long."""

    body_seconds: float = 120.0
    """From the end of the head to the end of the body."""

    read_seconds: float = 5.0
    """The same for requests that seldom have one: some clients promise a body with a GET and never send it."""

    send_seconds: float = 60.0
    """For taking a response."""

    linger_seconds: float = 1.0
    """For which a client that was refused may go on sending before its connection is cut."""

    idle_seconds: float = 15.0
    """For which a connection is kept between requests."""

    connections: int = 1000
    """Open at a time in one worker. A further one takes the place of the longest idle, or waits until one is."""

    body_buffer: int = 8 * 1024 * 1024
    """How much of a body is taken in before the application is asked; a longer one it refuses by its length."""

    held: int = 256 * 1024 * 1024
    """How many bytes one worker keeps of requests that are not whole yet and of responses that nobody takes."""

    @property
    def head(self) -> int:
        """More bytes than any head may have that the parser would take."""
        return self.request_line + self.fields * (self.field_size + 4) + 1024


WANTED = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
"""What a socket that does not block raises for "not now"."""

Environ = dict[str, Any]
WSGI = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


_NOT_ASCII = re.compile(rb"[\x80-\xff]")


class ClientGone(ConnectionError):
    """The connection ended in the middle of a request or a response."""


class ClientSlow(TimeoutError):
    """A client took longer than its limit."""


class Source(SocketUnreader):  # type: ignore[misc]
    """The bytes of a connection: those that are here, and within a long body more until the deadline."""

    def __init__(self, sock: socket.socket, limits: Limits) -> None:
        super().__init__(sock, max_chunk=64 * 1024)
        self.limits = limits
        self.deadline = 0.0
        self.ended = False

    @property
    def size(self) -> int:
        """How many bytes are here."""
        return int(self.buf.seek(0, io.SEEK_END))

    def tail(self, at: int) -> bytes:
        """The bytes that are here, from that one on."""
        with self.buf.getbuffer() as view:
            return bytes(view[at:])

    def fill(self, enough: int) -> None:
        """Take in what has come, without waiting and up to about so much. Raises ClientGone."""
        while self.size < enough and not self.ended:
            try:
                data: bytes = self.sock.recv(self.mxchunk)
            except WANTED:
                return
            except OSError as problem:
                raise ClientGone("the connection broke") from problem
            self.ended = not data
            self.buf.write(data)
            if len(data) < self.mxchunk and not isinstance(self.sock, ssl.SSLSocket):
                return

    def chunk(self, size_hint: int | None = None) -> bytes:
        while True:
            try:
                data: bytes = b"" if self.ended else super().chunk(size_hint)
            except WANTED:
                wait(self.sock, select.POLLIN, self.deadline)
                continue
            except OSError as problem:
                raise ClientGone("the connection broke") from problem
            if not data:
                raise ClientGone("the connection ended within a request")
            return data


class Head(Request):  # type: ignore[misc]
    """gunicorn's request with our bound on its first line, and with targets as old clients write them."""

    def parse(self, unreader: Source) -> bytes:
        self.limit_request_line = unreader.limits.request_line
        rest: bytes = super().parse(unreader)
        return rest

    def parse_request_line(self, line_bytes: bytes) -> None:
        """As gunicorn does, after percent-encoding what the target holds that is not ASCII, and single blanks in it.

        PHP's streams, cURL and Python 2 send ``?q=Zoë`` and ``/tag/big spender`` as they stand, and the vendors'
        servers (Apache, Tomcat, Go) took it. Control characters stay refused, and so does what a proxy could read as
        the end of the line.
        """
        method, _, rest = line_bytes.partition(b" ")
        target, _, version = rest.rpartition(b" ")
        if b" " in target and target.startswith(b"/") and not target.endswith(b" ") and b" HTTP/" not in target:
            line_bytes = b" ".join((method, target.replace(b" ", b"%20"), version))
        if not line_bytes.isascii():
            method, blank, rest = line_bytes.partition(b" ")
            target, *end = rest.partition(b" ")
            encoded = _NOT_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], target)
            line_bytes = b"".join((method, blank, encoded, *end))
        super().parse_request_line(line_bytes)


class Heads(Parser):  # type: ignore[misc]
    """The requests of one connection, one after the other."""

    mesg_class = Head

    def __init__(self, cfg: Any, connection: Connection) -> None:
        super().__init__(cfg, connection.sock, connection.client)
        self.unreader = Source(connection.sock, connection.limits)


class Reply(Response):  # type: ignore[misc]
    """gunicorn's response, collected to be sent in one piece: its head says whether the connection is kept."""

    headers_sent: bool

    def __init__(self, request: Head, sock: socket.socket, cfg: Any) -> None:
        super().__init__(request, sock, cfg)
        self.pieces: list[bytes] = []

    def send_headers(self) -> None:
        self.headers_sent = True

    def whole(self) -> bytes:
        """Head and body, when both are decided."""
        lines = self.default_headers()
        lines.extend([f"{name}: {value}\r\n" for name, value in self.headers])
        lines.append("\r\n")
        return b"".join(("".join(lines).encode("latin-1"), *self.pieces))

    def _emit_body(self, data: bytes) -> None:
        self.pieces.append(b"%X\r\n%b\r\n" % (len(data), data) if self.chunked else data)

    def close(self) -> None:
        self.send_headers()
        if self.chunked:
            self.pieces.append(b"0\r\n\r\n")


class Chunks:
    """Finds the end of a chunked body in what has come of it. What is malformed ends it: the parser will say so."""

    MAX_LINE = 20_000
    __slots__ = ("_at", "_in_chunk", "_trailing")

    def __init__(self) -> None:
        self._at = 0
        self._in_chunk = False
        """Whether the end of a chunk must come at `_at`."""
        self._trailing = False

    def whole(self, source: Source) -> bool:
        """Whether the body that begins where the source does ends in it."""
        tail = source.tail(self._at)
        at = 0
        while True:
            begins = at + 2 if self._in_chunk else at
            if self._in_chunk and not b"\r\n".startswith(tail[at:begins]):
                return True
            end = tail.find(b"\r\n", begins) if begins <= len(tail) else -1
            if end < 0:
                self._at += at
                return len(tail) - at > self.MAX_LINE
            line = tail[begins:end]
            at = end + 2
            if self._trailing:
                if not line:
                    return True
                continue
            try:
                size = int(line.partition(b";")[0], 16)
            except ValueError:
                return True
            if size < 0:
                return True
            self._trailing = size == 0
            self._in_chunk = not self._trailing
            at += size


Pending = tuple[Head, Reply, Environ]


class Connection:
    """A socket with what is known of it; used by one thread at a time.

    `expires` is when it has waited long enough for what it waits for: `events` of the socket.
    """

    __slots__ = (
        "_chunks",
        "_has_line",
        "_poll",
        "_searched",
        "_shaking",
        "awaits",
        "begun",
        "client",
        "events",
        "expires",
        "heads",
        "held",
        "last",
        "late",
        "limits",
        "lingers",
        "out",
        "pending",
        "server",
        "sock",
    )

    def __init__(self, sock: socket.socket, client: Any, server: Any, limits: Limits) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.client = client
        self.server = server
        self.limits = limits
        self.heads: Heads | None = None
        self.pending: Pending | None = None
        """The request whose body is awaited, with what will answer it."""
        self.awaits = True
        """Whether that body is waited for."""
        self.out = memoryview(b"")
        """What the client has not taken yet."""
        self.last = False
        """Whether the connection ends after that."""
        self.lingers = False
        """Whether the client may still be sending then: a plain close would take our last words back."""
        self.late = False
        """Set when the deadline passed in the middle of a request."""
        self.begun = False
        """Whether something of the next request has come."""
        self.held = 0
        self.expires = time.monotonic() + limits.idle_seconds
        self.events = select.POLLIN
        self._shaking = False
        self._searched = 0
        self._has_line = False
        self._chunks: Chunks | None = None
        self._poll = select.poll()
        self._poll.register(sock.fileno(), select.POLLIN)

    def open(self, cfg: Any, context: ssl.SSLContext | None) -> bool:
        """Whether requests can come: at once, or after the TLS handshake. Raises OSError when that fails."""
        if context is not None and not isinstance(self.sock, ssl.SSLSocket):
            self.sock = context.wrap_socket(self.sock, server_side=True, do_handshake_on_connect=False)
            self.expires = time.monotonic() + self.limits.head_seconds
            self._shaking = True
        if self._shaking and isinstance(self.sock, ssl.SSLSocket):
            try:
                self.sock.do_handshake()
            except ssl.SSLWantReadError:
                self.events = select.POLLIN
                return False
            except ssl.SSLWantWriteError:
                self.events = select.POLLOUT
                return False
            self._shaking = False
        self.events = select.POLLIN
        self.heads = Heads(cfg, self)
        self.rest()
        return True

    @property
    def path(self) -> str:
        """The path that the request whose head is there asks for, ``""`` without one."""
        return "" if self.pending is None else str(self.pending[2].get("PATH_INFO", ""))

    def rest(self) -> None:
        """From now on the next request is awaited."""
        self.pending = None
        self.awaits = True
        self.begun = False
        self.events = select.POLLIN
        self.expires = time.monotonic() + self.limits.idle_seconds
        self._searched = 0
        self._has_line = False
        self._chunks = None

    def has_head(self, source: Source) -> bool:
        """Whether the head of a request is here, or enough to refuse it. Raises ClientGone at the end."""
        source.fill(self.limits.head)
        size = source.size
        # What is new, and as much before it as may belong together.
        tail = source.tail(self._searched - 4) if self._searched > 4 else source.buf.getvalue()
        if size and not self.begun:
            self.begun = True
            self.expires = time.monotonic() + self.limits.head_seconds
        self._searched = size
        if b"\r\n\r\n" in tail or size >= self.limits.head:
            return True
        self._has_line = self._has_line or b"\r\n" in tail
        if not self._has_line and size > self.limits.request_line + 2:
            return True
        ends = tail.removeprefix(b"\n")
        if ends.count(b"\n") != ends.count(b"\r\n"):
            # A line that does not end as it must.
            return True
        if source.ended:
            raise ClientGone("the connection ended")
        return False

    def has_body(self, source: Source, request: Head) -> bool:
        """Whether all of the body is here that the application may want. Raises ClientGone."""
        reader, most = request.body.reader, self.limits.body_buffer
        if isinstance(reader, LengthReader):
            if reader.length == 0 or reader.length > most:
                return True
            source.fill(reader.length)
            whole: bool = source.size >= reader.length
        elif isinstance(reader, ChunkedReader):
            if self._chunks is None:
                self._chunks = Chunks()
            before = -1
            whole = False
            while not whole and source.size > before:
                before = source.size
                whole = self._chunks.whole(source) or before > most
                if not whole:
                    source.fill(before + 1)
        else:
            return True
        if not whole and source.ended:
            raise ClientGone("the connection ended within a body")
        return whole

    def say(self, data: bytes, *, last: bool, lingers: bool = False) -> None:
        """Something for the client; `flush` sends it."""
        self.out = memoryview(data)
        self.last = last
        self.lingers = lingers
        self.expires = time.monotonic() + self.limits.send_seconds

    def flush(self) -> bool:
        """Whether the client has taken all. Raises ClientGone."""
        while self.out:
            try:
                self.out = self.out[self.sock.send(self.out) :]
            except ssl.SSLWantReadError:
                self.events = select.POLLIN
                return False
            except WANTED:
                self.events = select.POLLOUT
                return False
            except OSError as problem:
                raise ClientGone("the connection broke") from problem
        return True

    def linger(self) -> bool:
        """After the last words: whether to wait for the client to have read them."""
        if not self.lingers:
            return False
        if self.begun:
            self.begun = False
            self.events = select.POLLIN
            self.expires = time.monotonic() + self.limits.linger_seconds
            self._say_goodbye()
            try:
                self.sock.shutdown(socket.SHUT_WR)
            except OSError:
                return False
        for _ in range(4):
            try:
                if not self.sock.recv(64 * 1024):
                    return False
            except WANTED:
                return True
            except OSError:
                return False
        return True

    def buffered(self) -> bool:
        """Whether bytes were read that no poll will tell of: pipelined ones, or the rest of a TLS record."""
        if self.heads is not None and self.heads.unreader.size:
            return True
        return isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0

    def readable(self, seconds: float) -> bool:
        """Whether bytes come, or the end, within that time."""
        return bool(self._poll.poll(seconds * 1000))

    def weigh(self) -> int:
        """How many bytes it holds in memory."""
        return len(self.out) + (0 if self.heads is None else self.heads.unreader.size)

    def close(self) -> None:
        self._say_goodbye()
        with suppress(OSError):
            self.sock.close()

    def _say_goodbye(self) -> None:
        """Tell a TLS client that this is the end and no truncation; its answer is not awaited."""
        if isinstance(self.sock, ssl.SSLSocket):
            with suppress(OSError, ValueError):
                self.sock.unwrap()


def wait(sock: socket.socket, events: int, deadline: float) -> None:
    """Return when the socket is ready, raise `ClientSlow` when it is not until the deadline."""
    left = deadline - time.monotonic()
    poll = select.poll()
    poll.register(sock.fileno(), events)
    if left <= 0 or not poll.poll(left * 1000):
        raise ClientSlow("the client is too slow")
