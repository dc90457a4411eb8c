"""HTTP/1.1 messages as they stand in a file: raw bytes <-> WireRequest, WireResponse."""

from __future__ import annotations

import re

from adapter.formats import Malformed
from adapter.wire import Headers, WireRequest, WireResponse

MAX_HEAD = 65_536
MAX_HEADERS = 200

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_REQUEST_LINE = re.compile(r"([A-Z]{1,20}) ([/*][\x21-\x7e]*) HTTP/1\.[01]\Z")
_STATUS_LINE = re.compile(r"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\Z")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})(?:;[^\r\n]*)?\Z")


def parse_request(raw: bytes, base_url: str = "http://localhost") -> WireRequest:
    """The request in `raw`. Raises Malformed, also where Content-Length does not fit the body."""
    line, headers, body = _split(raw)
    match = _REQUEST_LINE.match(line)
    if match is None:
        raise Malformed("not a request line")
    found = Headers(headers)
    _check_length(found.get("Content-Length"), body)
    path, _, query = match[2].partition("?")
    host = found.get("Host") or "localhost"
    return WireRequest(match[1], path, query, found, body, base_url=base_url, host=host)


def parse_response(raw: bytes) -> WireResponse:
    """The response in `raw`, its chunks put together. Raises Malformed, also where lengths do not fit."""
    line, headers, body = _split(raw)
    match = _STATUS_LINE.match(line)
    if match is None:
        raise Malformed("not a status line")
    found = Headers(headers)
    if (found.get("Transfer-Encoding") or "").lower() == "chunked":
        body = _unchunked(body)
    else:
        _check_length(found.get("Content-Length"), body)
    return WireResponse(int(match[1]), headers, body)


def _split(raw: bytes) -> tuple[str, list[tuple[str, str]], bytes]:
    head, blank, body = raw.partition(b"\r\n\r\n")
    if not blank or len(head) > MAX_HEAD:
        raise Malformed("no end of headers")
    first, *lines = head.decode("iso-8859-1").split("\r\n")
    if len(lines) > MAX_HEADERS:
        raise Malformed("too many headers")
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _NAME.match(name) or "\n" in value or "\r" in value:
            raise Malformed(f"not a header: {line[:80]!r}")
        headers.append((name, value.strip(" \t")))
    return first, headers, body


def _check_length(length: str | None, body: bytes) -> None:
    if length is not None and length != str(len(body)):
        raise Malformed(f"Content-Length {length[:20]} but {len(body)} bytes of body")


def _unchunked(body: bytes) -> bytes:
    chunks: list[bytes] = []
    position = 0
    while True:
        end = body.find(b"\r\n", position, position + 1_000)
        match = _CHUNK_SIZE.match(body[position:end]) if end >= 0 else None
        if match is None:
            raise Malformed("not a chunk", offset=position)
        size = int(match[1], 16)
        if size == 0:
            return b"".join(chunks)
        start, position = end + 2, end + 4 + size
        if body[start + size : position] != b"\r\n":
            raise Malformed("a chunk breaks off", offset=start)
        chunks.append(body[start : start + size])
