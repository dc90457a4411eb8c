"""What a request says: the path, parameters by verb, ``data`` and the id (zurmo dossier, sections 2 and 3)."""

from __future__ import annotations

import re
from typing import Any, TypeAlias
from urllib.parse import quote, unquote, unquote_to_bytes

from adapter.dialect import Call
from adapter.formats import form_body, xml_body
from adapter.formats.form_body import Nested
from adapter.routes import RouteNotFound
from adapter.wire import WireRequest
from canonical.values import MAX_ID, clean_text

Data: TypeAlias = "dict[str, Nested]"

MAX_PAIRS = 10_000
_BASE = re.compile(r"(?:\A|/)(?:index|test)\.php(?=/|\Z)")
_INTEGER = re.compile(r"[ \t\n\r\v\f]*([+-]?[0-9]{1,19})")
# The verb whose route takes the id from the path; with any other verb the vendor looks for a parameter.
_PATH_ID = {("read", "GET"), ("read", "HEAD"), ("update", "PUT"), ("delete", "DELETE")}
_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


def segments(request: WireRequest) -> list[str]:
    """What follows ``index.php``, as the vendor sees it: the whole path is decoded, ``+`` too, and split after that.

    So ``%2F`` ends a segment, ``%2B`` is a plus sign that parse_str will take for a blank. Bytes that are not UTF-8
    are taken as ISO-8859-1. Raises RouteNotFound where there is no script in the path.
    """
    path = request.path
    if "%" in path or "+" in path:
        raw = unquote_to_bytes(path.replace("+", " "))
        try:
            path = raw.decode("utf-8")
        except UnicodeDecodeError:
            path = raw.decode("iso-8859-1")
    script = _BASE.search(path)
    if script is None:
        raise RouteNotFound(request.path)
    return path[script.end() :].strip("/").split("/")


def locate(request: WireRequest) -> str:
    """The path that the route table knows: below the script, each segment encoded anew; "" without a script."""
    try:
        found = segments(request)
    except RouteNotFound:
        return ""
    return "/" + "/".join([part if part.isalnum() and part.isascii() else quote(part, safe="") for part in found])


def rest(call: Call) -> list[str]:
    """The decoded segments after the action."""
    text = call.params.get("rest", "")
    return [unquote(part) for part in text.split("/")] if text else []


def parse_str(text: str | bytes) -> Data:
    """PHP's parse_str: pairs nested by their brackets. Raises TooLarge past 10,000 pairs."""
    raw = text.encode("utf-8", "replace") if isinstance(text, str) else text
    pairs = form_body.parse_pairs(raw, max_pairs=MAX_PAIRS)
    return form_body.nest([(name, clean_text(value)) for name, value in pairs], max_pairs=MAX_PAIRS)


def parameters(call: Call) -> Data:
    """GET from the query, POST from a form, PUT from the raw body whatever its type says."""
    kept = call.memo.get("parameters")
    if kept is None:
        request = call.request
        if request.method == "POST":
            kept = _form(request)
        elif request.method == "PUT":
            kept = parse_str(request.body)
        else:
            kept = parse_str(request.query)
        call.memo["parameters"] = kept
    return dict(kept)


def _form(request: WireRequest) -> Data:
    kind = request.headers.get("Content-Type", "") or ""
    if kind.lower().startswith(_FORM_TYPES[1]):
        fields, _ = form_body.multipart(request.body, kind)
        return form_body.nest([(name, clean_text(value)) for name, value in fields], max_pairs=MAX_PAIRS)
    return parse_str(request.body) if kind.lower().startswith(_FORM_TYPES[0]) else {}


def data_of(call: Call) -> Data | None:
    """The map under ``data``; None when there is none, or it is a plain text that is no XML message."""
    kept = call.memo.get("data", ...)
    if kept is ...:
        kept = parameters(call).get("data")
        if isinstance(kept, str):
            kept = _xml_data(kept)
        if kept is not None and call.settings.get("emoji") == "question_marks":
            kept = _question_marks(kept)
        call.memo["data"] = kept
    return kept if kept is None else dict(kept)


def _xml_data(text: str) -> Data | None:
    """The ``<data>`` of an XML message: the variant that the vendor's own clients do not use."""
    if not text.lstrip().startswith("<"):
        return None
    root = xml_body.parse(text.encode("utf-8", "replace"), max_depth=32)
    element = root.child("data")
    if root.tag != "zurmoMessage" or element is None:
        return None
    value = _plain(element)
    return value if isinstance(value, dict) else None


def _plain(element: xml_body.Element) -> Nested:
    """Repeated elements become a list, as by the vendor."""
    if not element.children:
        return element.text
    groups: dict[str, list[Nested]] = {}
    for child in element.children:
        groups.setdefault(child.tag, []).append(_plain(child))
    return {
        tag: values[0] if len(values) == 1 else {str(at): value for at, value in enumerate(values)}
        for tag, values in groups.items()
    }


def _question_marks(value: Nested) -> Any:
    if isinstance(value, dict):
        return {key: _question_marks(inner) for key, inner in value.items()}
    return "".join(char if char <= "\uffff" else "????" for char in value)


def php_int(text: Nested | None) -> int:
    """A number as PHP's intval reads it: ``5x`` is 5, ``x`` is 0, what no id can be is 0."""
    found = _INTEGER.match(text) if isinstance(text, str) else None
    number = int(found[1]) if found else 0
    return number if abs(number) <= MAX_ID else 0


def id_of(call: Call) -> int:
    """The id a request names, 0 when it names none."""
    action = call.route.meta.get("action") if call.route is not None else None
    if (action, call.request.method) in _PATH_ID:
        path = rest(call)
        if path and path[0]:
            return php_int(path[0])
    return php_int(parameters(call).get("id"))


def filter_of(call: Call) -> Data:
    """The search of a list: the path segment or parameter ``filter`` on GET, ``data`` otherwise."""
    if call.request.method in ("POST", "PUT"):
        return data_of(call) or {}
    path = rest(call)
    if len(path) > 1 and path[0] == "filter":
        return parse_str(path[1])
    given = parameters(call).get("filter")
    return parse_str(given) if isinstance(given, str) else {}
