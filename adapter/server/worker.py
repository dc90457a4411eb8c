"""The worker process: one thread that watches the sockets, a few that serve requests.

A connection without a request waits with the watching thread and costs no serving thread. A serving thread that has
answered stays with its connection for a moment when nobody else waits: most clients send their next request at
once, and handing a connection over and back costs more than serving it.
"""

from __future__ import annotations

import errno
import os
import queue
import selectors
import socket
import ssl
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from typing import Any

from gunicorn.http import errors, wsgi
from gunicorn.sock import ssl_context
from gunicorn.workers.base import Worker

from adapter.server.connection import ClientGone, ClientSlow, Connection, Heads, Limits, Reply, send

STAY_SECONDS = 0.01
"""How long a serving thread stays with an idle connection when no other one waits."""

STOP_SECONDS = 1.0
"""How long a stopping worker still takes requests on kept-alive connections."""

DRAIN_SECONDS = 5.0
"""How long the rest of a body that nobody read is awaited before the connection is closed instead."""

REFUSALS: dict[type[Exception], tuple[int, str]] = {
    errors.LimitRequestLine: (414, "URI Too Long"),
    errors.LimitRequestHeaders: (431, "Request Header Fields Too Large"),
    errors.ExpectationFailed: (417, "Expectation Failed"),
    errors.UnsupportedTransferCoding: (501, "Not Implemented"),
    errors.ParseException: (400, "Bad Request"),
    ClientSlow: (408, "Request Timeout"),
    Exception: (500, "Internal Server Error"),
}


class ServingWorker(Worker):  # type: ignore[misc]
    """A gunicorn worker; gunicorn starts it, replaces it and stops it."""

    limits = Limits()

    def init_process(self) -> None:
        self.poller = selectors.DefaultSelector()
        self.work: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        self.resting: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        self.idle: OrderedDict[Connection, None] = OrderedDict()
        self.open = 0
        self.counting = threading.Lock()
        self.listening = False
        self.notified = 0.0
        self.wake_read, self.wake_write = socket.socketpair()
        for end in (self.wake_read, self.wake_write):
            end.setblocking(False)
        # gunicorn looks a setting up through three calls, dozens of times a request: 28 us of CPU instead of 40
        self.cfg.__dict__.update({name: getattr(self.cfg, name) for name in self.cfg.settings})
        self.tls: ssl.SSLContext | None = ssl_context(self.cfg) if self.cfg.is_ssl else None
        super().init_process()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM: finish what was begun, take nothing new."""
        self.alive = False
        self.wake()

    def handle_quit(self, sig: int, frame: Any) -> None:
        """SIGINT, SIGQUIT: stop at once, threads in the middle of a request or not."""
        os._exit(0)

    def wake(self) -> None:
        with suppress(BlockingIOError):
            self.wake_write.send(b"\0")

    # the watching thread

    def run(self) -> None:
        for number in range(self.cfg.threads):
            threading.Thread(target=self.serve, name=f"serve-{number}", daemon=True).start()
        self.poller.register(self.wake_read, selectors.EVENT_READ, None)
        while self.alive and self.ppid == os.getppid():
            self.listen(self.open < self.limits.connections)
            self.turn(1.0)
        self.alive = False
        self.listen(False)
        for listener in self.sockets:
            listener.close()
        now = time.monotonic()
        for connection in self.idle:
            connection.expires = min(connection.expires, now + STOP_SECONDS)
        while self.open and time.monotonic() < now + self.cfg.graceful_timeout:
            self.turn(0.1)

    def listen(self, wanted: bool) -> None:
        if wanted == self.listening:
            return
        self.listening = wanted
        for listener in self.sockets:
            if wanted:
                listener.setblocking(False)
                self.poller.register(listener.sock, selectors.EVENT_READ, (listener, listener.getsockname()))
            else:
                self.poller.unregister(listener.sock)

    def turn(self, seconds: float) -> None:
        """Wait for something to happen, for no longer than that, and see to it."""
        for key, _ in self.poller.select(seconds):
            if isinstance(key.data, Connection):
                self.poller.unregister(key.fileobj)
                del self.idle[key.data]
                self.work.put(key.data)
            elif key.data is None:
                self.take_back()
            else:
                self.accept(*key.data)
        now = time.monotonic()
        if now - self.notified >= 1:
            self.notified = now
            self.notify()
        while self.idle and (oldest := next(iter(self.idle))).expires <= now:
            self.poller.unregister(oldest.sock)
            del self.idle[oldest]
            oldest.close()
            self.count(-1)

    def accept(self, listener: Any, address: Any) -> None:
        try:
            sock, client = listener.accept()
        except OSError as problem:
            if problem.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                self.log.warning("cannot accept a connection: %s", problem)
                time.sleep(0.1)
            return
        self.count(1)
        self.work.put(Connection(sock, client, address, self.limits))

    def count(self, change: int) -> None:
        with self.counting:
            self.open += change

    def take_back(self) -> None:
        """Watch the connections that serving threads have nothing to do for."""
        with suppress(BlockingIOError):
            self.wake_read.recv(4096)
        while not self.resting.empty():
            connection = self.resting.get()
            connection.expires = time.monotonic() + (self.limits.idle_seconds if self.alive else STOP_SECONDS)
            self.idle[connection] = None
            self.poller.register(connection.sock, selectors.EVENT_READ, connection)

    # the serving threads

    def serve(self) -> None:
        while True:
            connection = self.work.get()
            try:
                kept = self.attend(connection)
            except Exception:
                self.log.exception("a connection failed")
                kept = False
            if kept:
                self.resting.put(connection)
                self.wake()
            else:
                connection.close()
                self.count(-1)
                if not (self.alive and self.listening):
                    self.wake()

    def attend(self, connection: Connection) -> bool:
        """Answer what the client asks, as long as it asks; true if it may still ask more later."""
        heads = connection.heads
        if heads is None:
            if not connection.readable(STAY_SECONDS):
                return True
            try:
                heads = connection.open(self.cfg, self.tls)
            except OSError:
                return False
            if self.tls is not None and not connection.buffered() and not connection.readable(STAY_SECONDS):
                return True
        while self.answer(connection, heads):
            if not connection.buffered() and (not self.work.empty() or not connection.readable(STAY_SECONDS)):
                return True
        return False

    def answer(self, connection: Connection, heads: Heads) -> bool:
        """Serve one request; true if the connection can serve another."""
        try:
            heads.unreader.expect(self.limits.head_seconds, in_body=False)
            request = next(heads)
            heads.unreader.expect(self.limits.body_seconds, in_body=True)
            reply, environ = wsgi.create(
                request,
                connection.sock,
                connection.client,
                connection.server,
                self.cfg,
                response_class=Reply,
                response_args=(self.limits.send_seconds,),
            )
        except (StopIteration, OSError) as problem:
            if isinstance(problem, ClientSlow):
                self.refuse(connection, problem)
            return False
        except errors.ParseException as problem:
            self.refuse(connection, problem)
            return False
        environ["wsgi.multithread"] = True
        try:
            pieces = self.wsgi(environ, reply.start_response)
            if not self.alive:
                reply.force_close()
            try:
                for piece in pieces:
                    reply.write(piece)
                reply.close()
            finally:
                if hasattr(pieces, "close"):
                    pieces.close()
        except ClientGone:
            return False
        except Exception as problem:
            if not isinstance(problem, ClientSlow | errors.ParseException):
                self.log.exception("a request failed: %s", request.method)
            if not reply.headers_sent:
                self.refuse(connection, problem)
            return False
        if not self.drained(heads):
            connection.close_unread()
            return False
        return not reply.should_close()

    def drained(self, heads: Heads) -> bool:
        """Read on to the next request; false if that is further than it is worth."""
        heads.unreader.expect(DRAIN_SECONDS, in_body=True)
        try:
            return bool(heads.finish_body(max_bytes=64 * 1024))
        except (errors.ParseException, OSError):
            return False

    def refuse(self, connection: Connection, problem: Exception) -> None:
        """Answer what is no request, or no request any more, without repeating any of it."""
        status, reason = next(REFUSALS[kind] for kind in type(problem).__mro__ if kind in REFUSALS)
        text = f"{reason}\n".encode()
        head = f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: text/plain\r\n"
        with suppress(OSError):
            send(
                connection.sock, f"{head}Content-Length: {len(text)}\r\n\r\n".encode() + text, self.limits.send_seconds
            )
        connection.close_unread()
