"""The nodes that comparisons become: of texts, numbers, flags, moments, and of what hangs on a record."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from canonical.query import FALSE, Compare, Has, Node, Not, Op, all_of, any_of, one_of
from canonical.values import EARLIEST, LATEST, MAX_ID, MICROS, SECOND, Instant, instant
from dialects.zurmo.fields.comparison import PATTERNS, Comparison, number
from dialects.zurmo.settings import NAME

_ORDER: Final = {
    "equals": Op.EQ,
    "doesNotEqual": Op.NE,
    "greaterThan": Op.GT,
    "lessThan": Op.LT,
    "greaterThanOrEqualTo": Op.GE,
    "lessThanOrEqualTo": Op.LE,
}


# -- texts -------------------------------------------------------------------------------------------


def text_node(column: str, test: Comparison) -> Node:
    """A comparison of a text field."""
    operator = test.operator
    if operator in _ORDER:
        return Compare(column, _ORDER[operator], test.value)
    if operator in PATTERNS:
        found = Compare(column, Op.LIKE, PATTERNS[operator].format(test.value))
        return Not(found) if operator.startswith("doesNot") else found
    match operator:
        case "oneOf":
            return one_of(column, test.values)
        case "isNull":
            return Compare(column, Op.NULL)
        case "isNotNull":
            return Compare(column, Op.NOT_NULL)
        case "isEmpty":
            return Compare(column, Op.EQ, "")
    return Compare(column, Op.NE, "")


def extra_column(key: str) -> str:
    """The search's name of one of our extras."""
    return f"extras.{NAME}.{key}"


# -- numbers -----------------------------------------------------------------------------------------


def _bound(value: Decimal, scale: int) -> int | float:
    scaled = value * scale
    whole = int(scaled)
    if scaled == whole:
        return max(-MAX_ID, min(MAX_ID, whole))
    return float(scaled)


def number_node(column: str, test: Comparison, scale: int = 1) -> Node:
    """A comparison of a number, `scale` units of the field being one of the vendor's."""
    if test.operator in PATTERNS:
        return text_node(column, test)  # as it is printed
    match test.operator:
        case "oneOf":
            return one_of(column, [_bound(number(value), scale) for value in test.values])
        case "isNull" | "isNotNull":
            return text_node(column, test)
        case "isEmpty":
            return Compare(column, Op.EQ, 0)  # MySQL takes '' for 0 beside a number
        case "isNotEmpty":
            return Compare(column, Op.NE, 0)
    return Compare(column, _ORDER[test.operator], _bound(number(test.value), scale))


def flag_node(column: str, test: Comparison, nullable: bool = False) -> Node:
    """A comparison of a flag; with a loose test 0 also means "never set"."""
    found = number_node(column, test)
    if nullable and test.loose and test.operator == "equals" and number(test.value) == 0:
        return any_of(found, Compare(column, Op.NULL))
    return found


def money_node(column: str, test: Comparison) -> Node:
    return number_node(column, test, MICROS)


# -- moments -----------------------------------------------------------------------------------------

_MOMENT = re.compile(
    r"\s*([0-9]{1,4})-([0-9]{1,2})(?:-([0-9]{1,2}))?(?:[ T]([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2}))?)?"
)
_PREFIX = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?: ([0-9]{2})(?::([0-9]{2})(?::([0-9]{2}))?)?)?)?)?\Z")


def moment(text: str) -> Instant:
    """A text as MySQL compares it with a moment; what is none is the zero date, before all others."""
    found = _MOMENT.match(text)
    if found is None or found[3] is None:
        return EARLIEST
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    try:
        return instant(year, month, day, hour, minute, second)
    except ValueError:
        return EARLIEST


def _spans(start: str) -> tuple[Instant, Instant] | None:
    """From the first moment whose text starts so to the one after the last; None when it cannot be a span."""
    found = _PREFIX.match(start.rstrip("-: "))
    if found is None or found[1] == "0000":
        return None
    parts = [None if part is None else int(part) for part in found.groups()]
    given = next((at for at, part in enumerate(parts) if part is None), 6)
    year, month, day, hour, minute, second = (part or 0 for part in parts)
    try:
        low = instant(year, month or 1, day or 1, hour, minute, second)
    except ValueError:
        return None
    if given == 1:
        return low, instant(year + 1, 1, 1) if year < 9999 else LATEST
    if given == 2:
        low = instant(year, month or 1, 1)
        return low, low + monthrange(year, month or 1)[1] * 86_400 * SECOND
    return low, low + {3: 86_400, 4: 3_600, 5: 60, 6: 1}[given] * SECOND


def span_node(column: str, low: Instant, high: Instant) -> Node:
    """At or after `low` and before `high`."""
    return all_of(Compare(column, Op.GE, low), Compare(column, Op.LT, high))


def moment_node(column: str, test: Comparison) -> Node:
    """A comparison of an instant; the vendor's moments are whole seconds, so one second is a span."""
    operator = test.operator
    if operator in PATTERNS:
        span = _spans(test.value) if operator in ("startsWith", "doesNotStartsWith") else None
        if span is None:
            return text_node(column, test)  # as it is printed
        found = span_node(column, *span)
        return Not(found) if operator.startswith("doesNot") else found
    if operator in ("isNull", "isNotNull"):
        return text_node(column, test)
    if operator == "isEmpty":
        return FALSE
    if operator == "isNotEmpty":
        return Compare(column, Op.NOT_NULL)
    if operator == "oneOf":
        return any_of(*(span_node(column, moment(value), moment(value) + SECOND) for value in test.values))
    at = moment(test.value)
    match operator:
        case "equals":
            return span_node(column, at, at + SECOND)
        case "doesNotEqual":
            return Not(span_node(column, at, at + SECOND))
        case "greaterThan":
            return Compare(column, Op.GE, at + SECOND)
        case "greaterThanOrEqualTo":
            return Compare(column, Op.GE, at)
        case "lessThan":
            return Compare(column, Op.LT, at)
    return Compare(column, Op.LT, at + SECOND)


# -- what hangs on a record ----------------------------------------------------------------------------


UNKNOWN: Final = Compare("id", Op.EQ, None)
"""Neither true nor false, like a comparison with NULL."""


def maybe(found: Node, present: Node, strict: bool) -> Node:
    """The condition; with `strict` unknown where there is nothing to compare, so that its negation does not hold."""
    return any_of(found, all_of(UNKNOWN, Not(present))) if strict else found


def related_node(relation: str, condition: Node, column: str, test: Comparison, *, strict: bool) -> Node:
    """A comparison with a row that hangs on the record, being null when there is no such row."""
    if test.operator == "isNull":
        return Not(Has(relation, condition))
    if test.operator == "isNotNull":
        return Has(relation, condition)
    present = Has(relation, all_of(condition, Compare(column, Op.NOT_NULL)))
    return maybe(Has(relation, all_of(condition, text_node(column, test))), present, strict)


def known_node(test: Comparison, hits: Callable[[str], Node], *, none: bool, strict: bool) -> Node:
    """A comparison of a flag: `hits` says which records have it so; `none` that there are some without it."""
    set_ = any_of(hits("0"), hits("1"))
    if test.operator in ("isNull", "isNotNull"):
        return Not(set_) if test.operator == "isNull" else set_
    if none and test.loose and test.operator == "equals" and test.accepts("0"):
        return Not(hits("1"))
    return maybe(any_of(*(hits(value) for value in "01" if test.accepts(value))), set_, strict)
