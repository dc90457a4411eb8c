"""Safe bytes <-> plain data. Nothing here knows what the data means."""

from __future__ import annotations

from adapter.formats import charsets, codings, form_body, json_body, xml_body
from adapter.formats.errors import Malformed, OutOfRange, TooDeep, TooLarge

__all__ = [
    "Malformed", "OutOfRange", "TooDeep", "TooLarge", "charsets", "codings", "form_body", "json_body", "xml_body"
]  # fmt: skip
