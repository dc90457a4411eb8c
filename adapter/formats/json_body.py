"""JSON between bytes and plain data: dict, list, str, int, float, bool, None.

Writers differ only in which characters they escape and how they print a float, so each runs orjson first and
then changes the few bytes its own language writes otherwise.
"""

from __future__ import annotations

import codecs
import math
import re
from collections.abc import Callable
from json.encoder import encode_basestring_ascii
from typing import Any

import orjson

from adapter.formats.errors import Malformed, OutOfRange, TooDeep, TooLarge
from adapter.formats.numbers import go_float, php_float

_ESCAPE = re.compile(rb"\\(.)")
# A float as orjson prints it has a fraction or an exponent before the next delimiter. Text inside a string may
# match too; that only costs a walk over the data.
_FRACTION = re.compile(rb"\.[0-9]+(?:e[+-]?[0-9]+)?(?:[],}]|\Z)")
_EXPONENT = re.compile(rb"e[+-]?[0-9]+(?:[],}]|\Z)")
# Go up to 1.21 knows no short form for backspace and form feed (encoding/json, encodeState.string).
_GO_CONTROL = re.compile(rb"\\[bf]")
_GO_SEPARATOR = re.compile(rb"\xe2(?=\x80[\xa8\xa9])")
_GO_CONTROLS = {b"b": b"\\u0008", b"f": b"\\u000c"}


MAX_NESTED, MAX_ITEMS = 20_000, 100_000
"""Arrays and objects, and all items and members in them: the smallest take 25 times the bytes they are sent in."""
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{},]', re.DOTALL)


def parse(data: bytes, max_depth: int = 64) -> Any:
    """Plain data from one JSON text in UTF-8.

    Raises Malformed with line, column and offset where it is no JSON, TooDeep where it nests more than
    `max_depth` arrays and objects, OutOfRange for a number beyond a double (``1e400``), TooLarge past `MAX_NESTED` or
    `MAX_ITEMS`, which are counted before anything is made. Of repeated keys the last counts; integers past 64 bits
    become floats.
    """
    _refuse_many(data, max_depth)
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        # orjson gives up by itself past 1024 levels, or earlier in text that also breaks off.
        if error.msg.startswith(("depth limit", "Recursion limit", "failed to allocate")):
            raise _too_deep(max_depth) from None
        kind = OutOfRange if error.msg.startswith("number is infinity") else Malformed
        raise kind(error.msg, line=error.lineno, column=error.colno, offset=error.pos) from None
    if data.count(b"[") + data.count(b"{") > max_depth:
        _refuse_deeper(value, max_depth)
    return value


def _refuse_many(data: bytes, max_depth: int) -> None:
    if data.count(b"[") + data.count(b"{") <= MAX_NESTED and data.count(b",") <= MAX_ITEMS:
        return
    nested = depth = items = 0
    for token in _TOKEN.finditer(data):
        match token[0][:1]:
            case b"[" | b"{":
                nested, depth = nested + 1, depth + 1
                if depth > max_depth:
                    raise _too_deep(max_depth)
            case b",":
                items += 1
            case b"]" | b"}":
                depth -= 1
        if nested > MAX_NESTED or items > MAX_ITEMS:
            raise TooLarge(nested + items, MAX_ITEMS)


def _too_deep(max_depth: int) -> TooDeep:
    return TooDeep(f"nested deeper than {max_depth} levels")


def _refuse_deeper(value: Any, max_depth: int) -> None:
    level = [value] if isinstance(value, dict | list) else []
    depth = 0
    while level:
        depth += 1
        if depth > max_depth:
            raise _too_deep(max_depth)
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]


def render(data: Any) -> bytes:
    """Compact JSON in UTF-8. Raises TypeError for what JSON cannot say (a programming error, not a client's)."""
    return orjson.dumps(data)


def render_ascii(data: Any) -> bytes:
    r"""Compact JSON in pure ASCII: ``\u00e9``, lower-case hex, surrogate pairs past U+FFFF."""
    return _to_ascii(orjson.dumps(data))


def ascii_string(text: str) -> str:
    r"""A text as `render_ascii` writes it, quotes included: for JSON that is put together as text."""
    if "\x7f" in text:
        # Of all ASCII characters Python escapes this one more than orjson does.
        return '"' + "\x7f".join(encode_basestring_ascii(part)[1:-1] for part in text.split("\x7f")) + '"'
    return encode_basestring_ascii(text)


def render_php(data: Any, *, floats: bool = True) -> bytes:
    r"""JSON as PHP 5's json_encode writes it: ASCII as above and ``/`` as ``\/``; floats with 14 digits.

    With `floats` off the data must hold none: looking for them takes as long as writing a list.
    An empty PHP array is ``[]`` whatever it was meant to be: pass a list for it. A dict is always an object.
    Source: php-src ext/json/json.c; seen in the recordings under fixtures/.
    """
    # A slash stands nowhere but inside strings, so the bytes can be replaced blindly.
    return _to_ascii(_with_floats(data, php_float) if floats else orjson.dumps(data)).replace(b"/", b"\\/")


def render_go(data: Any) -> bytes:
    r"""JSON as Go's encoding/json writes it up to Go 1.21, key order kept."""
    return escape_go(_with_floats(data, go_float))


def escape_go(body: bytes) -> bytes:
    r"""JSON without floats that orjson wrote, as Go writes it.

    ``<``, ``>``, ``&``, U+2028 and U+2029 are ``\u003c`` and so on, other text stays UTF-8; backspace and form
    feed are ``\u0008`` and ``\u000c``. Source: encoding/json, encodeState.string with escapeHTML on.
    """
    # Looking for one byte is a hundred times quicker than for a run of them, and most text has none of these.
    if b"\\" in body and _GO_CONTROL.search(body):
        body = _ESCAPE.sub(lambda match: _GO_CONTROLS.get(match[1], match[0]), body)
    body = body.replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026")
    if b"\xe2" in body and _GO_SEPARATOR.search(body):
        body = body.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    return body


def _to_ascii(body: bytes) -> bytes:
    if body.isascii():
        return body
    return body.decode().encode("ascii", "adapter.json_escape")


def _escape_run(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return encode_basestring_ascii(error.object[error.start : error.end])[1:-1], error.end


# As an error handler of the ASCII codec the escaping runs only where a character needs it.
codecs.register_error("adapter.json_escape", _escape_run)


def _with_floats(data: Any, write: Callable[[float], str]) -> bytes:
    """`data` by orjson, but every finite float by `write`."""
    body = orjson.dumps(data)
    if _FRACTION.search(body) or _EXPONENT.search(body):
        return orjson.dumps(_floats_replaced(data, write))
    return body


def _floats_replaced(data: Any, write: Callable[[float], str]) -> Any:
    if isinstance(data, float):
        return orjson.Fragment(write(data)) if math.isfinite(data) else None
    if isinstance(data, dict):
        return {key: _floats_replaced(value, write) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_floats_replaced(value, write) for value in data]
    return data
