"""Instants as scripts write and read them."""

from __future__ import annotations

from datetime import datetime

from canonical.values import SECOND, Instant, from_datetime, iso_time


def instant_of(text: str) -> Instant:
    """Of ISO 8601 text: a date, or a date and a time, UTC unless it says otherwise. Raises `ValueError`."""
    try:
        return from_datetime(datetime.fromisoformat(text))
    except OverflowError as error:
        raise ValueError(text) from error


def instant_text(at: Instant) -> str:
    """``2018-12-10T09:30:00Z``, with six digits of fraction when there is one."""
    fraction = at % SECOND
    return f"{iso_time(at)[:-1]}.{fraction:06d}Z" if fraction else iso_time(at)
