"""``crm_mock``: the vendors' hosts answered in this process, through the library `responses`."""

from __future__ import annotations

import io
from collections.abc import Iterable
from contextlib import ExitStack
from http.client import RemoteDisconnected
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import requests
import responses

from adapter.cli.testing import InProcess, in_process
from adapter.pytest_plugin.surface import Served, Surfaced, SurfaceError

HERE = "127.0.0.1"


class InThisProcess(Served):
    """All dialects over a temporary database, from `with` to its end."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._stack = ExitStack()
        self.inside: InProcess

    def __enter__(self) -> InThisProcess:
        self.inside = self._stack.enter_context(in_process(self._folder))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def ask(self, method: str, what: str, body: bytes = b"") -> tuple[int, bytes]:
        status, _, answer, _ = self.answer(method, f"http://{HERE}/_crmglot/{what}", [], body)
        return status, answer

    def answer(
        self, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes, bool]:
        """Status, headers, body, and whether the connection breaks after what there is of them (status 0: nothing)."""
        parts = urlsplit(url)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(parts.path).decode("latin-1"),
            "QUERY_STRING": parts.query,
            "RAW_URI": target,
            "SERVER_NAME": HERE,
            "SERVER_PORT": str(parts.port or (443 if parts.scheme == "https" else 80)),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": HERE,
            "HTTP_HOST": parts.netloc.rpartition("@")[2],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": parts.scheme,
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in headers:
            key = name.upper().replace("-", "_")
            if "_" in name and key not in self.inside.underscored:
                # As the server does it: such a name could pose as another.
                continue
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        environ["CONTENT_LENGTH"] = str(len(body)) if body else ""
        said: list[tuple[int, list[tuple[str, str]]]] = []

        def start(status: str, given: list[tuple[str, str]], *_: Any) -> None:
            said.append((int(status[:3]), given))

        got, broken = b"", False
        try:
            for piece in self.inside.application(environ, start):
                got += piece
        except ConnectionAbortedError:
            broken = True
        status, answered = said[0] if said else (0, [])
        return status, answered, got, broken


class _Vendors(responses.CallbackResponse):
    """Answers every request to a host that a dialect serves, unless the test has an answer of its own for it."""

    def __init__(self, mock: CrmMock, through: responses.RequestsMock) -> None:
        super().__init__("GET", "https://crm.test/", mock.answer, content_type=None)
        self._mock = mock
        self._through = through

    def matches(self, request: requests.PreparedRequest) -> tuple[bool, str]:
        if not self._mock.serves(str(request.url)):
            return False, "no vendor's host"
        for other in self._through.registered():
            if other is not self and other.matches(request)[0]:
                return False, "the test answers it itself"
        return True, ""


class CrmMock(Surfaced):
    """What a test gets: hosts of vendors that `requests` reaches without a socket."""

    def __init__(self, core: InThisProcess, folder: Path) -> None:
        super().__init__(core, folder)
        self._core = core
        self._hosts: dict[str, str] = {}
        self.responses = responses.mock
        """The library's own mock: what else a test wants answered it adds there."""

    def __enter__(self) -> CrmMock:
        for name, dialect in self._core.inside.dialects.items():
            if not dialect.hosts:
                self.host(name, f"{name}.crm.test")
        self.responses.start()
        self.responses.add(_Vendors(self, self.responses))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.responses.stop(allow_assert=False)
        self.responses.reset()
        for host in self._hosts.values():
            self._core.inside.mounts.forget_host(host)

    def host(self, dialect: str, host: str) -> None:
        """Answers for that dialect at the root of this host, too."""
        self._known(dialect)
        if dialect in self._hosts:
            self._core.inside.mounts.forget_host(self._hosts[dialect])
        self._hosts[dialect] = host
        self._core.inside.mounts.add_host(host, dialect)

    def url(self, dialect: str) -> str:
        """Where a client of that vendor is to be pointed: the vendor's own host, or the one that was named here."""
        if dialect in self._hosts:
            return f"https://{self._hosts[dialect]}"
        patterns = [pattern for pattern in self._known(dialect).hosts if "staging" not in pattern]
        slug = self._loaded[0]["slug"] if self._loaded else "acme"
        return f"https://{patterns[0].replace('*', slug)}"

    def serves(self, url: str) -> bool:
        """Whether a dialect answers for the host of that address."""
        parts = urlsplit(url)
        return self._core.inside.mounts.find(parts.netloc.rpartition("@")[2], "/") is not None

    def answer(self, request: requests.PreparedRequest) -> tuple[int, list[tuple[str, str]], bytes]:
        """What the library is to give. Raises `requests.ConnectionError` for a connection that was cut."""
        headers = [(name, _text(value)) for name, value in request.headers.items()]
        url, method = str(request.url), str(request.method)
        status, answered, body, broken = self._core.answer(method, url, headers, _bytes(request.body))
        if broken and not status:
            told = "Remote end closed connection without response"
            raise requests.ConnectionError("Connection aborted.", RemoteDisconnected(told), request=request)
        return status, answered, body

    def _known(self, dialect: str) -> Any:
        known = self._core.inside.dialects
        if dialect not in known:
            raise SurfaceError(f"there is no dialect {dialect}; known: {', '.join(known)}")
        return known[dialect]


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _bytes(body: Any) -> bytes:
    """A body in one piece, whatever the client gave it as."""
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    return bytes(body) if isinstance(body, bytes | bytearray) else b"".join(map(_bytes, body))
