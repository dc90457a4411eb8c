"""A small HTTP/1.1 server on raw sockets: lets clients in and hands over each of their requests."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from abc import ABC, abstractmethod
from http import HTTPStatus

from adapter.contract.hop import BadMessage, Deadline, Message, read_request

BACKLOG = 128
MOST = 64
"""Connections served at once; more wait."""
IDLE = 60.0


class Listener(ABC):
    """Listens at `host` and `port` (0 for a free one). Use it as a context manager; `close` ends `serve`."""

    name = ""
    """What it calls itself in its own answers."""

    def __init__(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), backlog=BACKLOG, family=family)
        self._free = threading.BoundedSemaphore(MOST)
        self._busy: set[threading.Thread] = set()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closing = False

    @abstractmethod
    def exchange(self, connection: socket.socket, request: Message) -> bool:
        """Answers a request; whether the connection stays open."""

    @property
    def address(self) -> str:
        host, port = self._listener.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def serve(self) -> None:
        """Accepts clients until `close`."""
        while not self._closing:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._free.acquire()
            thread = threading.Thread(target=self._client, args=(connection,), daemon=True)
            with self._lock:
                self._busy.add(thread)
                self._open.add(connection)
            thread.start()

    def close(self, seconds: float = 5.0) -> None:
        """Lets in nobody more, and lets exchanges that are under way come to their end for some seconds."""
        self._closing = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            threads, connections = list(self._busy), list(self._open)
        for connection in connections:
            # Who waits for a next request hears the end; an answer can still go out.
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        ends = time.monotonic() + seconds
        for thread in threads:
            thread.join(max(0.0, ends - time.monotonic()))

    def _client(self, connection: socket.socket) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection, contextlib.suppress(OSError):
                stream = Deadline(connection, IDLE)
                while self._exchange(connection, stream):
                    stream.extend(IDLE)
                connection.shutdown(socket.SHUT_WR)
        finally:
            self._free.release()
            with self._lock:
                self._busy.discard(threading.current_thread())
                self._open.discard(connection)

    def _exchange(self, connection: socket.socket, stream: Deadline) -> bool:
        try:
            request = read_request(stream, connection)
        except BadMessage as error:
            connection.sendall(self.plain(400, f"the request: {error}"))
            return False
        if request is None:
            return False
        if not request.target.startswith(b"/"):
            connection.sendall(self.plain(400, "the request: not a path"))
            return False
        return self.exchange(connection, request)

    def stays(self, request: Message) -> bool:
        """Whether the connection may stay open after this request."""
        wants = request.first.endswith(b"/1.1") and b"close" not in (request.header(b"connection") or b"").lower()
        return wants and not self._closing

    def plain(self, status: int, text: str) -> bytes:
        """An answer in one plain line, after which the connection ends."""
        body = f"{self.name}: {text}\n".encode()
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        return f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


def framed(answer: Message, request: Message, stays: bool) -> bytes:
    """The answer as it came, in the framing of this hop."""
    lines = answer.passed_on()
    has_body = request.method != b"HEAD" and answer.status not in (204, 304)
    body = answer.body
    if has_body and (answer.was_chunked or answer.header(b"content-length") is None):
        if request.first.endswith(b"/1.1"):
            lines = [
                *(line for line in lines if not line.lower().startswith(b"content-length:")),
                b"Transfer-Encoding: chunked",
            ]
            body = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
        else:
            stays = False
    if not stays:
        lines = [*lines, b"Connection: close"]
    return b"\r\n".join([answer.first, *lines, b"", b""]) + body
