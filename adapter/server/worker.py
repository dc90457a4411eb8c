"""The worker process: one thread that watches the sockets, a few that serve requests.

A connection that waits for its client, whether for a handshake, a head, a body, the taking of a response or the end,
waits with the watching thread and costs no serving thread: a thousand clients that are slow on purpose keep nobody
else waiting. A serving thread that has answered stays with its connection for a moment when nobody else waits: most
clients send their next request at once, and handing a connection over and back costs more than serving it.
"""

from __future__ import annotations

import errno
import os
import queue
import resource
import select
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from gunicorn.http import errors, wsgi
from gunicorn.sock import ssl_context
from gunicorn.workers.base import Worker

from adapter.server import memory
from adapter.server.connection import ClientGone, ClientSlow, Connection, Environ, Head, Heads, Limits, Reply

STAY_SECONDS = 0.01
"""How long a serving thread stays with an idle connection when no other one waits."""

STOP_SECONDS = 1.0
"""How long a stopping worker still takes requests on kept-alive connections."""

LOOK_SECONDS = 0.05
"""How often at most the watching thread looks for connections whose time is up."""

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
SELDOM = ("GET", "HEAD", "DELETE", "OPTIONS")
"""Methods that seldom have a body."""

PASSED = 256 * 1024
"""How much at once of a body that nobody read is passed over."""

SMALL = 64 * 1024
"""Bytes that a waiting connection may hold however many there are."""

STUCK_SECONDS = 0.05
"""How long a connection that something came on waits for a serving thread before it is looked at for a probe."""

EVENTS = {select.POLLIN: selectors.EVENT_READ, select.POLLOUT: selectors.EVENT_WRITE}

REFUSALS: dict[type[Exception], tuple[int, str]] = {
    errors.LimitRequestLine: (414, "URI Too Long"),
    errors.LimitRequestHeaders: (431, "Request Header Fields Too Large"),
    errors.ExpectationFailed: (417, "Expectation Failed"),
    errors.UnsupportedTransferCoding: (501, "Not Implemented"),
    errors.ParseException: (400, "Bad Request"),
    ClientSlow: (408, "Request Timeout"),
    Exception: (500, "Internal Server Error"),
}


def _due(connection: Connection) -> float:
    return connection.expires


class ServingWorker(Worker):  # type: ignore[misc]
    """A gunicorn worker; gunicorn starts it, replaces it and stops it."""

    limits = Limits()
    probes: tuple[str, ...] = ()
    """Paths that are answered even when every serving thread is busy, each by a thread of its own."""

    def init_process(self) -> None:
        memory.keep_apart()
        self.poller = selectors.DefaultSelector()
        self.work: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        self.resting: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        self.probing: dict[str, queue.SimpleQueue[Connection]] = {path: queue.SimpleQueue() for path in self.probes}
        self.stuck: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.waiting: set[Connection] = set()
        self.held = 0
        """Bytes in the buffers of those."""
        self.look_at = 0.0
        self.open = 0
        self.counting = threading.Lock()
        self.listening = False
        self.notified = 0.0
        self.moved = 0.0
        """When nothing waited for a serving thread, or it was looked at why."""
        self.wake_read, self.wake_write = socket.socketpair()
        for end in (self.wake_read, self.wake_write):
            end.setblocking(False)
        # gunicorn looks a setting up through three calls, dozens of times a request: 28 us of CPU instead of 40
        self.cfg.__dict__.update({name: getattr(self.cfg, name) for name in self.cfg.settings})
        # Connections, and each thread's files.
        allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = self.limits.connections + 1024
        if most != resource.RLIM_INFINITY:
            wanted = min(wanted, most)
        if allowed != resource.RLIM_INFINITY and allowed < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
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
            threading.Thread(target=self.serve, args=(self.work,), name=f"serve-{number}", daemon=True).start()
        for path, probing in self.probing.items():
            threading.Thread(target=self.serve, args=(probing,), name=f"probe {path}", daemon=True).start()
        if self.probing:
            threading.Thread(target=self.sort_out, name="sort-out", daemon=True).start()
        self.poller.register(self.wake_read, selectors.EVENT_READ, None)
        while self.alive and self.ppid == os.getppid():
            # Clients that have asked for something are never put off for those that have not.
            self.listen(self.open < self.limits.connections or self.make_room())
            self.turn(1.0)
        self.alive = False
        self.listen(False)
        for listener in self.sockets:
            listener.close()
        now = time.monotonic()
        for connection in self.waiting:
            if not connection.begun:
                connection.expires = min(connection.expires, now + STOP_SECONDS)
        self.look_at = now
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
        now = time.monotonic()
        if self.waiting:
            seconds = min(seconds, max(self.look_at - now, 0.0))
        if not self.work.empty():
            seconds = min(seconds, STUCK_SECONDS)
        for key, _ in self.poller.select(seconds):
            if isinstance(key.data, Connection):
                self.leave(key.data)
                self.work.put(key.data)
            elif key.data is None:
                self.take_back()
            else:
                self.accept(*key.data)
        now = time.monotonic()
        if now - self.notified >= 1:
            self.notified = now
            self.notify()
        if now >= self.look_at:
            self.look(now)
        if self.work.empty():
            self.moved = now
        elif now - self.moved >= STUCK_SECONDS:
            # All serving threads are busy, or were.
            self.moved = now
            self.stuck.put(None)

    def look(self, now: float) -> None:
        """End what has waited too long; a client in the middle of a request is told."""
        for connection in [one for one in self.waiting if one.expires <= now]:
            self.leave(connection)
            if connection.begun and not connection.out:
                connection.late = True
                self.work.put(connection)
            else:
                connection.close()
                self.count(-1)
        following = min((one.expires for one in self.waiting), default=now + 1.0)
        self.look_at = max(following, now + LOOK_SECONDS)

    def leave(self, connection: Connection) -> None:
        self.poller.unregister(connection.sock)
        self.waiting.discard(connection)
        self.held -= connection.held

    def make_room(self) -> bool:
        """Close the connection that has waited longest for a request, if one does."""
        oldest = min((one for one in self.waiting if one.pending is None and not one.out), key=_due, default=None)
        if oldest is None:
            return False
        self.log.warning("all connections are taken; the longest idle one was closed")
        self.leave(oldest)
        oldest.close()
        self.count(-1)
        return True

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
            connection.held = connection.weigh()
            if connection.held > SMALL and self.held + connection.held > self.limits.held:
                self.log.warning("no room for what slow clients send or do not take")
                connection.close()
                self.count(-1)
                continue
            if not self.alive and not connection.begun:
                connection.expires = min(connection.expires, time.monotonic() + STOP_SECONDS)
            self.held += connection.held
            self.waiting.add(connection)
            self.poller.register(connection.sock, EVENTS[connection.events], connection)
            self.look_at = min(self.look_at, connection.expires)

    # the serving threads

    def serve(self, work: queue.SimpleQueue[Connection]) -> None:
        while True:
            connection = work.get()
            try:
                kept = self.attend(connection)
            except Exception:
                self.log.exception("a connection failed")
                kept = False
            self.part_from(connection, kept)

    def part_from(self, connection: Connection, kept: bool) -> None:
        if kept:
            self.resting.put(connection)
            self.wake()
        else:
            connection.close()
            self.count(-1)
            if not (self.alive and self.listening):
                self.wake()

    def sort_out(self) -> None:
        """When no serving thread is free: find the probes among what waits, and put back the rest in its order."""
        while True:
            self.stuck.get()
            for _ in range(self.work.qsize()):
                try:
                    connection = self.work.get_nowait()
                except queue.Empty:
                    break
                try:
                    ready = self.make_ready(connection)
                except OSError:
                    self.part_from(connection, False)
                    continue
                except Exception:
                    self.log.exception("a connection failed")
                    self.part_from(connection, False)
                    continue
                if ready:
                    self.probing.get(connection.path, self.work).put(connection)
                else:
                    self.part_from(connection, True)

    def make_ready(self, connection: Connection) -> bool:
        """Whether there is something for a serving thread to do; the head is read and parsed here if it has come.

        Raises OSError when the connection is of no use any more.
        """
        if connection.late or connection.out or connection.last or connection.pending is not None:
            return True
        if connection.heads is None and not connection.open(self.cfg, self.tls):
            return False
        heads = connection.heads
        if heads is None or not connection.has_head(heads.unreader):
            return False
        self.begin(connection, heads)
        return True

    def attend(self, connection: Connection) -> bool:
        """Do for the client what can be done now; true if it is to be waited for."""
        try:
            while True:
                if connection.late:
                    self.refuse(connection, ClientSlow("the client is too slow"))
                if connection.out:
                    if not connection.flush():
                        return True
                    if not connection.last:
                        connection.rest()
                if connection.last:
                    return connection.linger()
                if not self.proceed(connection):
                    return True
        except OSError:
            return False

    def proceed(self, connection: Connection) -> bool:
        """The next thing to do for the request that comes, if it can be done; true if there is something to do then.

        Raises OSError when the connection is of no use any more.
        """
        heads, pending = connection.heads, connection.pending
        if heads is None:
            return connection.open(self.cfg, self.tls)

        source = heads.unreader
        if pending is None and not connection.begun and not connection.buffered() and not self.stay(connection):
            return False
        if pending is None:
            # A client that is slow with a head is not stayed with.
            if not connection.has_head(source):
                return False
            self.begin(connection, heads)
            return True
        here = connection.has_body(source, pending[0]) or (
            self.stay(connection) and connection.has_body(source, pending[0])
        )
        if connection.awaits and not here:
            return False
        self.answer(connection, heads, *pending)
        return True

    def stay(self, connection: Connection) -> bool:
        """Whether something comes: now, or in a moment when nobody else waits."""
        return connection.readable(STAY_SECONDS if self.work.empty() else 0.0)

    def begin(self, connection: Connection, heads: Heads) -> None:
        """Parse the head that is there; ask for the body of a client that waits to be asked."""
        heads.unreader.deadline = time.monotonic()
        try:
            request = next(heads)
            connection.expires = heads.unreader.deadline = time.monotonic() + self.limits.body_seconds
            expects = request._expected_100_continue
            request._expected_100_continue = False
            reply, environ = wsgi.create(
                request, connection.sock, connection.client, connection.server, self.cfg, response_class=Reply
            )
        except StopIteration as problem:
            raise ClientGone("there is nothing to come") from problem
        except errors.ParseException as problem:
            self.refuse(connection, problem)
            return
        environ["wsgi.multithread"] = True
        connection.pending = (request, reply, environ)
        if not connection.has_body(heads.unreader, request):
            self.await_body(connection, heads, environ, expects)

    def await_body(self, connection: Connection, heads: Heads, environ: Environ, expects: bool) -> None:
        """Decide whether and how long; ask a client for it that waits to be asked."""
        reads: Callable[[Environ], bool] | None = getattr(self.wsgi, "reads_body", None)
        if reads is not None and not reads(environ):
            connection.awaits = False
            heads.unreader.deadline = time.monotonic()
            return
        if environ["REQUEST_METHOD"] in SELDOM:
            connection.expires = heads.unreader.deadline = time.monotonic() + self.limits.read_seconds
        if expects:
            connection.sock.send(CONTINUE)

    def answer(self, connection: Connection, heads: Heads, request: Head, reply: Reply, environ: Environ) -> None:
        """Let the application answer the request that is there."""
        try:
            pieces = self.wsgi(environ, reply.start_response)
            try:
                try:
                    for piece in pieces:
                        reply.write(piece)
                except ConnectionAbortedError:
                    self.break_off(connection, reply)
                    return
                reply.close()
            finally:
                if hasattr(pieces, "close"):
                    pieces.close()
            drained = self.drained(heads, request)
            if not (drained and self.alive):
                reply.force_close()
            whole = reply.whole()
        except ClientGone:
            raise
        except Exception as problem:
            if not isinstance(problem, ClientSlow | errors.ParseException):
                self.log.exception("a request failed: %s", request.method)
            self.refuse(connection, problem)
            return
        connection.say(whole, last=reply.should_close(), lingers=not drained)
        if len(declared := environ.get("CONTENT_LENGTH") or "") > 5 and int(declared) > memory.LARGE:
            memory.give_back()

    def break_off(self, connection: Connection, reply: Reply) -> None:
        """End the connection after what the application gave so far, because it says so. Raises ClientGone."""
        if not reply.pieces:
            raise ClientGone("the application ended the connection")
        reply.force_close()
        connection.say(reply.whole(), last=True, lingers=False)

    def drained(self, heads: Heads, request: Head) -> bool:
        """Pass over what the application did not read; false if that is not all here."""
        if request.body.failed:
            return False
        heads.unreader.deadline = 0.0
        try:
            while request.body.read(PASSED):
                pass
        except (errors.ParseException, OSError):
            return False
        return True

    def refuse(self, connection: Connection, problem: Exception) -> None:
        """Answer what is no request, or no request any more, without repeating any of it."""
        connection.late = False
        status, reason = next(REFUSALS[kind] for kind in type(problem).__mro__ if kind in REFUSALS)
        # One template a status, so that a flood of them is told of once in a while.
        self.log.warning(f"refused a request: {status} {reason}")
        text = f"{reason}\n".encode()
        head = f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: text/plain\r\n"
        connection.say(f"{head}Content-Length: {len(text)}\r\n\r\n".encode() + text, last=True, lingers=True)
