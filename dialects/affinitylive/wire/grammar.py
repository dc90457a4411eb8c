"""The one grammar of ``_fields`` and ``_filters``, and their JSON forms, into one tree of items.

    items = item {"," item} ;  item = NAME [ "(" [items] ")" ]

In ``_fields`` a name with brackets asks for an object; in ``_filters`` the brackets hold values, types with ids, or
further filters (``_OR``, ``_AND``). Blanks around tokens do not count, an empty item is skipped. Length, number of
items and depth are bounded (affinitylive dossier, section 5).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from adapter.formats import Malformed, TooDeep, TooLarge, json_body

MAX_LENGTH = 65_536
MAX_ITEMS = 4_000
MAX_DEPTH = 32
SHORT = 300
_MARK = re.compile(r"[(),]")


@dataclass(frozen=True, slots=True)
class Item:
    """``name`` (`items` None) or ``name(items)``."""

    name: str
    items: tuple[Item, ...] | None = None


Items = tuple[Item, ...]


def parse(text: str) -> Items:
    """The items of an expression.

    Raises Malformed for unbalanced brackets and for text that has no place, TooDeep and TooLarge past the bounds.
    """
    if len(text) > MAX_LENGTH:
        raise TooLarge(len(text), MAX_LENGTH)
    return _known(text) if len(text) <= SHORT else _parsed(text)


@lru_cache(maxsize=256)
def _known(text: str) -> Items:
    """Clients ask with the same few texts over and over."""
    return _parsed(text)


def _parsed(text: str) -> Items:
    levels: list[list[Item]] = [[]]
    names: list[str] = []
    count = 0
    at = 0
    closed = False  # whether the text before this mark ended with a bracket that closed
    for mark in _MARK.finditer(text):
        word = text[at : mark.start()].strip()
        at = mark.end()
        sign = mark[0]
        if closed and word:
            raise Malformed("text after a closing bracket", offset=mark.start())
        if sign == "(":
            if closed or not word:
                raise Malformed("a bracket without a name", offset=mark.start())
            names.append(word)
            levels.append([])
            if len(names) > MAX_DEPTH:
                raise TooDeep(f"nested deeper than {MAX_DEPTH} levels")
            continue
        if word:
            levels[-1].append(Item(word))
            count += 1
        closed = sign == ")"
        if closed:
            if not names:
                raise Malformed("a bracket too many", offset=mark.start())
            inner = tuple(levels.pop())
            levels[-1].append(Item(names.pop(), inner))
            count += 1
        if count > MAX_ITEMS:
            raise TooLarge(count, MAX_ITEMS)
    word = text[at:].strip()
    if names:
        raise Malformed("a bracket is missing", offset=len(text))
    if word:
        if closed:
            raise Malformed("text after a closing bracket", offset=at)
        levels[0].append(Item(word))
    return tuple(levels[0])


def write(items: Sequence[Item]) -> str:
    """The text of items: what `parse` reads back as the same."""
    return ",".join(item.name if item.items is None else f"{item.name}({write(item.items)})" for item in items)


# -- JSON forms -------------------------------------------------------------------------------------


def fields(value: Any) -> Items:
    """``_fields`` as the grammar's text, or as an array of such texts in which dots nest too.

    ``["_ALL", "issue_status._ALL"]`` is ``_ALL,issue_status(_ALL)``. Anything else asks for nothing.
    """
    value = _embedded(value)
    if isinstance(value, str):
        return parse(value)
    if not isinstance(value, list):
        return ()
    _bound(len(value))
    out: list[Item] = []
    for element in value:
        if isinstance(element, str):
            out.extend(map(_dotted, parse(element)))
    return tuple(out)


def _dotted(item: Item) -> Item:
    """``a.b(c)`` as ``a(b(c))``."""
    parts = [part.strip() for part in item.name.split(".")]
    if len(parts) == 1:
        return item
    if len(parts) > MAX_DEPTH:
        raise TooDeep(f"nested deeper than {MAX_DEPTH} levels")
    nested = Item(parts[-1], item.items)
    for part in reversed(parts[:-1]):
        nested = Item(part, (nested,) if nested.name else ())
    return nested


def filters(value: Any) -> Items:
    """``_filters`` as the grammar's text or as a JSON object: ``{"id": [12], "against": [{"company": [1]}]}``.

    Scalars and arrays both hold values; objects hold types with ids, or further filters. Raises as `parse`.
    """
    value = _embedded(value)
    if isinstance(value, str):
        return parse(value)
    return _json_items(value, 0, [0]) if isinstance(value, Mapping | list) else ()


def _embedded(value: Any) -> Any:
    """A JSON array or object that came as text, as in a form. Raises Malformed."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        if len(value) > MAX_LENGTH:
            raise TooLarge(len(value), MAX_LENGTH)
        return json_body.parse(value.encode("utf-8", "replace"))
    return value


def _json_items(value: Any, depth: int, count: list[int]) -> Items:
    if depth > MAX_DEPTH:
        raise TooDeep(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        count[0] += len(value)
        _bound(count[0])
        return tuple(
            Item(name.strip(), _json_items(inner, depth + 1, count))
            for name, inner in cast(Mapping[str, Any], value).items()
            if name.strip()
        )
    if isinstance(value, list):
        return tuple(item for element in value for item in _json_items(element, depth + 1, count))
    word = scalar(value)
    if word is None or not word.strip():
        return ()
    count[0] += 1
    _bound(count[0])
    return (Item(word.strip()),)


def _bound(count: int) -> None:
    if count > MAX_ITEMS:
        raise TooLarge(count, MAX_ITEMS)


def scalar(value: Any) -> str | None:
    """A JSON scalar as the text that a form would hold; None for null and for what is no scalar."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    return None
