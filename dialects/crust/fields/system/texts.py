"""Values as the vendor's clients write them: everything is text (crust dossier, section 7)."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation

from canonical.values import DAY, EARLIEST, LATEST, MAX_ID, MICROS, MINUTE, Instant, from_datetime, iso_date, iso_time

_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)\Z", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})\Z", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?\Z", re.ASCII)
_INTEGER = re.compile(r"-?[0-9]{1,18}\Z", re.ASCII)
_DECIMAL = re.compile(r"[-+]?[0-9]{1,12}(?:\.[0-9]{0,6})?\Z", re.ASCII)


def parse_moment(text: str) -> tuple[Instant, bool] | None:
    """An instant and whether it is only a day: RFC 3339, ``YYYY-MM-DD``, ``YYYY-MM-DD HH:mm``; None for other text."""
    text = text.strip()
    try:
        if _DATE.match(text):
            return from_datetime(datetime.fromisoformat(text)), True
        if not _TIME.match(text):
            return None
        # Python knows microseconds at most.
        at = from_datetime(datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)))
    except (ValueError, OverflowError):
        return None
    return (at, False) if EARLIEST <= at <= LATEST else None


def show_moment(at: Instant | None, date_only: bool = False) -> str:
    """``2018-12-01``, ``2018-12-01 09:30``, or RFC 3339 where there are seconds."""
    if at is None:
        return ""
    if date_only and at % DAY == 0:
        return iso_date(at)
    if at % MINUTE == 0:
        return iso_time(at)[:16].replace("T", " ")
    return iso_time(at)


def parse_day(text: str) -> str | None:
    """``YYYY-MM-DD`` out of any form of time that is known."""
    found = parse_moment(text)
    return None if found is None else iso_date(found[0])


def bound_text(text: str) -> str:
    """A chart's bound: the day-first dates of the vendor's samples (``31/12/2018``) become ``2018-12-31``."""
    match = _DAY_FIRST.match(text.strip())
    return f"{match[3]}-{int(match[2]):02d}-{int(match[1]):02d}" if match else text.strip()


def parse_integer(text: str) -> int | None:
    text = text.strip()
    return int(text) if _INTEGER.match(text) else None


def parse_id(text: str) -> int | None:
    """A record's id."""
    value = int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else 0
    return value if 0 < value <= MAX_ID else None


def parse_money(text: str) -> int | None:
    """Millionths."""
    text = text.strip()
    if not _DECIMAL.match(text):
        return None
    try:
        return int(Decimal(text) * MICROS)
    except InvalidOperation:
        return None


def show_money(amount: int | None) -> str:
    if amount is None:
        return ""
    whole, part = divmod(abs(amount), MICROS)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}" + (f".{part:06d}".rstrip("0") if part else "")


def parse_flag(text: str) -> bool:
    """``"1"`` and ``"true"`` are true."""
    return text.strip().lower() in ("1", "true", "yes", "t", "y")
