"""Where in the bytes of a JSON or XML body each value stands."""

from __future__ import annotations

import re
from typing import Any

import orjson

from adapter.formats import json_body, xml_body

Spans = dict[str, tuple[int, int]]
"""JSON pointer -> start and end of the value's bytes. In XML: path of a leaf element -> its text."""

_JSON = re.compile(rb'[{}\[\],]|"(?:[^"\\]|\\.)*"|[^\s{}\[\],:"]+')
_XML = re.compile(rb"<(/?)([A-Za-z_][\w:.-]*)[^<>]*?(/?)>")


def spans_of(body: bytes) -> Spans:
    """The spans of a body, JSON or (where it starts with ``<``) XML. Raises Malformed or TooLarge."""
    return _xml_spans(body) if body.startswith(b"<") else _json_spans(body)


def _json_spans(body: bytes) -> Spans:
    json_body.parse(body)
    spans: Spans = {}
    # Of each open array or object: its pointer, its start, and the index or key at which the next value goes.
    # None as key means that the next string is the key.
    stack: list[tuple[str, int, Any]] = []
    for match in _JSON.finditer(body):
        token = match[0]
        if token in (b"{", b"["):
            stack.append((_pointer(stack), match.start(), None if token == b"{" else 0))
        elif token in (b"}", b"]"):
            pointer, start, _ = stack.pop()
            spans[pointer] = (start, match.end())
        elif token == b",":
            pointer, start, key = stack.pop()
            stack.append((pointer, start, key + 1 if isinstance(key, int) else None))
        elif stack and stack[-1][2] is None:
            pointer, start, _ = stack.pop()
            stack.append((pointer, start, orjson.loads(token)))
        else:
            spans[_pointer(stack)] = match.span()
    return spans


def _pointer(stack: list[tuple[str, int, Any]]) -> str:
    if not stack:
        return ""
    pointer, _, key = stack[-1]
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def _xml_spans(body: bytes) -> Spans:
    xml_body.parse(body)
    spans: Spans = {}
    # Of each open element: its path, where its content starts, and the children seen so far by name.
    stack: list[tuple[str, int, dict[str, int]]] = []
    for match in _XML.finditer(body):
        if match[1]:
            if stack:
                path, start, children = stack.pop()
                if not children:
                    spans[path] = (start, match.start())
            continue
        name = match[2].decode("utf-8", "replace")
        path = ""
        if stack:
            count = stack[-1][2][name] = stack[-1][2].get(name, 0) + 1
            name = name if count == 1 else f"{name}[{count}]"
            path = stack[-1][0]
        if not match[3]:
            stack.append((f"{path}/{name}", match.end(), {}))
    return spans
