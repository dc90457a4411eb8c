"""Fields that are one value of the record: texts, numbers, flags, moments, days, dropdowns; and our own extras."""

from __future__ import annotations

from dialects.zurmo.fields.plain.choices import dropdown, echo_map
from dialects.zurmo.fields.plain.flags import as_flag, flag, flag_of, own_flag
from dialects.zurmo.fields.plain.moments import (
    ZERO_DATE,
    as_moment,
    day,
    forget_zero,
    moment,
    read_day,
    read_moment,
    read_only_moment,
    shown_moment,
)
from dialects.zurmo.fields.plain.numbers import (
    decimal,
    decimal_text,
    identity,
    integer_of,
    millionths,
    note_rounding,
    whole,
)
from dialects.zurmo.fields.plain.texts import (
    TEXT_LIMIT,
    as_text,
    as_url,
    column_search,
    own_text,
    set_column,
    text,
    text_area,
)

__all__ = [
    "TEXT_LIMIT",
    "ZERO_DATE",
    "as_flag",
    "as_moment",
    "as_text",
    "as_url",
    "column_search",
    "day",
    "decimal",
    "decimal_text",
    "dropdown",
    "echo_map",
    "flag",
    "flag_of",
    "forget_zero",
    "identity",
    "integer_of",
    "millionths",
    "moment",
    "note_rounding",
    "own_flag",
    "own_text",
    "read_day",
    "read_moment",
    "read_only_moment",
    "set_column",
    "shown_moment",
    "text",
    "text_area",
    "whole",
]
