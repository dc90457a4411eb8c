"""Dropdowns: free texts out of a list."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Final

from adapter.fields.expression import IT, Attribute, Both, Call, Constant, Given, If, Object, Told
from adapter.formats.form_body import Nested
from canonical.query import Node
from dialects.zurmo.errors import UnknownAttribute
from dialects.zurmo.fields import base
from dialects.zurmo.fields.base import Draft, Field, View
from dialects.zurmo.fields.comparison import Below, Comparison, Searching
from dialects.zurmo.fields.nodes import text_node

_LIMIT: Final = 255


def dropdown(name: str, column: str, slot: int, picklist: str, **more: Any) -> Field:
    """A free text out of a list, ``{"id", "value"}``; the id is worked out from the record's and the field's slot."""
    getter = attrgetter(column)
    start = more.pop("start", None)

    def show(record: Any, view: View) -> dict[str, Any] | None:
        value = base.shortened(record, view, column, getter(record), _LIMIT)
        return None if value is None else {"id": record.id * 8 + slot, "value": value}

    def take(draft: Draft, row: Field, value: Nested) -> None:
        sent = value.get("value") if isinstance(value, dict) else {}
        if sent is None:
            return
        if not isinstance(sent, str):
            # One text in the place of the map, a map in the place of its text: null (zurmo dossier, section 3).
            if not row.required:
                draft.values[column] = None
            elif draft.creating:
                base.blank(draft, row)
        elif sent == "" and row.required and not draft.whole:
            base.blank(draft, row)
        elif len(sent) > _LIMIT and not draft.whole:
            draft.fail_below(row.name, "value", base.TOO_LONG.format("Value", _LIMIT))
        else:
            draft.values[column] = sent

    def search(searching: Searching, below: Below, test: Comparison) -> Node:
        if below not in ((), ("value",)):
            raise UnknownAttribute(below[0])
        return text_node(column, test)

    def missing(draft: Draft, row: Field) -> None:
        if start is not None:
            draft.values[column] = start

    return Field(
        name,
        show=Given(
            Attribute(column),
            If(
                Both(Call(len, IT), "<=", Constant(_LIMIT)),
                Object({"id": Both(Both(Attribute("id"), "*", Constant(8)), "+", Constant(slot)), "value": IT}),
                Told(show),
            ),
        ),
        take=take,
        search=search,
        sort=column,
        element="DropDown",
        picklist=picklist,
        missing=missing,
        echo=lambda shown, sent: echo_map(shown, sent, ("value",)),
        **more,
    )


def echo_map(shown: Any, sent: Nested, keys: tuple[str, ...]) -> Any:
    """A shown object with the texts in it that were sent, as the vendor's memory has them."""
    if not isinstance(shown, dict) or not isinstance(sent, dict):
        return shown
    return {
        key: sent[key] if key in keys and isinstance(sent.get(key), str) else value for key, value in shown.items()
    }
