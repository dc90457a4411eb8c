"""Date filters: ``dueDateTime__DateTime[type]=Between`` and its like (zurmo dossier, section 5).

Days are those of the caller's time zone. Dates come in the locale's short form, ``1/2/2015``; anything else counts
as today.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from adapter.formats.form_body import Nested
from canonical.query import TRUE, Compare, Node, Op, all_of
from canonical.values import Instant, from_datetime, to_datetime
from dialects.zurmo.errors import Failure
from dialects.zurmo.fields.comparison import Searching

SUFFIXES: Final = ("__DateTime", "__Date")
_SHORT = re.compile(r"\s*([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}|[0-9]{2})\s*\Z", re.ASCII)


@lru_cache(maxsize=256)
def zone(name: str) -> tzinfo:
    """The zone of that name; UTC where the system knows none of it."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def _today(searching: Searching) -> date:
    name = searching.time_zone or searching.profile.time_zone
    return to_datetime(searching.now).astimezone(zone(name)).date()


def short_date(text: Nested | None, today: date) -> date:
    """The day of ``1/2/2015`` (January 2nd); today for anything else."""
    found = _SHORT.match(text) if isinstance(text, str) else None
    if found is None:
        return today
    year = int(found[3])
    if len(found[3]) == 2:
        year += 2000 if year < 70 else 1900
    try:
        return date(year, int(found[1]), int(found[2]))
    except ValueError:
        return today


def _month(day: date, months: int) -> date:
    """The first day of the month so many months away."""
    at = day.year * 12 + day.month - 1 + months
    year, month = divmod(at, 12)
    return date(max(1, min(9999, year)), month + 1, 1)


def _days(kind: str, value: dict[str, Nested], today: date) -> tuple[date | None, date | None] | None:
    """First and last day of a filter, None where it is open; None for a filter that is unknown."""
    one = timedelta(days=1)
    first = short_date(value.get("firstDate"), today)
    match kind:
        case "Yesterday":
            return today - one, today - one
        case "Today":
            return today, today
        case "Tomorrow":
            return today + one, today + one
        case "On":
            return first, first
        case "Before":
            return None, first
        case "After":
            return first, None
        case "Between":
            return first, short_date(value.get("secondDate"), today)
        case "This Month" | "Next Month" | "Last Month":
            start = _month(today, {"This": 0, "Next": 1, "Last": -1}[kind.split()[0]])
            return start, start.replace(day=monthrange(start.year, start.month)[1])
        case "This Year" | "Next Year" | "Last Year":
            year = max(1, min(9999, today.year + {"This": 0, "Next": 1, "Last": -1}[kind.split()[0]]))
            return date(year, 1, 1), date(year, 12, 31)
    found = re.fullmatch(r"(Next|Last) ([0-9]{1,3}) Days", kind)
    if found is None:
        return None
    span = timedelta(days=int(found[2]))
    return (today, today + span) if found[1] == "Next" else (today - span, today)


def _start(day: date, name: str) -> Instant:
    try:
        return from_datetime(datetime(day.year, day.month, day.day, tzinfo=zone(name)).astimezone(UTC))
    except OverflowError:
        return from_datetime(datetime(day.year, day.month, day.day, tzinfo=UTC))


def date_filter(column: str, calendar_days: bool, value: Nested, searching: Searching) -> Node:
    """The node of a date filter on a stored moment, or with `calendar_days` on a stored day.

    Raises the vendor's wordless Failure for a type that there is not.
    """
    if not isinstance(value, dict):
        return TRUE
    kind = value.get("type")
    if not isinstance(kind, str) or not kind:
        return TRUE
    days = _days(kind, value, _today(searching))
    if days is None:
        known = {"Is Empty": Compare(column, Op.NULL), "Is Not Empty": Compare(column, Op.NOT_NULL)}
        if kind not in known:
            raise Failure("")
        return known[kind]
    first, last = days
    if calendar_days:
        low: object = first and first.isoformat()
        high: object = last and last.isoformat()
        nodes = [Compare(column, Op.GE, str(low))] if low else []
        return all_of(*nodes, *([Compare(column, Op.LE, str(high))] if high else []))
    name = searching.time_zone or searching.profile.time_zone
    nodes = [] if first is None else [Compare(column, Op.GE, _start(first, name))]
    if last is not None and last < date.max:
        nodes.append(Compare(column, Op.LT, _start(last + timedelta(days=1), name)))
    return all_of(*nodes)
