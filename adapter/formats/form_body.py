"""Form data: urlencoded pairs, PHP's bracket nesting, multipart, and the way back to a query string."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias
from urllib.parse import quote_plus, unquote_to_bytes

from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from adapter.formats import charsets
from adapter.formats.errors import Malformed, TooDeep, TooLarge
from adapter.formats.numbers import php_float

Nested: TypeAlias = "str | dict[str, Nested]"
"""A value as PHP's parse_str leaves it. An array is a dict in insertion order; its integer keys are text."""

Part: TypeAlias = tuple[str, str, str, bytes]
"""A file of a multipart body: name, file name, content type, content."""

_INTEGER = re.compile(r"(?:0|-?[1-9][0-9]{0,18})\Z")
_LARGEST = 2**63 - 1
_SPACES = " \t\n\v\f\r"


def parse_pairs(data: bytes | str, *, charset: str | None = None, max_pairs: int = 10_000) -> list[tuple[str, str]]:
    """Urlencoded pairs in the order sent: ``[("name", "value"), ...]``.

    ``+`` is a space, a malformed ``%zz`` stays as it is, empty pairs are skipped, only ``&`` separates, and a
    pair without ``=`` has the value ``""``. `charset` is the label that came with them; text that is none in it, or in
    UTF-8 where there is no label, is windows-1252: many clients send that (`charsets`). A `str` is taken as WSGI gives
    it: its characters are bytes. Raises only TooLarge, past `max_pairs`.
    """
    raw = _bytes(data) if isinstance(data, str) else data
    if raw.count(b"&") >= max_pairs:
        _refuse_more(sum(1 for pair in raw.split(b"&") if pair), max_pairs)
    codec = charsets.of_form(charset)
    pairs = []
    for pair in raw.replace(b"+", b" ").split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            pairs.append((_decode(name, codec), _decode(value, codec)))
    return pairs


def _bytes(text: str) -> bytes:
    try:
        return text.encode("iso-8859-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _refuse_more(size: int, limit: int) -> None:
    if size > limit:
        raise TooLarge(size, limit)


def _decode(raw: bytes, codec: str) -> str:
    return charsets.text(unquote_to_bytes(raw) if b"%" in raw else raw, codec)


def nest(
    pairs: Iterable[tuple[str, str]], *, max_depth: int = 64, max_pairs: int = 10_000, max_keys: int = 100_000
) -> dict[str, Nested]:
    """Pairs as PHP's parse_str nests them: ``a[b][]=1`` -> ``{"a": {"b": {"0": "1"}}}``.

    Source: php-src main/php_variables.c, php_register_variable_ex, as of PHP 5.6. A variable nested deeper than
    `max_depth` is dropped whole, as there (max_input_nesting_level). Raises TooLarge past `max_pairs`, and past
    `max_keys` in all their names together: each may be an array of its own.
    """
    result: dict[str, Nested] = {}
    # The next free index by identity of the array, which is kept here so that no identity is used twice.
    counters: dict[int, tuple[dict[str, Nested], int]] = {}
    keys = 0
    for count, (name, value) in enumerate(pairs, 1):
        _refuse_more(count, max_pairs)
        path = _keys(name)
        keys += len(path)
        _refuse_more(keys, max_keys)
        if not path:
            continue
        if len(path) - 1 > max_depth:
            result.pop(path[0] or "", None)
            continue
        _put(result, path, value, counters)
    return result


def _keys(name: str) -> list[str | None]:
    """The keys a variable name leads through; None stands for ``[]``, an empty list for no variable."""
    name = name.partition("\0")[0].lstrip(" ")
    head, bracket, rest = name.partition("[")
    head = head.replace(" ", "_").replace(".", "_")
    if not head:
        return []
    keys: list[str | None] = [head]
    while bracket:
        blank = rest[:1] in _SPACES and rest[1:2] == "]"
        if rest.startswith("]") or blank:
            keys.append(None)
            rest = rest[2 if blank else 1 :]
        else:
            key, closing, remainder = rest.partition("]")
            if not closing:
                # The bracket of an open top-level index becomes part of the name; a deeper one is lost.
                return [f"{head}_{key}"] if len(keys) == 1 else keys
            keys.append(key)
            rest = remainder
        # Whatever follows a closing bracket, unless it opens another, is ignored.
        bracket, rest = rest[:1] if rest.startswith("[") else "", rest[1:]
    return keys


def _put(
    result: dict[str, Nested],
    path: list[str | None],
    value: str,
    counters: dict[int, tuple[dict[str, Nested], int]],
) -> None:
    array = result
    for position, key in enumerate(path):
        if key is None:
            free = counters.get(id(array), (array, 0))[1]
            if free > _LARGEST:
                return
            key = str(free)
            counters[id(array)] = (array, free + 1)
        elif _INTEGER.match(key):
            number = int(key)
            if number <= _LARGEST and number >= counters.get(id(array), (array, 0))[1]:
                counters[id(array)] = (array, number + 1)
        if position == len(path) - 1:
            array[key] = value
            return
        inner = array.get(key)
        if not isinstance(inner, dict):
            inner = array[key] = {}
        array = inner


def as_list(value: Any) -> Any:
    """The values of a dict whose keys are ``"0"`` to ``"n-1"``, by index; anything else unchanged."""
    if not isinstance(value, dict):
        return value
    keys = [str(index) for index in range(len(value))]
    return [value[key] for key in keys] if all(key in value for key in keys) else value


def multipart(
    body: bytes, content_type: str, *, max_bytes: int = 20_000_000, max_parts: int = 1_000
) -> tuple[list[tuple[str, str]], list[Part]]:
    """The fields and the files of a multipart/form-data body, each in the order sent.

    Raises Malformed where the content type has no boundary or the body breaks off, TooLarge past `max_bytes`
    of body or `max_parts` parts. The label that counts for a field's text is its own, else the body's.
    """
    _refuse_more(len(body), max_bytes)
    kind, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not boundary or len(boundary) > 200:
        raise Malformed("no multipart boundary")
    decoder = MultipartDecoder(boundary.encode("utf-8", "replace"), max_parts=max_parts)
    try:
        return _collect(decoder, body, charsets.label(content_type))
    except RequestEntityTooLarge:
        raise TooLarge(max_parts + 1, max_parts) from None
    except ValueError as error:
        raise Malformed(f"malformed multipart body: {error}") from None


def _collect(decoder: MultipartDecoder, body: bytes, label: str | None) -> tuple[list[tuple[str, str]], list[Part]]:
    fields: list[tuple[str, str]] = []
    files: list[Part] = []
    part: Field | File | None = None
    content: list[bytes] = []
    decoder.receive_data(body)
    decoder.receive_data(None)
    event = decoder.next_event()
    while not isinstance(event, Epilogue | NeedData):
        if isinstance(event, Field | File):
            part, content = event, []
        elif isinstance(event, Data):
            content.append(event.data)
            if not event.more_data and isinstance(part, File):
                kind = _header(part.headers, "content-type", "application/octet-stream")
                files.append((part.name or "", part.filename or "", kind, b"".join(content)))
            elif not event.more_data and part is not None:
                codec = charsets.of_form(charsets.label(_header(part.headers, "content-type", "")) or label)
                fields.append((part.name or "", charsets.text(b"".join(content), codec)))
        event = decoder.next_event()
    return fields, files


def _header(headers: Headers, name: str, default: str) -> str:
    return str(headers.get(name, default))


def build_query(data: Mapping[str, Any] | list[Any] | tuple[Any, ...], *, max_depth: int = 64) -> str:
    """A query string as PHP's http_build_query writes it: ``{"a": {"b": True}}`` -> ``a%5Bb%5D=1``.

    None and empty arrays are left out, booleans are 1 and 0, a space is ``+``. Raises TooDeep.
    """
    return "&".join(f"{_quote(name)}={_quote(value)}" for name, value in _flat(data, "", max_depth))


def _flat(data: Mapping[str, Any] | list[Any] | tuple[Any, ...], prefix: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth == 0:
        raise TooDeep("nested too deep for a query string")
    items: Iterable[tuple[Any, Any]] = data.items() if isinstance(data, Mapping) else enumerate(data)
    for key, value in items:
        name = f"{prefix}[{key}]" if prefix else str(key)
        if isinstance(value, Mapping | list | tuple):
            yield from _flat(value, name, depth - 1)
        elif isinstance(value, bool):
            yield name, "1" if value else "0"
        elif isinstance(value, float):
            yield name, php_float(value, "E")
        elif value is not None:
            yield name, str(value)


def _quote(text: str) -> str:
    # PHP's urlencode escapes the tilde, Python's does not.
    return quote_plus(text, errors="replace").replace("~", "%7E")
