"""How Capsule writes values as text: times, numbers, booleans. Every value on its wire is text, in JSON too.

All readers raise `ValueError` for text that is no such value; none accepts digits outside ASCII.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import NoReturn
from urllib.parse import quote

from canonical.values import EARLIEST, LATEST, MAX_ID, MICROS, MINUTE, SECOND, Instant, instant, iso_time

# `2010-04-21T15:00:00Z` is the seed's form; offsets come from Gravity Forms and Ruby clients, plain dates from
# Ruby's; milliseconds are cut and a missing zone is UTC (capsule dossier, section 3). Ruby's Time#to_s says " UTC",
# and XML Schema's date, which .NET and JAXB write, may have a zone, which does not move the day.
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]{1,9})?)?"
    r"\s?(?:Z|z|UTC|GMT|([+-])([0-9]{2}):?([0-9]{2}))?|Z|[+-][0-9]{2}:[0-9]{2})?"
)
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})Z?)?")
_LOST_PLUS = re.compile(r"(?<=:[0-9]{2}) (?=[0-9]{2}:?[0-9]{2}\Z)")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}(?:\.0{1,20})?")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,12}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})")
NO_ID = "0"
"""What .NET and Java write for an id that was never set."""
_CENT = Decimal("0.01")
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}


class NotANumber(ValueError):
    """Text that is no number, not even one too large to be kept."""


def _refuse_number(text: str, *, whole: bool = False) -> NoReturn:
    found = _NUMBER.fullmatch(text)
    if found is None or (whole and text.partition(".")[2].strip("0")):
        raise NotANumber(text)
    raise ValueError("a number beyond what is kept")


def read_time(text: str) -> Instant:
    """The instant of ``2010-04-21T15:00:00Z`` and its tolerated variants, whole seconds.

    A plain date is its midnight UTC. Raises `ValueError`.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError("not a date")
    year, month, day, hour, minute, second, sign, zone_hours, zone_minutes = found.groups()
    at = instant(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
    if sign:
        if int(zone_hours) > 18 or int(zone_minutes) > 59:
            raise ValueError("not a zone")
        offset = (int(zone_hours) * 60 + int(zone_minutes)) * MINUTE
        at += -offset if sign == "+" else offset
    if not EARLIEST <= at <= LATEST:
        raise ValueError("out of range")
    return at


def read_moment(text: str) -> Instant:
    """The instant of ``20140603T093045``, UTC: the form of `lastmodified` and `since`; a day is its midnight.

    What `read_time` takes will do too: the sources name no other spelling, and none that is taken means something
    else. A client that does not encode the plus sign of an offset sends a blank. Raises `ValueError`.
    """
    found = _COMPACT.fullmatch(text.strip())
    if found is None:
        return read_time(_LOST_PLUS.sub("+", text.strip()))
    return instant(*(int(part or 0) for part in found.groups()))


def read_day(text: str) -> str:
    """The UTC day of a date or time, ``YYYY-MM-DD``. Raises `ValueError`."""
    return iso_time(read_time(text))[:10]


def show_compact_time(at: Instant) -> str:
    """``20140603T093045``, UTC."""
    return iso_time(at).replace("-", "").replace(":", "")[:-1]


show_time = iso_time
"""``2014-06-03T09:30:45Z``: never milliseconds or offsets, Java's XStream parses exactly this pattern."""


def show_day(day: str) -> str:
    """``2014-06-03`` as the midnight it is on the wire."""
    return f"{day}T00:00:00Z"


def cut_to_minute(at: Instant) -> Instant:
    """Capsule keeps due times to the minute (capsule dossier, section 3)."""
    return at - at % MINUTE


def cut_to_second(at: Instant) -> Instant:
    return at - at % SECOND


def read_integer(text: str) -> int:
    """A whole number; ``50.0`` counts as one. Raises `ValueError`."""
    text = text.strip()
    if not _INTEGER.fullmatch(text):
        _refuse_number(text, whole=True)
    return int(text.partition(".")[0])


def read_id(text: str) -> int:
    """An id that can exist. Raises `ValueError`."""
    text = text.strip()
    if not text.isascii() or not text.isdigit() or len(text) > 19 or not 0 < int(text) <= MAX_ID:
        raise ValueError("not an id")
    return int(text)


def read_money(text: str) -> int:
    """Millionths of the currency's unit. Raises `ValueError`."""
    text = text.strip()
    if not _DECIMAL.fullmatch(text):
        _refuse_number(text)
    return int((Decimal(text) * MICROS).to_integral_value(ROUND_HALF_UP))


def show_money(amount: int) -> str:
    """``500.00``: always two decimals."""
    # Adding nothing takes the sign off a negative zero.
    return str((Decimal(amount) / MICROS).quantize(_CENT, ROUND_HALF_UP) + 0)


def read_number(text: str) -> str:
    """A number of a custom field, as it came. Raises `ValueError`."""
    text = text.strip()
    if not _DECIMAL.fullmatch(text):
        _refuse_number(text)
    return text


def read_boolean(text: str) -> bool:
    """Raises `ValueError`."""
    try:
        return _BOOLEANS[text.strip().lower()]
    except KeyError:
        raise ValueError("not a boolean") from None


def quoted(text: str) -> str:
    """Text as one segment of a path: ``key%20account``."""
    return quote(text, safe="")


def show_boolean(value: bool) -> str:
    return "true" if value else "false"
