"""Where the values of a message stand in its bytes: path, query, headers, cookies, and the fields of any body."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote_plus

import orjson

from adapter.contract.spans import spans_of
from adapter.formats import Malformed, TooLarge

_FORM = "application/x-www-form-urlencoded"
_PAIR = re.compile(rb"([^&=]+)=([^&]*)")
_COOKIE = re.compile(rb"(?:\A|;)\s*([^=;\s]+)=([^;\r\n]*)")
_YAML = re.compile(rb"^[ \t-]*([\w.-]+):[ \t]+[\"']?([^\r\n\"']*)[\"']?[ \t]*\r?$", re.MULTILINE)
_PLAIN_TOKEN = re.compile(r"[^\x00-\x20\x7f]*\Z")


@dataclass(frozen=True, slots=True)
class Value:
    """One value: `text` is what it means, the bytes from `start` to `end` how it is written, in `coding`.

    `place` is ``path N`` (its Nth segment), ``query NAME``, ``header NAME``, ``cookie NAME``, ``form NAME`` or
    ``body POINTER``; `name` is the last word of it.
    """

    place: str
    name: str
    text: str
    start: int
    end: int
    coding: str


def split(raw: bytes) -> tuple[bytes, bytes]:
    """Head and body of a message, the blank line with the head."""
    head, blank, body = raw.partition(b"\r\n\r\n")
    return head + blank, body


def values(raw: bytes) -> list[Value]:
    """All values of a request or response, in the order in which they stand; a body of no known kind has none."""
    head, body = split(raw)
    found: list[Value] = []
    first, _, _ = head.partition(b"\r\n")
    if not first.startswith(b"HTTP/"):
        found += _of_target(first)
    media = b""
    position = len(first) + 2
    for line in head[position:].split(b"\r\n"):
        name, colon, rest = line.partition(b":")
        if colon:
            start = position + len(name) + 1 + len(rest) - len(rest.lstrip())
            end = position + len(line.rstrip())
            found += _of_header(name.decode("iso-8859-1"), raw, start, end)
            if name.lower() == b"content-type":
                media = rest.strip().lower()
        position += len(line) + 2
    return found + [
        Value(v.place, v.name, v.text, v.start + len(head), v.end + len(head), v.coding) for v in fields(body, media)
    ]


def fields(body: bytes, media: bytes) -> list[Value]:
    """The fields of a body alone."""
    if media.startswith(_FORM.encode()):
        return [_pair("form", match) for match in _PAIR.finditer(body)]
    if b"yaml" in media:
        return [
            Value(f"body /{_text(match[1])}", _text(match[1]), _text(match[2]), *match.span(2), "plain")
            for match in _YAML.finditer(body)
        ]
    if not body[:1] or body[:1] not in b'<{["':
        return []
    try:
        spans = spans_of(body)
    except (Malformed, TooLarge, ValueError, IndexError):
        return []
    coding = "xml" if body.startswith(b"<") else "json"
    return [value for pointer, span in spans.items() for value in _leaf(body, pointer, span, coding)]


def _leaf(body: bytes, pointer: str, span: tuple[int, int], coding: str) -> Iterator[Value]:
    raw = body[slice(*span)]
    name = re.sub(r"\[\d+\]\Z", "", pointer.rpartition("/")[2]).replace("~1", "/").replace("~0", "~")
    if coding == "xml":
        yield Value(f"body {pointer}", name, html.unescape(_text(raw)), *span, "xml")
    elif raw.startswith(b'"'):
        yield Value(f"body {pointer}", name, orjson.loads(raw), span[0] + 1, span[1] - 1, "json")
    elif raw[:1] not in (b"{", b"["):
        yield Value(f"body {pointer}", name, _text(raw), *span, "json")


def _of_target(line: bytes) -> Iterator[Value]:
    start = line.find(b" ") + 1
    end = line.rfind(b" ")
    target = line[start:end]
    path, _, query = target.partition(b"?")
    position = start
    for number, segment in enumerate(path.split(b"/")):
        if segment:
            text = unquote_plus(_text(segment).replace("+", "%2B"))
            yield Value(f"path {number}", "", text, position, position + len(segment), "url")
        position += len(segment) + 1
    base = start + len(path) + 1
    for match in _PAIR.finditer(query):
        pair = _pair("query", match)
        yield Value(pair.place, pair.name, pair.text, pair.start + base, pair.end + base, "url")


def _pair(place: str, match: re.Match[bytes]) -> Value:
    name = unquote_plus(_text(match[1]))
    return Value(f"{place} {name}", name, unquote_plus(_text(match[2])), *match.span(2), "url")


def _of_header(name: str, raw: bytes, start: int, end: int) -> Iterator[Value]:
    content = raw[start:end]
    lower = name.lower()
    if lower in ("cookie", "set-cookie"):
        pairs = list(_COOKIE.finditer(content))
        for match in pairs[: 1 if lower == "set-cookie" else None]:
            cookie = _text(match[1])
            span = start + match.start(2), start + match.end(2)
            yield Value(f"cookie {cookie}", cookie, _text(match[2]), *span, "plain")
    else:
        yield Value(f"header {name}", name, content.decode("iso-8859-1"), start, end, "plain")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def encoded(text: str, coding: str) -> bytes:
    """`text` as it is written where values are in `coding`."""
    return _CODINGS[coding](text)


_CODINGS: Mapping[str, Callable[[str], bytes]] = {
    "plain": lambda text: text.encode("iso-8859-1") if text.isascii() else text.encode("utf-8"),
    "url": lambda text: quote(text, safe="-._~{}:,()").encode(),
    "json": lambda text: orjson.dumps(text)[1:-1],
    "xml": lambda text: html.escape(text, quote=False).encode("utf-8"),
}


def spliced(raw: bytes, changes: Mapping[tuple[int, int], bytes]) -> bytes:
    """`raw` with spans replaced, and its Content-Length so that it fits again."""
    pieces, position = [], 0
    for (start, end), new in sorted(changes.items()):
        pieces += [raw[position:start], new]
        position = end
    return fitted(b"".join([*pieces, raw[position:]]))


def fitted(raw: bytes) -> bytes:
    """A message whose Content-Length, where it has one, is that of its body; for HEAD, keep it away from here."""
    head, body = split(raw)
    head = re.sub(rb"(?im)^(content-length[ \t]*:[ \t]*)\d+", lambda m: m[1] + str(len(body)).encode(), head, count=1)
    return head + body


def is_line_safe(text: str) -> bool:
    """Whether a text may stand in a header or a request line without breaking it."""
    return _PLAIN_TOKEN.match(text) is not None
