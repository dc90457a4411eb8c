"""What a request says: the path, parameters by verb, ``data`` and the id (zurmo dossier, sections 2 and 3)."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from adapter.dialect import Call
from adapter.formats import form_body, xml_body
from adapter.formats.form_body import Nested
from adapter.wire import WireRequest
from canonical.values import MAX_ID, clean_text

Data: TypeAlias = "dict[str, Nested]"

MAX_PAIRS = 10_000
_INTEGER = re.compile(r"[ \t\n\r\v\f]*([+-]?)0*([0-9]{1,20})")
# The verb whose route takes the id from the path; with any other verb the vendor looks for a parameter.
_PATH_ID = {("read", "GET"), ("read", "HEAD"), ("update", "PUT"), ("delete", "DELETE")}
_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


def decoded(rest: str) -> list[str]:
    """The segments in what a route leaves over of such a path."""
    return rest.replace("%25", "%").split("/") if rest else []


def parse_str(text: str | bytes) -> Data:
    """PHP's parse_str: pairs nested by their brackets. Raises TooLarge past 10,000 pairs."""
    raw = text.encode("utf-8", "replace") if isinstance(text, str) else text
    pairs = form_body.parse_pairs(raw, max_pairs=MAX_PAIRS)
    if b"%00" in raw or b"\0" in raw:
        pairs = [(name, clean_text(value)) for name, value in pairs]
    return form_body.nest(pairs, max_pairs=MAX_PAIRS)


def _form(request: WireRequest) -> Data:
    kind = request.headers.get("Content-Type", "") or ""
    if kind.lower().startswith(_FORM_TYPES[1]):
        fields, _ = form_body.multipart(request.body, kind)
        return form_body.nest([(name, clean_text(value)) for name, value in fields], max_pairs=MAX_PAIRS)
    return parse_str(request.body) if kind.lower().startswith(_FORM_TYPES[0]) else {}


def _xml_data(text: str) -> Data | None:
    """The ``<data>`` of an XML message: the variant that the vendor's own clients do not use."""
    if not text.lstrip().startswith("<"):
        return None
    root = xml_body.parse(text.encode("utf-8", "replace"), max_depth=32, charset="utf-8")
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
    """A number as PHP's intval reads it: ``5x`` is 5, ``x`` is 0, past the largest integer is that integer."""
    if not isinstance(text, str):
        return 0
    if len(text) < 19 and text.isascii() and text.isdigit():
        return int(text)
    found = _INTEGER.match(text)
    number = min(int(found[2]), MAX_ID) if found else 0
    return -number if found and found[1] == "-" else number


class Given:
    """What one request to an action says, read as far as it is asked for."""

    __slots__ = ("_data", "_parameters", "action", "question_marks", "request", "rest")

    def __init__(self, request: WireRequest, action: str, rest: str, *, question_marks: bool = False) -> None:
        self.request = request
        self.action = action
        self.rest = decoded(clean_text(rest))
        """The decoded segments after the action."""
        self.question_marks = question_marks
        self._parameters: Data | None = None
        self._data: Data | str | None = ""

    @property
    def parameters(self) -> Data:
        """GET from the query, POST from a form, PUT from the raw body whatever its type says."""
        if self._parameters is None:
            if self.request.method == "POST":
                self._parameters = _form(self.request)
            else:
                self._parameters = parse_str(self.request.body if self.request.method == "PUT" else self.request.query)
        return self._parameters

    @property
    def data(self) -> Data | None:
        """The map under ``data``; None when there is none, or it is a plain text that is no XML message."""
        if isinstance(self._data, str):
            found = self.parameters.get("data")
            if isinstance(found, str):
                found = _xml_data(found)
            if found is not None and self.question_marks:
                found = _question_marks(found)
            self._data = found
        return self._data

    @property
    def id(self) -> int:
        """The id that it names, 0 when it names none."""
        if (self.action, self.request.method) in _PATH_ID and self.rest and self.rest[0]:
            return php_int(self.rest[0])
        return php_int(self.parameters.get("id"))

    @property
    def filter(self) -> Data:
        """The search of a list: the path segment or parameter ``filter`` on GET, ``data`` otherwise."""
        if self.request.method in ("POST", "PUT"):
            return self.data or {}
        if len(self.rest) > 1 and self.rest[0] == "filter":
            return parse_str(self.rest[1])
        named = self.parameters.get("filter")
        return parse_str(named) if isinstance(named, str) else {}


def given(call: Call) -> Given:
    """What the request of a call says."""
    kept: Given | None = call.memo.get("given")
    if kept is None:
        action = call.route.meta.get("action", "") if call.route is not None else ""
        marks = call.settings.get("emoji") == "question_marks"
        kept = Given(call.request, action, call.params.get("rest", ""), question_marks=marks)
        call.memo["given"] = kept
    return kept
