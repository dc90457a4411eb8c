"""A writer says records of one kind in XML and in JSON: two functions, generated once from the kind's field table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from adapter.fields.compile import PLAIN, TEXT, Whole, present_writer, xml_writer
from dialects.capsule.fields.table import Field, Form
from dialects.capsule.wire.pairs import pairs_json, pairs_xml, repeated_json, repeated_xml

Write = Callable[..., Any]
"""From a record and a context, which is whatever the table's `show` functions need, to the element."""


class Writer:
    """Writes records of one kind as element `name`."""

    __slots__ = ("json", "name", "xml")

    def __init__(self, name: str, fields: Iterable[Field]) -> None:
        self.name = name
        shown = tuple(fields)
        forms = {field.name: field.form for field in shown}
        self.json: Write = present_writer(shown, lambda name: _IN_JSON.get(forms[name]))
        """The element as JSON has it, without its name."""
        self.xml: Write = xml_writer(shown, name, lambda name: _IN_XML[forms[name]])
        """The element whole."""


def _nested_json(value: Any) -> Any:
    return value if isinstance(value, str) else pairs_json(value)


def _nested_xml(name: str, value: Any) -> str:
    return pairs_xml(((name, value),))


_IN_JSON: dict[Form, Callable[[Any], Any]] = {Form.NESTED: _nested_json, Form.REPEATED: repeated_json}
_IN_XML: dict[Form, str | Whole] = {
    Form.PLAIN: PLAIN,
    Form.TEXT: TEXT,
    Form.NESTED: _nested_xml,
    Form.REPEATED: repeated_xml,
}
