"""The envelope ``{"status", "data", "message", "errors"}`` in JSON and XML, and the headers of every answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from adapter.dialect import Call
from adapter.formats import json_body, xml_body
from adapter.wire import WireRequest, WireResponse

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")


def answer_format(request: WireRequest) -> str | None:
    """``json`` or ``xml`` by Accept, None when the vendor finds neither.

    The word at position 0 does not count: the vendor takes strpos's 0 for false (zurmo dossier, section 4).
    """
    accept = request.headers.get("Accept", "") or ""
    if accept.find("json") > 0:
        return "json"
    return "xml" if accept.find("xml") > 0 else None


def envelope(
    call: Call, data: Any = None, *, message: str | None = None, errors: Mapping[str, Any] | None = None
) -> WireResponse:
    """An answer: SUCCESS, or FAILURE when there is a message."""
    status = "SUCCESS" if message is None else "FAILURE"
    body = {"status": status, "data": data, "message": message, "errors": errors or None}
    if answer_format(call.request) == "xml":
        return WireResponse(200, [], render_xml(body))
    return WireResponse(200, [], json_body.render_php(body, floats=False))


def render_xml(body: Mapping[str, Any]) -> bytes:
    """An envelope as XML: null is an empty element, a list repeats its element, two blanks a level (recording 011)."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<zurmoMessage>"]
    for name, value in body.items():
        _element(lines, name, value, "  ")
    lines.append("</zurmoMessage>\n")
    return "\n".join(lines).encode("utf-8", "replace")


def _element(lines: list[str], name: str, value: Any, indent: str) -> None:
    # Names that XML does not allow (picklist values with blanks) become the serializer's stand-in.
    tag = name if _NAME.match(name) else "XML_Serializer_Tag"
    if isinstance(value, list | tuple):
        if not value:
            lines.append(f"{indent}<{tag}></{tag}>")
        for item in value:
            _element(lines, tag, item, indent)
    elif isinstance(value, Mapping):
        lines.append(f"{indent}<{tag}>")
        for key, inner in value.items():
            _element(lines, str(key), inner, indent + "  ")
        lines.append(f"{indent}</{tag}>")
    else:
        lines.append(f"{indent}<{tag}>{_text(value)}</{tag}>")


def _text(value: Any) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    return xml_body.escape_text(str(value))


def new_session_id(call: Call) -> str:
    """32 lower-case hex digits."""
    return call.accounts.fresh(32)
