"""The envelope ``{"status", "data", "message", "errors"}`` in JSON and XML, and the headers of every answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from adapter.dialect import Call
from adapter.formats import json_body, xml_body
from adapter.wire import WireRequest, WireResponse

_POWERED: Final = ("X-Powered-By", "PHP/5.6.40")
_NO_CACHE: Final = (
    ("Expires", "Thu, 19 Nov 1981 08:52:00 GMT"),
    ("Cache-Control", "no-store, no-cache, must-revalidate, post-check=0, pre-check=0"),
    ("Pragma", "no-cache"),
)
# Sent wherever the vendor's page size or theme was looked up: lists and error pages (recordings 004-006, 033-039).
_INTERFACE: Final = (
    ("Set-Cookie", "DefaultUserInterfaceType=Desktop; path=/"),
    ("Set-Cookie", "UserInterfaceType=Desktop; path=/"),
)
# The vendor names PHP's default for JSON and XML too; clients do not read it (zurmo dossier, section 4).
_TYPE: Final = ("Content-type", "text/html; charset=UTF-8")

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


def finish(call: Call, response: WireResponse) -> WireResponse:
    """The headers of every answer, in the vendor's order and letter case (recordings 001, 003, 006, 065)."""
    memo = call.memo
    headers = [_POWERED]
    if not memo.get("bare"):
        cookie = ("Set-Cookie", f"PHPSESSID={memo.get('session') or new_session_id(call)}; path=/")
        # A login makes a new session id after the session was started, so its cookie comes later.
        headers += (*_NO_CACHE, cookie) if memo.get("signed_in") else (cookie, *_NO_CACHE)
    if memo.get("interface"):
        headers += _INTERFACE
    headers.append(_TYPE)
    response.headers = [*headers, *response.headers]
    return response
