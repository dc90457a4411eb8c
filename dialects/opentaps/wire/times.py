"""Moments on the wire: java.sql.Timestamp out, several forms in (opentaps dossier, sections 3 and 4)."""

from __future__ import annotations

import re

from canonical.values import EARLIEST, LATEST, MINUTE, SECOND, Due, Instant, instant, sql_time

MILLI = 1000
_EPOCH = re.compile(r"[0-9]{13}\Z")
# RB does not escape its query: a "+" before the offset arrives as a blank. Ruby itself puts one before the sign.
_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[ Tt]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,20}))?)?"
    r"(?:([Zz])|( ?[ +-])([0-9]{2})(?::?([0-9]{2})|(?<=[+-]..)))?)?\Z"
)


def stamp(at: Instant) -> str:
    """``2014-01-20 20:42:56.5``: UTC, milliseconds without trailing zeros but at least one digit."""
    millis = at % SECOND // MILLI
    return f"{sql_time(at)}.{f'{millis:03d}'.rstrip('0')}" if millis else f"{sql_time(at)}.0"


def exact_stamp(at: Instant) -> str:
    """As `stamp`, with microseconds where there are any: for what we send."""
    return f"{sql_time(at)}.{f'{at % SECOND:06d}'.rstrip('0') or '0'}"


def parse_due(text: str) -> Due:
    """A moment, in UTC unless it names an offset, or a date.

    Raises `ValueError` for anything else.
    """
    text = text.strip()
    if _EPOCH.match(text):
        return Due(int(text) * MILLI)
    found = _MOMENT.match(text)
    if found is None:
        raise ValueError("not a date")
    year, month, day, hour, minute, second, fraction, _, sign, zone_hours, zone_minutes = found.groups()
    if hour is None:
        return Due(instant(int(year), int(month), int(day)), True)
    micro = int((fraction or "0").ljust(6, "0")[:6])
    at = instant(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), micro)
    if sign is not None:
        zone_minutes = zone_minutes or "0"
        if int(zone_hours) > 23 or int(zone_minutes) > 59:
            raise ValueError("no such offset")
        offset = (int(zone_hours) * 60 + int(zone_minutes)) * MINUTE
        at += offset if sign[-1] == "-" else -offset
    if not EARLIEST <= at <= LATEST:
        raise ValueError("out of range")
    return Due(at)


def same_when_shown(at: Instant | None, other: Instant | None) -> bool:
    """Whether two moments read alike: what was shown and is written back changes nothing."""
    if at is None or other is None:
        return at is other
    return at // MILLI == other // MILLI
