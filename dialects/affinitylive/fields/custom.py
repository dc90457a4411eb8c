"""Custom fields under the vendor's types, and their values as text (dossier, section 8.1)."""

from __future__ import annotations

from canonical.model import CustomField
from dialects.affinitylive.errors import BadRequest
from dialects.affinitylive.fields.formats import DAY, BadValue

FIELD_TYPES = {
    **{"number": "integer", "date": "date", "flag": "select", "boolean": "select"},
    **{"choice": "select", "choices": "multi_select"},
}
"""The vendor's word for each of the core's types; any other is text."""


def show_value(type_: str, value: str) -> str:
    """A date shows as its midnight; what is none shows as it is."""
    if type_ != "date":
        return value
    try:
        return str(DAY.show(value))
    except ValueError:
        return value


def read_value(definition: CustomField, text: str) -> str:
    """The text as the core keeps it: a date without time. Raises BadRequest for a date that is none."""
    if FIELD_TYPES.get(definition.type) != "date" or not text.strip():
        return text
    try:
        return str(DAY.read(text) or "")
    except BadValue:
        raise BadRequest(definition.name) from None
