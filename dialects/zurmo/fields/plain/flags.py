"""Yes and no: stored, or our own."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from adapter.fields.expression import Attribute, Constant, Entry, If
from adapter.formats.form_body import Nested
from canonical.query import Compare, Node, Op, any_of
from dialects.zurmo.errors import UnknownAttribute
from dialects.zurmo.fields import base
from dialects.zurmo.fields.base import MINE, Draft, Field
from dialects.zurmo.fields.comparison import Below, Comparison, Searching
from dialects.zurmo.fields.nodes import extra_column, flag_node, text_node
from dialects.zurmo.fields.plain.texts import column_search


def own_flag(name: str, **more: Any) -> Field:
    """A yes or no that only this dialect knows: "1", "0", or null when it was never set.

    `start` is shown where nothing is kept; `at_first` is what a create keeps, whatever is sent.
    """
    start, at_first = more.pop("start", None), more.pop("at_first", None)

    def take(draft: Draft, row: Field, value: Nested) -> None:
        flag = as_flag(draft, row, value)
        if flag is not None:
            draft.extras[name] = at_first if draft.creating and at_first is not None else flag

    def search(searching: Searching, below: Below, test: Comparison) -> Node:
        if below:
            raise UnknownAttribute(below[0])
        column = extra_column(name)
        missing = Compare(column, Op.NULL)
        if test.operator in ("isNull", "isNotNull"):
            return text_node(column, test)
        found = any_of(*(Compare(column, Op.EQ, value) for value in "01" if test.accepts(value)))
        loose = test.loose and test.operator == "equals" and test.accepts("0")
        return any_of(found, missing) if loose else found

    return Field(
        name,
        show=If(MINE, Entry(MINE, Constant(name), Constant(start)), Constant(start)),
        take=take,
        search=search,
        sort=extra_column(name),
        element="CheckBox",
        clear=base.clear_extra(name),
        **more,
    )


_NUMBER = re.compile(
    r"[ \t\n\r\v\f]*[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?\Z", re.ASCII
)


def flag_of(text: str) -> str | None:
    """ "1" or "0" for a text that PHP compares equal to it, "0" for an empty one, which is stored so; else None."""
    if text in ("1", "0"):
        return text
    if text == "":
        return "0"
    if not _NUMBER.match(text):
        return None
    return {Decimal(0): "0", Decimal(1): "1"}.get(Decimal(text.strip()))


def as_flag(draft: Draft, row: Field, value: Nested) -> str | None:
    """ "1" or "0", None after noting that it is neither."""
    flag = flag_of(value) if isinstance(value, str) else None
    if flag is None:
        draft.fail(row.name, base.NOT_FLAG.format(row.label))
    return flag


def flag(name: str, column: str, **more: Any) -> Field:
    """A stored yes or no."""

    def take(draft: Draft, row: Field, value: Nested) -> None:
        sent = as_flag(draft, row, value)
        if sent is not None:
            draft.values[column] = sent == "1"

    return Field(
        name,
        show=If(Attribute(column), Constant("1"), Constant("0")),
        take=take,
        search=column_search(column, flag_node),
        sort=column,
        element="CheckBox",
        **more,
    )
