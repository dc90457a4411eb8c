"""XML from bytes to a small tree, and text on its way into XML. The only place that knows lxml."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from adapter.formats import charsets
from adapter.formats.errors import Malformed, TooDeep, TooLarge

_FORBIDDEN = "\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff"
_FORBIDDEN_IN_XML = re.compile(f"[{_FORBIDDEN}]")
_IN_TEXT = re.compile(f"[&<>\r{_FORBIDDEN}]")
_IN_ATTRIBUTE = re.compile(f'[&<>"\t\n\r{_FORBIDDEN}]')
_DECLARATION = re.compile(rb"""<\?xml\s[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9_.:-]{1,40})["']""")
_ESCAPES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\t": "&#x9;",
    "\n": "&#xA;",
    "\r": "&#xD;",
}


@dataclass(slots=True)
class Element:
    """One element: names without namespace; `text` is all text directly inside it, white space included."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def child(self, tag: str) -> Element | None:
        """The first child of that name, or None."""
        for element in self.children:
            if element.tag == tag:
                return element
        return None

    def children_of(self, tag: str) -> list[Element]:
        """All children of that name, in order."""
        return [element for element in self.children if element.tag == tag]


def parse(
    data: bytes,
    max_bytes: int = 1_000_000,
    max_depth: int = 64,
    max_elements: int = 20_000,
    *,
    charset: str | None = None,
) -> Element:
    """The root element of one XML 1.0 document.

    Its character set is told by a byte order mark, else by `charset`, the label of the Content-Type, else by its
    declaration, else it is UTF-8 (RFC 7303, section 3); a label that is not known counts as UTF-8. Bytes that are no
    UTF-8, whatever the Content-Type says, are what the declaration says.

    Raises Malformed (with line and column where known) for anything not well formed and for any DOCTYPE, so that
    no entity but the five built in can occur; TooDeep past `max_depth`; TooLarge past `max_bytes` or
    `max_elements` elements and attributes.
    """
    if len(data) > max_bytes:
        raise TooLarge(len(data), max_bytes)
    try:
        data = charsets.in_utf8(data, _told(data, charset))
    except ValueError:
        raise Malformed("malformed text") from None
    builder = _Builder(max_depth, max_elements)
    # The stubs in use disagree about the type of a target.
    target: Any = builder
    # Given an encoding, libxml2 does not look at the declared one.
    parser = etree.XMLParser(
        target=target,
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
    )
    try:
        etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        message = (error.msg or "malformed XML").partition(", line ")[0].strip()
        raise Malformed(message, line=line, column=column) from None
    except (ValueError, LookupError) as error:
        raise Malformed(str(error)) from None
    if builder.root is None:
        raise Malformed("no root element")
    return builder.root


def _told(data: bytes, charset: str | None) -> str | None:
    """The label that counts for a document without a byte order mark."""
    declared = _declared(data)
    if charset is None or declared is None or (charsets.named(charset) or "utf-8") != "utf-8":
        return charset or declared
    return charset if charsets.is_utf8(data) else declared


def _declared(data: bytes) -> str | None:
    """The character set that the declaration names; UTF-16 where there is a zero in the first character."""
    if b"\0" in data[:2]:
        return "utf-16"
    found = _DECLARATION.match(data)
    return None if found is None else found[1].decode("ascii")


class _Builder:
    """Receives what the parser reads and stops it at the first thing that is not allowed."""

    def __init__(self, max_depth: int, max_elements: int) -> None:
        self._max_depth = max_depth
        self._max_elements = max_elements
        self._count = 0
        self.root: Element | None = None
        self._open: list[tuple[Element, list[str]]] = []

    def doctype(self, name: str | None, public: str | None, system: str | None) -> None:
        raise Malformed("a document type declaration is not allowed")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1 + len(attributes)
        if self._count > self._max_elements:
            raise TooLarge(self._count, self._max_elements)
        if len(self._open) >= self._max_depth:
            raise TooDeep(f"nested deeper than {self._max_depth} levels")
        # Told not to resolve entities, libxml2 hands an ampersand of an attribute over as a character reference.
        values = {_local(name): value.replace("&#38;", "&") for name, value in attributes.items()}
        element = Element(_local(tag), values)
        if self._open:
            self._open[-1][0].children.append(element)
        else:
            self.root = element
        self._open.append((element, []))

    def end(self, tag: str) -> None:
        element, texts = self._open.pop()
        element.text = "".join(texts)

    def data(self, text: str) -> None:
        if self._open:
            self._open[-1][1].append(text)

    def close(self) -> None:
        """Asked for by the parser at the end of the document."""


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def escape_text(text: str) -> str:
    """`text` between tags: ``&``, ``<``, ``>`` and CR escaped, characters XML 1.0 forbids as U+FFFD."""
    if not text.isprintable():
        return _IN_TEXT.sub(_escaped, text)
    # Most text has none of the three, and nothing printable is forbidden.
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    return text.replace(">", "&gt;") if ">" in text else text


def carried_text(text: str) -> str:
    """What a reader finds in the place of ``escape_text(text)``."""
    return _FORBIDDEN_IN_XML.sub("\ufffd", text)


def escape_attribute(text: str) -> str:
    """`text` between double quotes: as `escape_text`, with ``"``, tab and line feed escaped too."""
    return _IN_ATTRIBUTE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[0], "\ufffd")
