"""Parameters: query string and body merged, wherever a client put them (opentaps dossier, sections 1 and 3)."""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from adapter.formats import Malformed, TooLarge, charsets, form_body, json_body
from adapter.wire import WireRequest
from canonical.values import clean_text

Pairs = list[tuple[str, str]]
MAX_PAIRS = 10_000
"""Of a form, and of an object and its `attributes`."""
MAX_WORDS = 10_000
"""Of one list."""

_LISTS = re.compile(r"[,\s]+")


@dataclass(slots=True)
class Parameters:
    """All pairs in order, query string before body; `first` is the value that counts of each name.

    `json` is the body when it was a JSON object, `files` how many files a multipart body held.
    """

    pairs: Pairs
    first: dict[str, str]
    json: dict[str, Any] | None = None
    files: int = 0

    def get(self, name: str) -> str | None:
        return self.first.get(name)

    def given(self, *names: str) -> str | None:
        """The first of these that is there and not blank, without blanks around it."""
        for name in names:
            value = (self.first.get(name) or "").strip()
            if value:
                return value
        return None

    def all(self, *names: str) -> list[str]:
        return [value for name, value in self.pairs if name in names]

    @property
    def attributes(self) -> dict[str, str]:
        """The object `attributes` of a JSON body, its values as text."""
        inner = None if self.json is None else self.json.get("attributes")
        return {clean_text(key): plain(value) for key, value in inner.items()} if isinstance(inner, dict) else {}


def read_parameters(request: WireRequest) -> Parameters:
    """The parameters of a request. On a conflict the query string wins, then the first value.

    Raises Malformed for a body that claims to be JSON or multipart and is not, TooLarge past `MAX_PAIRS`.
    """
    pairs = form_body.parse_pairs(request.query, max_pairs=MAX_PAIRS) if request.query else []
    json, files = None, 0
    if request.body:
        more, json, files = _read_body(request)
        pairs += more
    if any("\0" in name or "\0" in value for name, value in pairs):
        pairs = [(clean_text(name), clean_text(value)) for name, value in pairs]
    first: dict[str, str] = {}
    for name, value in pairs:
        first.setdefault(name, value)
    return Parameters(pairs, first, json, files)


def _read_body(request: WireRequest) -> tuple[Pairs, dict[str, Any] | None, int]:
    content_type = request.headers.get("Content-Type") or ""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data" and ("boundary" in content_type.lower() or not _is_form(request.body)):
        fields, files = form_body.multipart(request.body, content_type)
        return fields, None, len(files)
    charset = charsets.label(content_type)
    body = request.body.removeprefix(codecs.BOM_UTF8)
    data = _json_object(body, charset, kind)
    if data is not None:
        return _flat_pairs(data), data, 0
    # Any other body is a form, whatever its Content-Type says: the 2012 server never looked at it.
    return form_body.parse_pairs(body, charset=charset, max_pairs=MAX_PAIRS), None, 0


def _json_object(body: bytes, charset: str | None, kind: str) -> dict[str, Any] | None:
    """The object a JSON body holds; None for a body that is a form.

    Raises Malformed for one that is called JSON and is neither an object nor a form.
    """
    braced = body.lstrip()[:1] == b"{"
    # HTTP libraries (curl -d, WordPress) call every body a form unless they are told otherwise.
    named_form = "form" in kind
    if "json" not in kind and (not braced or (named_form and body.rstrip()[-1:] != b"}")):
        return None
    if _is_form(body):
        return None
    try:
        data = json_body.parse(_utf8(body, charset))
    except Malformed:
        if named_form:
            return None
        raise
    if not isinstance(data, dict):
        raise Malformed("not a JSON object")
    return data


def _is_form(body: bytes) -> bool:
    """Whether a body can only be a form, although it is called something else."""
    return b"=" in body and body.lstrip()[:1] not in (b"{", b"[", b'"', b"-")


def _utf8(body: bytes, charset: str | None) -> bytes:
    """The body in UTF-8; one that is not, although no charset is named, is read as windows-1252."""
    codec = (charsets.named(charset) if charset else None) or "utf-8"
    return body if codec == "utf-8" and charsets.is_utf8(body) else charsets.text(body, codec).encode()


def _flat_pairs(data: dict[str, Any]) -> Pairs:
    """The pairs a form would hold. Raises TooLarge."""
    pairs = list(itertools.islice(_flat(data), MAX_PAIRS + 1))
    inner = data.get("attributes")
    size = max(len(pairs), len(inner) if isinstance(inner, dict) else 0)
    if size > MAX_PAIRS:
        raise TooLarge(size, MAX_PAIRS)
    return pairs


def _flat(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in data.items():
        if name == "attributes" and isinstance(value, dict):
            continue
        if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
            for item in value:
                yield name, plain(item)
        else:
            yield name, plain(value)


def plain(value: Any) -> str:
    """A JSON value as the text a form would hold."""
    match value:
        case str():
            return clean_text(value)
        case None:
            return ""
        case bool():
            return "true" if value else "false"
    return orjson.dumps(value).decode()


def split_list(values: Iterable[str]) -> list[str]:
    """The words of lists separated by commas or blanks: PY sends commas, FTL and MAG blanks. Raises TooLarge."""
    words = [word for value in values for word in _LISTS.split(value, MAX_WORDS) if word]
    if len(words) > MAX_WORDS:
        raise TooLarge(len(words), MAX_WORDS)
    return words
