"""Moments to the second, and calendar days."""

from __future__ import annotations

import re
from operator import attrgetter
from typing import Any, Final

from adapter.fields.expression import NOTHING, If, Told
from adapter.formats.form_body import Nested
from canonical.values import instant, sql_time
from dialects.zurmo.fields import base
from dialects.zurmo.fields.base import MINE, Draft, Field, View, kept
from dialects.zurmo.fields.nodes import moment_node, text_node
from dialects.zurmo.fields.plain.texts import column_search

ZERO_DATE: Final = "0000-00-00 00:00:00"
_MOMENT = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})\Z")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})\Z")


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
    if value == "" and row.required:
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

    def clear(draft: Draft) -> None:
        draft.values[column] = None
        forget_zero(draft, name)

    if more.get("required"):
        more.setdefault("missing", base.blank)

    def show(record: Any, view: View) -> str | None:
        return shown_moment(record, name, getter(record))

    return Field(
        name,
        show=base.sql_moment(column, If(MINE, Told(show), NOTHING)),
        take=take,
        search=column_search(column, moment_node),
        sort=column,
        element="DateTime",
        clear=clear,
        **more,
    )


def forget_zero(draft: Draft, name: str) -> None:
    """Unmarks a zero date."""
    zeros = draft.kept("zero", ())
    if name in zeros:
        draft.extras["zero"] = sorted(set(zeros) - {name}) or None


def read_only_moment(name: str, column: str, **more: Any) -> Field:
    """A moment that the server sets."""
    return Field(
        name,
        show=base.sql_moment(column),
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
        elif value == "" and row.required:
            draft.fail(row.name, base.BLANK.format(row.label))
        else:
            draft.values[column] = found
            wanted = zeros | {row.name} if found is None and draft.profile.zero_dates else zeros - {row.name}
            if wanted != zeros:
                draft.extras["zero"] = sorted(wanted) or None

    if more.get("required"):
        more.setdefault("missing", base.blank)
    more["clear"] = base.clear_column(column)
    return Field(
        name, show=show, take=take, search=column_search(column, text_node), sort=column, element="Date", **more
    )
