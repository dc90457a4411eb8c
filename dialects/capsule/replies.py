"""Answers on their way out: one writer per entity, made from its field table, says it in XML and in JSON.

JSON is the XML mapped (capsule dossier, section 4): every value is text; of children with one name none is an absent
key, one a single object, several a list; an empty element is ``""``; the attribute `size` is the first key ``@size``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Union

from adapter.dialect import Call
from adapter.formats import json_body
from adapter.formats.xml_body import escape_text
from adapter.wire import WireResponse
from dialects.capsule.errors import NotAcceptable
from dialects.capsule.fields.table import TEXT, Field
from dialects.capsule.negotiation import DECLARATION, Answer, answer_format

Pairs = Sequence[tuple[str, Union[str, "Pairs"]]]
"""An element's children in order: name, and text or children in turn."""

_TEXT_PLAIN = [("Content-Type", "text/plain; charset=UTF-8")]


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


class Writer:
    """Writes records of one kind as element `name`. `context` is whatever the table's `show` functions need."""

    __slots__ = ("_rows", "json", "name")

    def __init__(self, name: str, fields: Iterable[Field]) -> None:
        self.name = name
        shown = [field for field in fields if field.shows is not None]
        self.json = _json_of(shown)
        """From a record and a context to the element as JSON."""
        self._rows: list[tuple[str, str, str, bool, Callable[[Any, Any], Any]]] = [
            (field.name, f"<{field.name}>", f"</{field.name}>", field.plain, field.shows)
            for field in shown
            if field.shows is not None
        ]

    def xml(self, record: Any, context: Any = None) -> str:
        parts = ["<", self.name, ">"]
        for name, opening, closing, plain, shows in self._rows:
            value = shows(record, context)
            if value is None:
                continue
            if plain:
                parts += (opening, value, closing)
            elif isinstance(value, str):
                parts += (opening, escape_text(value), closing)
            else:
                parts.append(pairs_xml(((name, value),)))
        parts += ("</", self.name, ">")
        return "".join(parts)


def _json_of(fields: Sequence[Field]) -> Callable[..., dict[str, Any]]:
    """A function from a record and a context to its JSON, generated once from the field table: the longest lists
    spend most of their time here. Its source holds names of fields only."""
    lines = ["def json(record, context=None):", "    shown = {}"]
    known: dict[str, Any] = {"pairs_json": pairs_json, "isinstance": isinstance, "str": str, "__builtins__": {}}
    for at, field in enumerate(fields):
        put = f"shown[{field.name!r}] ="
        if field.show is None and field.attribute is not None and field.type is TEXT:
            value = f"record.{field.attribute}"
            lines += [f"    {put} {value} or ''"] if field.required else [f"    if {value}: {put} {value}"]
            continue
        if field.show is None and field.attribute is not None:
            known[f"write{at}"] = field.type.show
            lines += [f"    value = record.{field.attribute}", f"    if value is not None: {put} write{at}(value)"]
            continue
        known[f"show{at}"] = field.shows
        text = "value" if field.plain else "value if isinstance(value, str) else pairs_json(value)"
        lines += [f"    value = show{at}(record, context)", f"    if value is not None: {put} {text}"]
    exec("\n".join([*lines, "    return shown"]), known)  # noqa: S102
    made: Callable[..., dict[str, Any]] = known["json"]
    return made


def answer_for(call: Call) -> Answer:
    """The format of this call's answer. Raises `NotAcceptable`."""
    answer = answer_format(call.request.headers.get("Accept"))
    if answer is None:
        raise NotAcceptable
    return answer


def reply_one(answer: Answer, writer: Writer, record: Any, context: Any = None) -> WireResponse:
    """One record as the whole body."""
    if answer.json:
        body = json_body.render({writer.name: writer.json(record, context)})
    else:
        body = (DECLARATION + writer.xml(record, context)).encode()
    return WireResponse(200, [("Content-Type", answer.content_type)], body)


def reply_list(answer: Answer, root: str, items: Sequence[tuple[Writer, Any]], context: Any = None) -> WireResponse:
    """A list; `size` is the number of its items, not of all there are."""
    if answer.json:
        shown = {"@size": str(len(items))} | group((writer.name, writer.json(item, context)) for writer, item in items)
        body = json_body.render({root: shown})
    elif not items:
        body = f'{DECLARATION}<{root} size="0"/>'.encode()
    else:
        inner = "".join([writer.xml(item, context) for writer, item in items])
        body = f'{DECLARATION}<{root} size="{len(items)}">{inner}</{root}>'.encode()
    return WireResponse(200, [("Content-Type", answer.content_type)], body)


def reply_texts(answer: Answer, root: str, name: str, texts: Sequence[str]) -> WireResponse:
    """A list whose items are text alone: categories, countries, currencies."""
    if answer.json:
        body = json_body.render({root: {"@size": str(len(texts))} | group((name, text) for text in texts)})
    elif not texts:
        body = f'{DECLARATION}<{root} size="0"/>'.encode()
    else:
        inner = pairs_xml([(name, text) for text in texts])
        body = f'{DECLARATION}<{root} size="{len(texts)}">{inner}</{root}>'.encode()
    return WireResponse(200, [("Content-Type", answer.content_type)], body)


def created(location: str) -> WireResponse:
    """201 without a body; clients cut the id off the end of `location`."""
    # The header's letter case matters to five clients (capsule dossier, section 9).
    return WireResponse(201, [("Location", location), *_TEXT_PLAIN])


def done() -> WireResponse:
    """200 without a body, never 204: Gravity Forms and others test for 200."""
    return WireResponse(200, list(_TEXT_PLAIN))
