"""The production server with an application that tells what reached it: ``python -m tests.support.echo_server``."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from adapter.server import Limits, run

UNDERSCORED = (
    "ZURMO_SESSION_ID",
    "ZURMO_TOKEN",
    "ZURMO_API_REQUEST_TYPE",
    "ZURMO_AUTH_USERNAME",
    "ZURMO_AUTH_PASSWORD",
    "ZURMO_LANG",
)


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == "/unread":
        start_response("413 Content Too Large", [("Content-Length", "0")])
        return [b""]
    if path == "/fail":
        raise RuntimeError("planted")
    if path == "/slow":
        time.sleep(1.0)
    if path == "/pieces":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return iter([b"one,", b"", b"two"])
    if path == "/empty":
        start_response("204 No Content", [])
        return []
    if path == "/large":
        start_response("200 OK", [("Content-Length", str(8 << 20))])
        return [b"x" * (8 << 20)]
    body = environ["wsgi.input"].read()
    told = {key: value for key, value in environ.items() if isinstance(value, str)}
    answer = json.dumps({"environ": told, "body": body.decode("latin-1"), "pid": os.getpid()}).encode()
    headers = [
        ("Content-Type", "application/json"),
        ("Location", "https://example.test/api/task/1"),
        ("X-RateLimit-Limit", "4000"),
        ("x-lower", "1"),
        ("ETag", '"a"'),
        ("WWW-Authenticate", 'Basic realm="a"'),
        ("Set-Cookie", "one=1"),
        ("Set-Cookie", "two=2"),
        ("Content-Length", str(len(answer))),
    ]
    start_response("201 Created", headers)
    return [answer]


class Echo:
    """The application; what it does not read it says (`adapter.server.run`)."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return echo(environ, start_response)

    @staticmethod
    def reads_body(environ: dict[str, Any]) -> bool:
        return str(environ["PATH_INFO"]) != "/unread"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--tls-cert")
    parser.add_argument("--tls-key")
    parser.add_argument("--tls-min", default="1.2")
    parser.add_argument("--impatient", action="store_true")
    parser.add_argument("--connections", type=int, default=1000)
    given = parser.parse_args()
    limits = Limits(connections=given.connections)
    if given.impatient:
        limits = Limits(head_seconds=1.0, body_seconds=1.0, read_seconds=0.3, send_seconds=1.0, idle_seconds=1.0)
    parent = os.getpid()

    def factory() -> Callable[..., Iterable[bytes]]:
        if os.getpid() == parent:
            raise RuntimeError("the application is made before the fork")
        return Echo()

    run(
        factory,
        host=given.host,
        port=given.port,
        workers=given.workers,
        threads=given.threads,
        tls_cert=given.tls_cert,
        tls_key=given.tls_key,
        tls_min=given.tls_min,
        underscore_headers=UNDERSCORED,
        limits=limits,
    )


if __name__ == "__main__":
    main()
