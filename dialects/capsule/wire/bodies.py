"""Bodies from the wire: XML and JSON become the same small tree before anybody asks what they mean.

A `Tree` maps an element's name to its values in order; a value is text or a tree. The tolerance that real clients
need (capsule dossier, section 3) is all here: unknown attributes, any order, single objects for lists, numbers and
booleans for text, `nil="true"`, PHP's objects with the keys 0, 1, 2 in place of lists.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Union

from adapter.formats import Malformed, charsets, json_body, xml_body
from adapter.formats.xml_body import Element
from adapter.wire import WireRequest
from canonical.values import clean_text
from dialects.capsule.errors import BadRequest, UnsupportedBody

Value = Union[str, "Tree"]

MAX_BODY = 8 * 1024 * 1024
DELETE = "@delete"
_JSON_TYPES = ("application/json",)
# Kleer's client sends plain Capsule XML as application/atom+xml.
_XML_TYPES = ("application/xml", "text/xml", "application/atom+xml")
_BOM = codecs.BOM_UTF8


class Tree:
    """One element with children. `text` and `branch` raise `BadRequest` where the value has the other form."""

    __slots__ = ("values",)

    def __init__(self, values: dict[str, list[Value]] | None = None) -> None:
        self.values: dict[str, list[Value]] = {} if values is None else values

    def __contains__(self, name: str) -> bool:
        return bool(self.values.get(name))

    def text(self, name: str) -> str | None:
        """The text of that element: None when it was not supplied, empty when it was to be emptied.

        Where it comes more than once, the last counts, as for a Java bean.
        """
        values = self.values.get(name)
        if not values:
            return None
        value = values[-1]
        if isinstance(value, Tree):
            if value.values:
                raise BadRequest(f"{name} is invalid")
            return ""
        return value

    def filled(self, name: str) -> str | None:
        """The text of that element; None when it was not supplied or is blank."""
        text = self.text(name)
        return text if text is not None and text.strip() else None

    def branch(self, name: str) -> Tree | None:
        """The element with children of that name; an empty one for empty text, None when not supplied."""
        values = self.values.get(name)
        if not values:
            return None
        return _tree_of(name, values[-1])

    def branches(self, name: str) -> list[Tree]:
        """All elements of that name."""
        return [_tree_of(name, value) for value in self.values.get(name, ())]


def _tree_of(name: str, value: Value) -> Tree:
    if isinstance(value, Tree):
        return value
    if value.strip():
        raise BadRequest(f"{name} is invalid")
    return Tree()


def read_body(request: WireRequest, *roots: str) -> Tree:
    """The tree inside the root element of a request; its name must be one of `roots`.

    Raises `UnsupportedBody`, `Malformed`, `TooLarge`, and `BadRequest` for another root or no body.
    """
    if not request.body.strip():
        raise BadRequest(f"{roots[0]} is required")
    return _root(read_document(request.body, request.headers.get("Content-Type")), roots)


def read_answer(body: bytes, content_type: str | None, *roots: str) -> tuple[str, Tree]:
    """The root element's name and tree in a server's answer. Raises as `read_body` does."""
    tree = read_document(body, content_type)
    name = next((root for root in roots if root in tree.values), "")
    return name, _root(tree, roots)


def read_document(body: bytes, content_type: str | None) -> Tree:
    """A whole document: a tree that holds its root element. Raises `UnsupportedBody`, `Malformed`, `TooLarge`."""
    return _parser(content_type, body)(body, charsets.label(content_type))


def is_json(request: WireRequest) -> bool:
    """Whether the body is read as JSON. Raises `UnsupportedBody`."""
    return _parser(request.headers.get("Content-Type"), request.body) is _parse_json


def _parser(content_type: str | None, body: bytes) -> Callable[[bytes, str | None], Tree]:
    media = (content_type or "").partition(";")[0].strip().lower()
    if media in _JSON_TYPES:
        return _parse_json
    if media in _XML_TYPES:
        return _parse_xml
    if media in ("", "*/*"):
        # Capsule's server of 2011 called its answers */* when that was what was asked for.
        start = body.removeprefix(_BOM).lstrip()[:1]
        if start == b"{":
            return _parse_json
        if start == b"<":
            return _parse_xml
    raise UnsupportedBody


def _root(tree: Tree, roots: tuple[str, ...]) -> Tree:
    for name in roots:
        root = tree.branch(name)
        if root is not None:
            return root
    raise BadRequest(f"{roots[0]} is required")


def _parse_xml(body: bytes, charset: str | None) -> Tree:
    root = xml_body.parse(body, max_bytes=MAX_BODY, charset=charset)
    return Tree({root.tag: [_xml_value(root)]})


def _xml_value(element: Element) -> Value:
    attributes = element.attributes
    if attributes:
        if attributes.get("nil") == "true":
            return ""
        if attributes.get("delete") == "true":
            value = _xml_value(Element(element.tag, {}, element.text, element.children))
            tree = value if isinstance(value, Tree) else Tree()
            tree.values[DELETE] = ["true"]
            return tree
    if not element.children:
        return element.text
    values: dict[str, list[Value]] = {}
    for child in element.children:
        values.setdefault(child.tag, []).append(_xml_value(child))
    return Tree(values)


def _parse_json(body: bytes, charset: str | None) -> Tree:
    try:
        data = json_body.parse(charsets.in_utf8(body, charset))
    except ValueError:
        raise Malformed("malformed text") from None
    if not isinstance(data, dict):
        raise BadRequest("an object is required")
    return _json_tree(data)


def _json_tree(data: dict[str, Any]) -> Tree:
    values: dict[str, list[Value]] = {}
    for name, value in data.items():
        found = list(_json_values(value))
        if found:
            values[name] = found
    return Tree(values)


def _json_values(value: Any) -> list[Value]:
    if value is None:
        return []
    if isinstance(value, str):
        return [clean_text(value)]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, int):
        return [str(value)]
    if isinstance(value, float):
        # Never an exponent: 0.00005 is no "5e-05".
        return [format(Decimal(repr(value)), "f")]
    if isinstance(value, dict):
        # PHP's JSON_FORCE_OBJECT writes lists as {"0":…,"1":…}; no Capsule element has a number for a name.
        if value and all(key.isascii() and key.isdigit() for key in value):
            return _json_values([value[key] for key in sorted(value, key=lambda key: (len(key), key))])
        return [_json_tree(value)]
    return [inner for item in value for inner in _json_values(item)]
