"""Calling a WSGI application in this process, with the environ that the shipped server would give it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True)
class Answer:
    """What the application gave: the status line, the headers as they are, the body."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def code(self) -> int:
        return int(self.status[:3])

    def header(self, name: str) -> str | None:
        """The first value under exactly this name."""
        return next((value for given, value in self.headers if given == name), None)


def environ(
    method: str,
    target: str,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    *,
    host: str | None = "localhost:8080",
    peer: str = "127.0.0.1",
    scheme: str = "http",
    raw: bool = True,
) -> dict[str, Any]:
    """`raw` puts the target beside the decoded path, as gunicorn does."""
    path, _, query = target.partition("?")
    made: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": peer,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if raw:
        made["RAW_URI"] = target
    if host is not None:
        made["HTTP_HOST"] = host
    if body:
        made["CONTENT_LENGTH"] = str(len(body))
    for name, value in headers:
        key = name.upper().replace("-", "_")
        made[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return made


def call(application: Application, given: dict[str, Any]) -> Answer:
    """The answer to one request."""
    told: list[tuple[str, tuple[tuple[str, str], ...]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        told.append((status, tuple(headers)))

    pieces = application(given, start_response)
    body = b"".join(pieces)
    close = getattr(pieces, "close", None)
    if close is not None:
        close()
    assert len(told) == 1
    return Answer(told[0][0], told[0][1], body)
