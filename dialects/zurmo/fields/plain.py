"""Fields that are one value of the record: texts, numbers, flags, moments, days; and our own extras."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from operator import attrgetter
from typing import Any, Final

from adapter.formats.form_body import Nested
from canonical.query import Compare as Term
from canonical.query import Node, Op, any_of
from canonical.values import MAX_ID, MICROS, instant, sql_time
from dialects.zurmo.fields import base
from dialects.zurmo.fields.base import Draft, Field, View, kept
from dialects.zurmo.query.comparison import (
    Below,
    Comparison,
    Searching,
    UnknownAttribute,
    extra_column,
    flag_node,
    moment_node,
    number_node,
    text_node,
)

TEXT_LIMIT: Final = 65_535
"""What the vendor's TEXT columns hold."""
ZERO_DATE: Final = "0000-00-00 00:00:00"
_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,19}\s*\Z")
_FLOAT = re.compile(r"\s*[+-]?(?:[0-9]{0,40}\.)?[0-9]{1,40}(?:[eE][+-]?[0-9]{1,3})?\s*\Z")
_MOMENT = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})\Z")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})\Z")
# Yii's CUrlValidator with `http` as the scheme of what has none.
_URL = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9][A-Za-z0-9_-]*)+", re.ASCII | re.IGNORECASE)

Node_ = Callable[[str, Comparison], Node]


def column_search(column: str, node: Node_) -> base.Search:
    """A search of one stored field; nothing can be below it."""

    def search(searching: Searching, below: Below, test: Comparison) -> Node:
        if below:
            raise UnknownAttribute(below[0])
        return node(column, test)

    return search


def as_text(draft: Draft, row: Field, value: Nested) -> str | None:
    """The sent text, None after noting why it is none."""
    if not isinstance(value, str):
        draft.fail(row.name, base.MUST_BE.format(row.label, "string"))
        return None
    if row.required and not value:
        draft.fail(row.name, base.BLANK.format(row.label))
        return None
    if row.max_length is not None and len(value) > row.max_length:
        draft.fail(row.name, base.TOO_LONG.format(row.label, row.max_length))
        return None
    return value


def set_column(column: str) -> base.Take:
    def take(draft: Draft, row: Field, value: Nested) -> None:
        text = as_text(draft, row, value)
        if text is not None:
            draft.values[column] = text

    return take


def text(name: str, column: str, limit: int | None = 64, **more: Any) -> Field:
    """A short text: `list` searches its beginning."""
    getter = attrgetter(column)
    more.setdefault("default_operator", "startsWith")
    if more.get("required"):
        more.setdefault("missing", base.blank)
    return Field(
        name,
        show=lambda record, view: getter(record),
        take=set_column(column),
        search=column_search(column, text_node),
        sort=column,
        max_length=limit,
        **more,
    )


def text_area(name: str, column: str, **more: Any) -> Field:
    """A long text: `list` searches anywhere in it."""
    more.setdefault("default_operator", "contains")
    more.setdefault("audited", False)
    return text(name, column, TEXT_LIMIT, element="TextArea", **more)


def own_text(name: str, limit: int | None = 255, **more: Any) -> Field:
    """A text that only this dialect knows."""

    def take(draft: Draft, row: Field, value: Nested) -> None:
        sent = as_text(draft, row, value)
        if sent is not None:
            draft.extras[name] = sent

    more.setdefault("default_operator", "startsWith")
    return Field(
        name,
        show=lambda record, view: kept(record, name),
        take=take,
        search=column_search(extra_column(name), text_node),
        sort=extra_column(name),
        max_length=limit,
        **more,
    )


def own_flag(name: str, **more: Any) -> Field:
    """A yes or no that only this dialect knows: "1", "0", or null when it was never set."""
    start = more.pop("start", None)

    def take(draft: Draft, row: Field, value: Nested) -> None:
        flag = as_flag(draft, row, value)
        if flag is not None:
            draft.extras[name] = flag

    def search(searching: Searching, below: Below, test: Comparison) -> Node:
        if below:
            raise UnknownAttribute(below[0])
        column = extra_column(name)
        missing = Term(column, Op.NULL)
        if test.operator in ("isNull", "isNotNull"):
            return text_node(column, test)
        found = any_of(*(Term(column, Op.EQ, value) for value in "01" if test.accepts(value)))
        loose = test.loose and test.operator == "equals" and test.accepts("0")
        return any_of(found, missing) if loose else found

    return Field(
        name,
        show=lambda record, view: kept(record, name, start),
        take=take,
        search=search,
        sort=extra_column(name),
        element="CheckBox",
        **more,
    )


def as_flag(draft: Draft, row: Field, value: Nested) -> str | None:
    """ "1", "0" or "" as sent, None after noting that it is neither."""
    if value in ("1", "0", ""):
        return str(value)
    draft.fail(row.name, base.NOT_FLAG.format(row.label))
    return None


# -- numbers -----------------------------------------------------------------------------------------


def as_integer(draft: Draft, row: Field, value: Nested) -> int | None:
    """The sent whole number, None when there is none to store or after noting why."""
    if value == "":
        return None
    if not isinstance(value, str) or not _INTEGER.match(value) or abs(int(value)) > MAX_ID:
        draft.fail(row.name, base.MUST_BE.format(row.label, "integer"))
        return None
    return int(value)


def whole(name: str, column: str, low: int | None = None, high: int | None = None, **more: Any) -> Field:
    """A whole number, shown as the vendor's MySQL gives it: as text."""
    getter = attrgetter(column)

    def show(record: Any, view: View) -> str | None:
        value = getter(record)
        return None if value is None else str(value)

    def take(draft: Draft, row: Field, value: Nested) -> None:
        number = as_integer(draft, row, value)
        if number is not None and low is not None and number < low:
            draft.fail(row.name, base.TOO_SMALL.format(row.label, low))
        elif number is not None and high is not None and number > high:
            draft.fail(row.name, base.TOO_BIG.format(row.label, high))
        else:
            draft.values[column] = number

    return Field(
        name, show=show, take=take, search=column_search(column, number_node), sort=column, element="Integer", **more
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


def decimal(name: str, column: str, **more: Any) -> Field:
    """A decimal kept in millionths."""
    getter = attrgetter(column)

    def show(record: Any, view: View) -> str | None:
        value = getter(record)
        return None if value is None else decimal_text(value)

    def take(draft: Draft, row: Field, value: Nested) -> None:
        if value == "":
            draft.values[column] = None
            return
        number = millionths(value) if isinstance(value, str) else None
        if number is None:
            draft.fail(row.name, base.MUST_BE.format(row.label, "float"))
        else:
            draft.values[column] = number

    def node(column: str, test: Comparison) -> Node:
        return number_node(column, test, MICROS)

    return Field(
        name, show=show, take=take, search=column_search(column, node), sort=column, element="Decimal", **more
    )


def flag(name: str, column: str, **more: Any) -> Field:
    """A stored yes or no."""
    getter = attrgetter(column)

    def take(draft: Draft, row: Field, value: Nested) -> None:
        sent = as_flag(draft, row, value)
        if sent is not None:
            draft.values[column] = sent == "1"

    return Field(
        name,
        show=lambda record, view: "1" if getter(record) else "0",
        take=take,
        search=column_search(column, flag_node),
        sort=column,
        element="CheckBox",
        **more,
    )


def identity() -> Field:
    """The id: a number, never set."""
    return Field(
        "id",
        show=lambda record, view: record.id,
        search=column_search("id", number_node),
        sort="id",
        audited=False,
    )


# -- moments -----------------------------------------------------------------------------------------


def read_moment(text: str) -> int | None:
    """The instant of ``YYYY-MM-DD HH:MM:SS``; None where the calendar has no such moment."""
    found = _MOMENT.match(text)
    if found is None or not text.isascii():
        return None
    try:
        return instant(*(int(part) for part in found.groups()))
    except ValueError:
        return None


def as_moment(draft: Draft, row: Field, value: Nested) -> tuple[bool, int | None]:
    """Whether the sent moment is taken, and the instant.

    Empty means none. What the calendar does not have is refused, unless the tenant wants the vendor's zero dates:
    then it is taken as none and marked (zurmo dossier, section 3).
    """
    zeros = set(draft.kept("zero", ()))
    at = read_moment(value) if isinstance(value, str) else None
    if (
        at is None
        and value != ""
        and not (draft.profile.zero_dates and isinstance(value, str) and value.isascii() and _MOMENT.match(value))
    ):
        draft.fail(row.name, base.MUST_BE.format(row.label, "datetime"))
        return False, None
    if at is None and row.required and not draft.profile.zero_dates:
        draft.fail(row.name, base.BLANK.format(row.label))
        return False, None
    wanted = zeros | {row.name} if at is None and draft.profile.zero_dates else zeros - {row.name}
    if wanted != zeros:
        draft.extras["zero"] = sorted(wanted) or None
    return True, at


def shown_moment(record: Any, name: str, at: int | None) -> str | None:
    """A moment, or the zero date where the tenant's clients left one."""
    if at is not None:
        return sql_time(at)
    return ZERO_DATE if name in kept(record, "zero", ()) else None


def moment(name: str, column: str, **more: Any) -> Field:
    """A moment in UTC, to the second."""
    getter = attrgetter(column)

    def take(draft: Draft, row: Field, value: Nested) -> None:
        good, at = as_moment(draft, row, value)
        if good:
            draft.values[column] = at

    if more.get("required"):
        more.setdefault("missing", base.blank)
    return Field(
        name,
        show=lambda record, view: shown_moment(record, name, getter(record)),
        take=take,
        search=column_search(column, moment_node),
        sort=column,
        element="DateTime",
        **more,
    )


def read_only_moment(name: str, column: str, **more: Any) -> Field:
    """A moment that the server sets."""
    getter = attrgetter(column)

    def show(record: Any, view: View) -> str | None:
        at = getter(record)
        return None if at is None else sql_time(at)

    return Field(
        name,
        show=show,
        search=column_search(column, moment_node),
        sort=column,
        element="DateTime",
        read_only=True,
        **more,
    )


def read_day(text: str) -> str | None:
    """The day itself; None where the calendar has no such day."""
    found = _DAY.match(text)
    if found is None or not text.isascii():
        return None
    try:
        instant(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None
    return text


def day(name: str, column: str, **more: Any) -> Field:
    """A calendar day, ``YYYY-MM-DD``."""
    getter = attrgetter(column)

    def show(record: Any, view: View) -> str | None:
        value = getter(record)
        if value is None and name in kept(record, "zero", ()):
            return ZERO_DATE[:10]
        return value if value is None else str(value)

    def take(draft: Draft, row: Field, value: Nested) -> None:
        zeros = set(draft.kept("zero", ()))
        found = read_day(value) if isinstance(value, str) else None
        shaped = isinstance(value, str) and value.isascii() and _DAY.match(value) is not None
        if found is None and value != "" and not (draft.profile.zero_dates and shaped):
            draft.fail(row.name, base.MUST_BE.format(row.label, "date"))
        elif found is None and row.required and not draft.profile.zero_dates:
            draft.fail(row.name, base.BLANK.format(row.label))
        else:
            draft.values[column] = found
            wanted = zeros | {row.name} if found is None and draft.profile.zero_dates else zeros - {row.name}
            if wanted != zeros:
                draft.extras["zero"] = sorted(wanted) or None

    if more.get("required"):
        more.setdefault("missing", base.blank)
    return Field(
        name, show=show, take=take, search=column_search(column, text_node), sort=column, element="Date", **more
    )


# -- dropdowns ---------------------------------------------------------------------------------------


def dropdown(name: str, column: str, slot: int, picklist: str, **more: Any) -> Field:
    """A free text out of a list, ``{"id", "value"}``; the id is worked out from the record's and the field's slot."""
    getter = attrgetter(column)
    start = more.pop("start", None)

    def show(record: Any, view: View) -> dict[str, Any] | None:
        value = getter(record)
        return None if value is None else {"id": record.id * 8 + slot, "value": value}

    def take(draft: Draft, row: Field, value: Nested) -> None:
        sent = value.get("value") if isinstance(value, dict) else value
        if sent is None:
            return
        if not isinstance(sent, str):
            draft.fail_below(row.name, "value", base.MUST_BE.format("Value", "string"))
        elif len(sent) > 255:
            draft.fail_below(row.name, "value", base.TOO_LONG.format("Value", 255))
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
        show=show,
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


def is_url(text: str) -> bool:
    """Whether the vendor takes it for a web address, with or without a scheme."""
    return _URL.match(text if "://" in text else f"http://{text}") is not None
