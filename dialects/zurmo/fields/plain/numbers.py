"""Whole numbers, decimals in millionths, and the id."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from operator import attrgetter
from typing import Any

from adapter.fields.expression import IT, Attribute, Call, Given
from adapter.formats.form_body import Nested
from canonical.query import Node
from canonical.values import MAX_ID, MICROS
from dialects.zurmo.fields import base
from dialects.zurmo.fields.base import Draft, Field, View
from dialects.zurmo.fields.comparison import Comparison
from dialects.zurmo.fields.nodes import number_node
from dialects.zurmo.fields.plain.texts import column_search

_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,19}\s*\Z")
_FLOAT = re.compile(r"\s*[+-]?(?:[0-9]{0,40}\.)?[0-9]{1,40}(?:[eE][+-]?[0-9]{1,3})?\s*\Z")


def as_integer(draft: Draft, row: Field, value: Nested) -> int | None:
    """The sent whole number, 0 for an empty one, which is stored so; None after noting that it is none."""
    if value == "":
        return 0
    number = integer_of(value) if isinstance(value, str) else None
    if number is None:
        draft.fail(row.name, base.MUST_BE.format(row.label, "integer"))
    return number


def integer_of(text: str) -> int | None:
    """The whole number, blanks around it allowed; None where it is none, or too large to keep."""
    return int(text) if _INTEGER.match(text) and abs(int(text)) <= MAX_ID else None


def whole(name: str, column: str, **more: Any) -> Field:
    """A whole number, shown as the vendor's MySQL gives it: as text."""

    def take(draft: Draft, row: Field, value: Nested) -> None:
        number = as_integer(draft, row, value)
        if number is not None:
            draft.values[column] = number

    return Field(
        name,
        show=Given(Attribute(column), Call(str, IT)),
        take=take,
        search=column_search(column, number_node),
        sort=column,
        element="Integer",
        clear=base.clear_column(column),
        **more,
    )


def decimal_text(millionths: int) -> str:
    """``1500500000`` -> ``1500.5``: a double as MySQL and PHP print it."""
    whole_part, fraction = divmod(abs(millionths), MICROS)
    digits = f"{fraction:06d}".rstrip("0")
    return ("-" if millionths < 0 else "") + str(whole_part) + (f".{digits}" if digits else "")


def millionths(text: str) -> int | None:
    """The sent decimal in millionths; None where it is none, or too large to keep."""
    if not _FLOAT.match(text):
        return None
    scaled = Decimal(text) * MICROS
    if scaled.adjusted() > 18:
        return None
    exact = int(scaled.to_integral_value(ROUND_HALF_EVEN))
    return exact if abs(exact) <= MAX_ID else None


def note_rounding(draft: Draft, row: Field, text: str, kept: int) -> None:
    """Reports digits beyond the sixth after the point."""
    if Decimal(text) * MICROS != kept:
        draft.lose(row.name, "rounded")


def decimal(name: str, column: str, **more: Any) -> Field:
    """A decimal kept in millionths."""
    getter = attrgetter(column)

    def show(record: Any, view: View) -> str | None:
        value = getter(record)
        return None if value is None else decimal_text(value)

    def take(draft: Draft, row: Field, value: Nested) -> None:
        if value == "":
            draft.values[column] = 0
            return
        number = millionths(value) if isinstance(value, str) else None
        if number is None:
            draft.fail(row.name, base.MUST_BE.format(row.label, "float"))
        else:
            note_rounding(draft, row, str(value), number)
            draft.values[column] = number

    def node(column: str, test: Comparison) -> Node:
        return number_node(column, test, MICROS)

    more["clear"] = base.clear_column(column)
    return Field(
        name, show=show, take=take, search=column_search(column, node), sort=column, element="Decimal", **more
    )


def identity() -> Field:
    """The id: a number, never set."""
    return Field(
        "id",
        show=Attribute("id"),
        search=column_search("id", number_node),
        sort="id",
        audited=False,
    )
