"""One client's connection: its deadlines, its parser, and responses sent in one piece.

Parsing is gunicorn's, strict and maintained. What it leaves to its own workers is here: every read and write has
a deadline, the request line has a bound that suits searches in the path, and a body that ends early is an error
and not a short body.
"""

from __future__ import annotations

import re
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from gunicorn import util
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

    send_seconds: float = 60.0
    """For taking one piece of a response."""

    idle_seconds: float = 15.0
    """For which a connection is kept between requests."""

    connections: int = 1000
    """Open at a time in one worker; more wait in the listening socket's queue."""


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
    """The bytes of a connection, to be had until the deadline."""

    def __init__(self, sock: socket.socket, limits: Limits) -> None:
        super().__init__(sock, max_chunk=16 * 1024)
        self.limits = limits
        self.deadline = 0.0
        self.in_body = False

    def expect(self, seconds: float, *, in_body: bool) -> None:
        self.deadline = time.monotonic() + seconds
        self.in_body = in_body

    def chunk(self, size_hint: int | None = None) -> bytes:
        while True:
            try:
                data: bytes = super().chunk(size_hint)
            except WANTED:
                wait(self.sock, select.POLLIN, self.deadline)
                continue
            except OSError as problem:
                raise ClientGone("the connection broke") from problem
            if not data and self.in_body:
                raise ClientGone("the connection ended within a body")
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
    """gunicorn's response, its head held back until there is a body to send with it."""

    headers_sent: bool

    def __init__(self, request: Head, sock: socket.socket, cfg: Any, seconds: float) -> None:
        super().__init__(request, sock, cfg)
        self.seconds = seconds
        self._held = b""

    def send_headers(self) -> None:
        if self.headers_sent:
            return
        lines = self.default_headers()
        lines.extend([f"{name}: {value}\r\n" for name, value in self.headers])
        lines.append("\r\n")
        self._held = "".join(lines).encode("latin-1")
        self.headers_sent = True

    def _emit_body(self, data: bytes) -> None:
        if self.chunked:
            data = b"%X\r\n%b\r\n" % (len(data), data)
        self._send(data)

    def _send(self, data: bytes) -> None:
        held, self._held = self._held, b""
        send(self.sock, held + data, self.seconds)

    def close(self) -> None:
        self.send_headers()
        if self.chunked:
            self._send(b"0\r\n\r\n")
        elif self._held:
            self._send(b"")


class Connection:
    """A socket with what is known of it; used by one thread at a time."""

    __slots__ = ("_poll", "client", "expires", "heads", "limits", "server", "sock")

    def __init__(self, sock: socket.socket, client: Any, server: Any, limits: Limits) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.client = client
        self.server = server
        self.limits = limits
        self.heads: Heads | None = None
        self.expires = 0.0
        self._poll = select.poll()
        self._poll.register(sock.fileno(), select.POLLIN)

    def open(self, cfg: Any, context: ssl.SSLContext | None) -> Heads:
        """The requests to come, after the TLS handshake where there is one."""
        if self.heads is None:
            if context is not None:
                self.sock = shake_hands(context, self.sock, self.limits.head_seconds)
            self.heads = Heads(cfg, self)
        return self.heads

    def buffered(self) -> bool:
        """Whether bytes were read that no poll will tell of: pipelined ones, or the rest of a TLS record."""
        if self.heads is not None and self.heads.unreader.buf.getbuffer().nbytes:
            return True
        return isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0

    def readable(self, seconds: float) -> bool:
        """Whether bytes come, or the end, within that time."""
        return bool(self._poll.poll(seconds * 1000))

    def close(self) -> None:
        """Close after a request that was read to its end, or before one."""
        self._say_goodbye()
        with suppress(OSError):
            self.sock.close()

    def close_unread(self) -> None:
        """Close while the client may still be sending: a plain close would take our last words back."""
        self._say_goodbye()
        util.close_graceful(self.sock, timeout=1.0)

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


def send(sock: socket.socket, data: bytes, seconds: float) -> None:
    """Send all of it; raise `ClientSlow` when the client does not take it in that time."""
    try:
        try:
            sent = sock.send(data)
        except WANTED:
            sent = 0
        if sent == len(data):
            return
        deadline = time.monotonic() + seconds
        rest = memoryview(data)[sent:]
        while rest:
            wait(sock, select.POLLOUT, deadline)
            with suppress(*WANTED):
                rest = rest[sock.send(rest) :]
    except ClientSlow:
        raise
    except OSError as problem:
        raise ClientGone("the connection broke") from problem


def shake_hands(context: ssl.SSLContext, sock: socket.socket, seconds: float) -> ssl.SSLSocket:
    """The TLS socket over a plain one."""
    deadline = time.monotonic() + seconds
    wrapped = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
    try:
        while True:
            try:
                wrapped.do_handshake()
            except ssl.SSLWantReadError:
                wait(wrapped, select.POLLIN, deadline)
            except ssl.SSLWantWriteError:
                wait(wrapped, select.POLLOUT, deadline)
            else:
                return wrapped
    except OSError:
        wrapped.close()
        raise
