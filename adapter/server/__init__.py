"""The production server: gunicorn's processes and parser, our worker, and the options that legacy clients need.

Measured side by side on two cores (16 connections and threads, 700 bytes, CPU per request, medians): this worker
152 us kept alive and 150 closing; gunicorn's own gthread 251 and 254, with its C parser 246 and 225; cheroot 220 and
235, and it has neither processes nor a deadline for a whole head. What clients rely on and no in-process test can
see (letter case of names, underscores, the raw target) is held by ``tests/adapter/test_server_wire.py``.
"""

from __future__ import annotations

import logging
import socket
import ssl
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger

from adapter.server.connection import WSGI, Limits
from adapter.server.tls import DEFAULT, VERSIONS, context_from
from adapter.server.worker import ServingWorker

TLS_VERSIONS = tuple(VERSIONS)

__all__ = ["TLS_VERSIONS", "Limits", "ServerError", "run"]

log = logging.getLogger(__name__)


class ServerError(Exception):
    """The server cannot start; the message is one line for whoever started it."""


class ServerLog(Logger):  # type: ignore[misc]
    """gunicorn's log, in ours: what it thinks worth knowing is our debug, and no request is logged here."""

    def setup(self, cfg: Any) -> None:
        self.loglevel = logging.INFO
        self.error_log = log

    def info(self, msg: str, *args: Any, **kwargs: Any) -> None:
        log.debug(msg, *args, **kwargs)

    def access(self, *_: Any) -> None:
        """The application logs requests: it knows tenant, dialect and which values are secret."""

    def reopen_files(self) -> None:
        """Whoever configured logging owns its files."""

    def close_on_exec(self) -> None:
        """Python opens files that way since 3.4."""


class Master(Arbiter):  # type: ignore[misc]
    """gunicorn's master process, which also looks after what else belongs to the server.

    It forks, so that it can have no thread for that.
    """

    def manage_workers(self) -> None:
        super().manage_workers()
        self.app.each_second()


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn, told what to do by keyword and not by files, environment or command line."""

    def __init__(
        self, app_factory: Callable[[], WSGI], options: dict[str, Any], each_second: Callable[[], None] | None
    ) -> None:
        self.app_factory = app_factory
        self.options = options
        self.each_second = each_second or (lambda: None)
        super().__init__()

    def run(self) -> None:
        Master(self).run()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> WSGI:
        return self.app_factory()


def run(
    app_factory: Callable[[], WSGI],
    *,
    host: str,
    port: int,
    workers: int = 1,
    threads: int = 16,
    tls_cert: Path | str | None = None,
    tls_key: Path | str | None = None,
    tls_min: str = DEFAULT,
    underscore_headers: Iterable[str] = (),
    probes: Iterable[str] = (),
    graceful_timeout: int = 30,
    limits: Limits | None = None,
    on_ready: Callable[[str], None] | None = None,
    each_second: Callable[[], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then end the process; does not return.

    `app_factory` is called in each worker process, after the fork, so that no database connection is ever shared.
    `underscore_headers` names the request headers that may come with underscores (``ZURMO_SESSION_ID``); any other
    is dropped, so that none can pose as its twin with dashes. `probes` are paths that are answered even when every
    thread is busy. Forwarding headers reach the application as they
    came and change nothing here: ``wsgi.url_scheme`` and ``REMOTE_ADDR`` are those of the connection. `on_ready`
    gets the address when clients can connect; without it one line is logged. `each_second` is called about that often
    in the master process, and must not wait. `tls_min` is the lowest version of TLS
    that a client may have, of `TLS_VERSIONS`. An application with a method ``reads_body(environ)`` is asked whether a
    body that is not here yet is to be waited for. Raises `ServerError` when the address
    or the certificate cannot be used.
    """
    if not log.hasHandlers():
        logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
        log.setLevel(logging.INFO)
    if tls_cert is not None:
        check_certificate(tls_cert, tls_key)
        if tls_min != DEFAULT:
            log.warning(f"TLS {tls_min} is let in, which can be broken: keep this server where only old clients are")
    check_address(host, port)
    limits = limits or Limits()
    scheme = "https" if tls_cert is not None else "http"
    bracketed = f"[{host}]" if ":" in host else host

    def ready(arbiter: Any) -> None:
        address = f"{scheme}://{bracketed}:{arbiter.LISTENERS[0].getsockname()[1]}"
        if on_ready is not None:
            on_ready(address)
        else:
            log.info("listening on %s", address)

    options = {
        "bind": f"{bracketed}:{port}",
        "workers": workers,
        "threads": threads,
        "worker_class": type("Worker", (ServingWorker,), {"limits": limits, "probes": tuple(probes)}),
        "graceful_timeout": graceful_timeout,
        "timeout": 60,
        "certfile": None if tls_cert is None else str(tls_cert),
        "keyfile": None if tls_key is None else str(tls_key),
        "ssl_context": context_from(tls_min),
        # Underscore headers pass from every peer, since it may be a client itself; no peer's word on scheme or
        # address is taken. The three belong together.
        "forwarded_allow_ips": "*",
        "secure_scheme_headers": {},
        "forwarder_headers": ",".join(sorted(name.upper() for name in underscore_headers)),
        "header_map": "drop",
        "limit_request_fields": limits.fields,
        "limit_request_field_size": limits.field_size,
        "http_parser": "python",
        "logger_class": ServerLog,
        "when_ready": ready,
        "control_socket_disable": True,
        "proc_name": "crmglot",
    }
    Server(app_factory, options, each_second).run()


def check_address(host: str, port: int) -> None:
    """Raise `ServerError` now for an address that gunicorn would try five times, a line each."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (OSError, OverflowError) as problem:
        raise ServerError(f"cannot listen on {host} port {port}: {problem}") from problem


def check_certificate(tls_cert: Path | str, tls_key: Path | str | None) -> None:
    """Raise `ServerError` now for what each worker would stumble over later."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tls_cert, tls_key)
    except (OSError, ssl.SSLError) as problem:
        raise ServerError(f"cannot use the TLS certificate {tls_cert}: {problem}") from problem
