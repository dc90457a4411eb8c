"""Answers on their way out: one record, or a list with its `size`, in XML or in JSON.

In JSON the attribute `size` is the first key ``@size`` (capsule dossier, section 4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapter.dialect import Call
from adapter.formats import json_body
from adapter.wire import WireRequest, WireResponse
from dialects.capsule.errors import NotAcceptable
from dialects.capsule.fields.writer import Writer
from dialects.capsule.wire.bodies import is_json
from dialects.capsule.wire.negotiation import DECLARATION, JSON, Answer, answer_format, asks_for_xml, error_format
from dialects.capsule.wire.pairs import group, pairs_xml

TEXT_PLAIN = (("Content-Type", "text/plain; charset=UTF-8"),)


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


def reply_list(answer: Answer, root: str, writer: Writer, items: Sequence[Any], context: Any = None) -> WireResponse:
    """A list; `size` is the number of its items, not of all there are."""
    if not answer.json:
        return _xml_list(answer, root, [writer.xml(item, context) for item in items])
    write = writer.json
    match items:
        case []:
            return _json_list(answer, root, 0, {})
        case [item]:
            return _json_list(answer, root, 1, {writer.name: write(item, context)})
    return _json_list(answer, root, len(items), {writer.name: [write(item, context) for item in items]})


def reply_mixed(answer: Answer, root: str, items: Sequence[tuple[Writer, Any]], context: Any = None) -> WireResponse:
    """A list whose items are different elements."""
    if not answer.json:
        return _xml_list(answer, root, [writer.xml(item, context) for writer, item in items])
    shown = group((writer.name, writer.json(item, context)) for writer, item in items)
    return _json_list(answer, root, len(items), shown)


def reply_texts(answer: Answer, root: str, name: str, texts: Sequence[str]) -> WireResponse:
    """A list whose items are text alone: categories, countries, currencies."""
    if not answer.json:
        return _xml_list(answer, root, [pairs_xml(((name, text),)) for text in texts])
    return _json_list(answer, root, len(texts), group((name, text) for text in texts))


def _json_list(answer: Answer, root: str, size: int, children: Mapping[str, Any]) -> WireResponse:
    body = json_body.render({root: {"@size": str(size), **children}})
    return WireResponse(200, [("Content-Type", answer.content_type)], body)


def _xml_list(answer: Answer, root: str, children: Sequence[str]) -> WireResponse:
    inner = f'size="{len(children)}">{"".join(children)}</{root}>' if children else 'size="0"/>'
    return WireResponse(200, [("Content-Type", answer.content_type)], f"{DECLARATION}<{root} {inner}".encode())


def created(location: str) -> WireResponse:
    """201 without a body; clients cut the id off the end of `location`."""
    # The header's letter case matters to five clients (capsule dossier, section 9).
    return WireResponse(201, [("Location", location), *TEXT_PLAIN])


def there_already(location: str) -> WireResponse:
    """200 without a body, with the same `Location` as when it was made: BodyLabs' client reads it off both."""
    return WireResponse(200, [("Location", location), *TEXT_PLAIN])


def done() -> WireResponse:
    """200 without a body, never 204: Gravity Forms and others test for 200."""
    return WireResponse(200, list(TEXT_PLAIN))


def changed(call: Call, writer: Writer, record: Any, context: Any = None) -> WireResponse:
    """The answer to a change of a record: with the record where the PUT and the tenant ask for it, else empty."""
    answer = _after_put(call.request, call.settings["put_answers"])
    return done() if answer is None else reply_one(answer, writer, record, context)


def _after_put(request: WireRequest, setting: str) -> Answer | None:
    """The format in which a PUT answers with the record; None where it answers with nothing.

    In January 2015 a JSON PUT answered with the record, in 2011 an XML PUT with nothing (capsule dossier, section 6).
    """
    if request.method != "PUT" or setting == "empty":
        return None
    accept = request.headers.get("Accept")
    if is_json(request) and not asks_for_xml(accept):
        return JSON
    return error_format(accept) if setting == "record" else None
