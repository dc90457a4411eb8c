"""A client in this process: whole WSGI calls, with the environ and the headers that the shipped server passes on."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

_SENT: Mapping[str, str] = {
    "HTTP_HOST": "crm.example.com",
    "HTTP_USER_AGENT": "bench/1.0",
    "HTTP_ACCEPT_ENCODING": "gzip, deflate",
    "HTTP_CONNECTION": "keep-alive",
}


class Refused(Exception):
    """The application did not answer as it should."""


def request(method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Environ:
    """The environ of a request; it is copied for each call. Header names in their usual form."""
    path, _, query = target.partition("?")
    environ: Environ = {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "SERVER_SOFTWARE": "bench",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8080",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "54321",
        "REQUEST_METHOD": method,
        "RAW_URI": target,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "body": body,
        **_SENT,
    }
    for name, value in (headers or {}).items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    if body:
        environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def call(app: Wsgi, asked: Environ) -> bytes:
    """The body of the answer. Raises Refused unless its status is 200 or 201."""
    return answer(app, asked)[1]


def answer(app: Wsgi, asked: Environ) -> tuple[list[tuple[str, str]], bytes]:
    """The headers and the body. Raises Refused unless its status is 200 or 201."""
    environ = dict(asked)
    environ["wsgi.input"] = io.BytesIO(environ["body"])
    told: list[Any] = []
    pieces = app(environ, lambda status, headers, exc_info=None: told.extend((status, headers)))
    body = b"".join(pieces)
    close = getattr(pieces, "close", None)
    if close is not None:
        close()
    if told[0][:3] not in ("200", "201"):
        raise Refused(f"{asked['REQUEST_METHOD']} {asked['RAW_URI']}: {told[0]}: {body[:500]!r}")
    return told[1], body
