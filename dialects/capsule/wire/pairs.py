"""Elements as pairs of name and text or children, and how they are said in XML and in JSON.

JSON is the XML mapped (capsule dossier, section 4): every value is text; of children with one name none is an absent
key, one a single object, several a list; an empty element is ``""``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Union

from adapter.formats.xml_body import escape_text

Pairs = Sequence[tuple[str, Union[str, "Pairs"]]]
"""An element's children in order: name, and text or children in turn."""


def pairs_xml(pairs: Pairs) -> str:
    return "".join(
        f"<{name}>{escape_text(value)}</{name}>"
        if isinstance(value, str)
        else (f"<{name}>{pairs_xml(value)}</{name}>" if value else f"<{name}/>")
        for name, value in pairs
    )


def pairs_json(pairs: Pairs) -> Any:
    """A dict, or ``""`` for an element without children."""
    if not pairs:
        return ""
    return group((name, value if isinstance(value, str) else pairs_json(value)) for name, value in pairs)


def repeated_xml(name: str, items: Iterable[Pairs]) -> str:
    """An element that stands once for each item."""
    return pairs_xml([(name, item) for item in items])


def repeated_json(items: Iterable[Pairs]) -> Any:
    """Of an element that repeats: one object, or a list of several."""
    shown = [pairs_json(item) for item in items]
    return shown[0] if len(shown) == 1 else shown


def group(items: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Children by name, under the rule of none, one, several; names in the order of their first occurrence."""
    grouped: dict[str, Any] = {}
    repeated: set[str] = set()
    for name, value in items:
        if name in repeated:
            grouped[name].append(value)
        elif name in grouped:
            grouped[name] = [grouped[name], value]
            repeated.add(name)
        else:
            grouped[name] = value
    return grouped
