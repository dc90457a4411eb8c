"""A raw socket HTTP client: what a library would tidy up is seen as it is."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


class Closed(Exception):
    """The server closed the connection before a whole response was there; `got` is what came."""

    def __init__(self, got: bytes) -> None:
        super().__init__(repr(got[:200]))
        self.got = got


@dataclass
class Response:
    """One response, header names in the letter case they came in."""

    version: str
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    interim: list[Response] = field(default_factory=list)

    def header(self, name: str) -> str | None:
        """The first value under exactly this name, letter case included."""
        return next((value for key, value in self.headers if key == name), None)

    def any_case(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class RawConnection:
    """One connection; send what you like, read one response at a time."""

    def __init__(self, host: str, port: int, *, tls: ssl.SSLContext | None = None, timeout: float = 15.0) -> None:
        self.sock = socket.create_connection((host, port), timeout=timeout)
        if tls is not None:
            self.sock = tls.wrap_socket(self.sock, server_hostname=host)
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.sock.close()

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def read_response(self, *, head: bool = False) -> Response:
        """The next final response; those of status 1xx before it are its `interim`."""
        interim: list[Response] = []
        while True:
            response = self._read_head()
            if response.status >= 200:
                response.interim = interim
                if not head and response.status not in (204, 304):
                    response.body = self._read_body(response)
                return response
            interim.append(response)

    def read_interim(self) -> Response:
        """The next response of status 1xx."""
        return self._read_head()

    def ended(self) -> bool:
        """Whether the server closes now and sends nothing more."""
        try:
            return not self._buffer and self.sock.recv(1) == b""
        except ConnectionResetError:
            return True

    def _more(self) -> None:
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            raise Closed(self._buffer)
        self._buffer += data

    def _line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            self._more()
        line, self._buffer = self._buffer.split(b"\r\n", 1)
        return line

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._more()
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def _read_head(self) -> Response:
        version, status, reason = self._line().decode("latin-1").split(" ", 2)
        headers = []
        while line := self._line().decode("latin-1"):
            name, value = line.split(":", 1)
            headers.append((name, value.strip(" \t")))
        return Response(version, int(status), reason, headers)

    def _read_body(self, response: Response) -> bytes:
        if (response.any_case("Transfer-Encoding") or "").lower() == "chunked":
            pieces = []
            while size := int(self._line().split(b";")[0], 16):
                pieces.append(self._exactly(size))
                self._exactly(2)
            while self._line():
                pass
            return b"".join(pieces)
        length = response.any_case("Content-Length")
        if length is not None:
            return self._exactly(int(length))
        try:
            while True:
                self._more()
        except Closed as closed:
            self._buffer = b""
            return closed.got


def request(host: str, port: int, data: bytes, *, tls: ssl.SSLContext | None = None) -> Response:
    """Send these bytes on a connection of their own and read one response."""
    with RawConnection(host, port, tls=tls) as connection:
        connection.send(data)
        return connection.read_response(head=data.startswith(b"HEAD "))
