"""One hop of HTTP/1.1 on raw sockets: messages read with their bytes kept, framing taken off."""

from __future__ import annotations

import re
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

MAX_HEAD = 65_536
MAX_BODY = 64 * 1024 * 1024
OWN = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"expect"}
)
"""Headers of one hop, which a proxy does not pass on."""
_START = re.compile(rb"(?:HTTP/1\.[01] ([1-5]\d\d)(?: .*)?|([A-Z]{1,20}) ([^ ]+) HTTP/1\.[01])\Z")


class BadMessage(Exception):
    """What came is no HTTP/1.1 message, or is too large."""


class Deadline:
    """Bytes from a socket until a moment has come. Raises TimeoutError, OSError, BadMessage."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection = connection
        self._ends = time.monotonic() + seconds
        self._rest = b""

    def extend(self, seconds: float) -> None:
        """Until so many seconds from now."""
        self._ends = time.monotonic() + seconds

    def some(self) -> bytes:
        """At least one byte, or none at the end."""
        if self._rest:
            given, self._rest = self._rest, b""
            return given
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv(65536)

    def until(self, end: bytes, limit: int) -> bytes:
        """All up to and with `end`; empty at the end of the stream."""
        got = b""
        while end not in got:
            more = self.some()
            if not more:
                if got:
                    raise BadMessage("it breaks off")
                return b""
            got += more
            if len(got) > limit:
                raise BadMessage("its head is too large")
        found, separator, self._rest = got.partition(end)
        return found + separator

    def exactly(self, size: int) -> bytes:
        if size > MAX_BODY:
            raise BadMessage("it is too large")
        pieces, have = [], 0
        while have < size:
            more = self.some()
            if not more:
                raise BadMessage("it breaks off")
            pieces.append(more)
            have += len(more)
        got = b"".join(pieces)
        self._rest = got[size:] + self._rest
        return got[:size]

    def rest(self) -> bytes:
        """All until the end of the stream."""
        pieces, have = [], 0
        while more := self.some():
            pieces.append(more)
            have += len(more)
            if have > MAX_BODY:
                raise BadMessage("it is too large")
        return b"".join(pieces)

    def chunks(self) -> bytes:
        """The chunks of a body put together."""
        pieces: list[bytes] = []
        have = 0
        while True:
            size = self.until(b"\r\n", 1_000).partition(b";")[0].strip()
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size):
                raise BadMessage("not a chunk")
            length = int(size, 16)
            have += length
            if have > MAX_BODY:
                raise BadMessage("it is too large")
            if length == 0:
                while self.until(b"\r\n", MAX_HEAD) not in (b"\r\n", b""):
                    pass
                return b"".join(pieces)
            pieces.append(self.exactly(length))
            if self.exactly(2) != b"\r\n":
                raise BadMessage("a chunk breaks off")


@dataclass(frozen=True, slots=True)
class Message:
    """A request or response: its first line, its header lines as they came, and its body without framing."""

    first: bytes
    lines: tuple[bytes, ...]
    body: bytes
    was_chunked: bool = False

    def header(self, name: bytes) -> bytes | None:
        """The first value under that lower-case name."""
        for line in self.lines:
            key, _, value = line.partition(b":")
            if key.strip().lower() == name:
                return value.strip()
        return None

    @property
    def status(self) -> int:
        return int(self.first.split(b" ")[1])

    @property
    def method(self) -> bytes:
        return self.first.partition(b" ")[0]

    @property
    def target(self) -> bytes:
        return self.first.split(b" ")[1]

    def passed_on(self) -> list[bytes]:
        """The header lines that are not of this hop."""
        named = {word.strip().lower() for word in (self.header(b"connection") or b"").split(b",")}
        return [
            line for line in self.lines if line.partition(b":")[0].strip().lower() not in OWN | (named - {b"close"})
        ]


def read_head(stream: Deadline) -> tuple[bytes, tuple[bytes, ...]] | None:
    """First line and header lines; None where the stream ended before."""
    head = stream.until(b"\r\n\r\n", MAX_HEAD).lstrip(b"\r\n")
    if not head:
        return None
    first, *lines = head[:-4].split(b"\r\n")
    if _START.match(first) is None or any(b":" not in line or line[:1] in b" \t" for line in lines):
        raise BadMessage("not an HTTP/1.1 message")
    return first, tuple(lines)


def read_request(stream: Deadline, connection: socket.socket) -> Message | None:
    """The next request of a client, None when there is no more."""
    head = read_head(stream)
    if head is None:
        return None
    message = Message(*head, b"")
    if not re.match(rb"[A-Z]", message.first) or message.first.startswith(b"HTTP/"):
        raise BadMessage("not a request")
    coding, length = message.header(b"transfer-encoding"), message.header(b"content-length")
    if coding is not None and length is not None:
        raise BadMessage("both Content-Length and Transfer-Encoding")
    if (message.header(b"expect") or b"").lower() == b"100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    if coding is not None:
        if coding.lower() != b"chunked":
            raise BadMessage("a transfer coding that is none of HTTP/1.1")
        return Message(*head, stream.chunks(), was_chunked=True)
    return Message(*head, stream.exactly(_length(length)))


def read_response(stream: Deadline, method: bytes) -> Message:
    """The answer to a request of that method."""
    while True:
        head = read_head(stream)
        if head is None:
            raise BadMessage("no answer")
        message = Message(*head, b"")
        if not message.first.startswith(b"HTTP/"):
            raise BadMessage("not an answer")
        if message.status >= 200:
            break
    if method == b"HEAD" or message.status in (204, 304):
        return message
    if (message.header(b"transfer-encoding") or b"").lower().endswith(b"chunked"):
        return Message(*head, stream.chunks(), was_chunked=True)
    length = message.header(b"content-length")
    return Message(*head, stream.rest() if length is None else stream.exactly(_length(length)))


def _length(text: bytes | None) -> int:
    if text is None:
        return 0
    if not re.fullmatch(rb"\d{1,15}", text):
        raise BadMessage("not a Content-Length")
    return int(text)


class Upstream:
    """Where a proxy passes requests on to: an ``http`` or ``https`` address with any path. Raises ValueError."""

    def __init__(self, url: str, seconds: float = 60.0, connect_seconds: float = 10.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("not an http or https address")
        if parts.username or parts.password:
            raise ValueError("credentials have no place in the address")
        self.url = url.rstrip("/")
        self._host = parts.hostname
        self._tls = parts.scheme == "https"
        self._port = parts.port or (443 if self._tls else 80)
        self.path = parts.path.rstrip("/").encode()
        self.host = parts.netloc.encode("idna" if not parts.netloc.isascii() else "ascii")
        self._seconds = seconds
        self._connect_seconds = connect_seconds

    def ask(self, request: Message) -> Message:
        """The answer. Raises TimeoutError, OSError (with TLS that fails too), BadMessage."""
        with socket.create_connection((self._host, self._port), timeout=self._connect_seconds) as plain:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = plain
            if self._tls:
                connection = ssl.create_default_context().wrap_socket(plain, server_hostname=self._host)
            with connection:
                first = b"%s %s%s HTTP/1.1" % (request.method, self.path, request.target)
                lines = [*self.headers(request), b"Connection: close"]
                connection.sendall(b"\r\n".join([first, *lines, b"", b""]) + request.body)
                return read_response(Deadline(connection, self._seconds), request.method)

    def headers(self, request: Message) -> list[bytes]:
        """The client's header lines with this server's own Host, and a length where there were chunks."""
        lines = [
            line.partition(b":")[0] + b": " + self.host if line.lower().startswith(b"host:") else line
            for line in request.passed_on()
        ]
        return [*lines, b"Content-Length: %d" % len(request.body)] if request.was_chunked else lines
