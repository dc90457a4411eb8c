"""The XML variant: root ``data``, scalars as attributes, objects and list entries as elements (dossier, section 4).

The only known sample is ``<data><response count="1013" /></data>``; the rest is how its Perl library writes. Text
beyond ASCII goes out as character references, as the content type names no charset.
"""

from __future__ import annotations

from typing import Any

from adapter.formats.xml_body import Element, escape_attribute, escape_text, parse


def render(data: dict[str, Any]) -> bytes:
    """The document of an envelope."""
    return _element("data", data).encode("ascii", "xmlcharrefreplace")


def _element(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "".join(_element(name, item) for item in value)
    if not isinstance(value, dict):
        return f"<{name}>{escape_text(_scalar(value))}</{name}>"
    attributes: list[str] = []
    children: list[str] = []
    for key, inner in value.items():
        if isinstance(inner, dict | list | tuple):
            children.append(_element(key, inner))
        elif inner is not None:
            attributes.append(f' {key}="{escape_attribute(_scalar(inner))}"')
    start = f"<{name}{''.join(attributes)}"
    return f"{start}>{''.join(children)}</{name}>" if children else f"{start} />"


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def read(body: bytes) -> Any:
    """A document as its JSON variant would be read, but a list of one entry is that entry and an empty one missing.

    Raises Malformed, TooLarge.
    """
    return _read(parse(body))


def _read(element: Element) -> Any:
    if not element.attributes and not element.children:
        return element.text or None
    out: dict[str, Any] = dict(element.attributes)
    for child in element.children:
        value = _read(child)
        there = out.get(child.tag)
        if there is None:
            out[child.tag] = value
        elif isinstance(there, list):
            there.append(value)
        else:
            out[child.tag] = [there, value]
    return out
