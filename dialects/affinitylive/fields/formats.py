"""How values stand on the wire: every scalar is a string; dates are unix seconds, durations seconds (dossier, 4)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from adapter.fields.compile import value_function
from adapter.fields.expression import IT, Both, Call, Constant, Expression, Given
from canonical.values import EARLIEST, LATEST, MICROS, SECOND, from_datetime, iso_date

_DIGITS = 12
_DECIMAL = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?\Z")
YES = frozenset({"yes", "y", "1", "true", "on"})
NO = frozenset({"no", "n", "0", "false", "off", ""})


class BadValue(ValueError):
    """The text is not of the format."""


@dataclass(frozen=True, slots=True)
class Format:
    """`show` makes the wire's value of a canonical one, None included; `read` the canonical value of a text, or raises
    `BadValue`. `read` gives None for a text that empties the field. `told` makes the expression of what `show` gives
    from that of the value, where it is not a mere call: the functions that write whole pages have it inlined."""

    show: Callable[[Any], Any]
    read: Callable[[str], Any]
    told: Callable[[Expression], Expression] | None = None

    def of(self, value: Expression) -> Expression:
        """What is shown of that value."""
        return Call(self.show, value) if self.told is None else self.told(value)


def spelled(told: Callable[[Expression], Expression], read: Callable[[str], Any]) -> Format:
    """A format that shows by an expression."""
    return Format(value_function(told(IT)), read, told)


def _read_text(text: str) -> str | None:
    return text or None


def show_moment(value: int | None) -> str | None:
    shown: str | None = MOMENT.show(value)
    return shown


def seconds(text: str) -> int | None:
    """Unix seconds, as decimal digits with a sign or without; None when there is nothing or 0. Raises BadValue."""
    text = text.strip()
    digits = text.removeprefix("-")
    if text in ("", "0"):
        return None
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS):
        raise BadValue("unix seconds are needed")
    moment = int(text) * SECOND
    if not EARLIEST <= moment <= LATEST:
        raise BadValue("no such moment")
    return moment


def _read_moment_or_iso(text: str) -> int | None:
    """Unix seconds or ISO 8601: what prospects and profile dates take (dossier, section 3)."""
    try:
        return seconds(text)
    except BadValue:
        pass
    try:
        moment = from_datetime(datetime.fromisoformat(text.strip()[:40]))
    except (ValueError, OverflowError):
        raise BadValue("no such moment") from None
    if not EARLIEST <= moment <= LATEST:
        raise BadValue("no such moment")
    return moment


def _show_day(value: str | None) -> str | None:
    if value is None:
        return None
    return show_moment(from_datetime(datetime.fromisoformat(value)))


def _read_day(text: str) -> str | None:
    moment = _read_moment_or_iso(text)
    return None if moment is None else iso_date(moment)


def count(text: str) -> int:
    """A whole number from 0 on. Raises BadValue."""
    text = text.strip()
    if text == "":
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise BadValue("a number is needed")
    return int(text)


def show_money(value: int | None) -> str:
    """``"1250.00"``; more decimals only where there are more."""
    if not value:
        return "0.00"
    whole, part = divmod(abs(value), MICROS)
    decimals = f"{part:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if value < 0 else ''}{whole}.{decimals}"


def read_money(text: str) -> int | None:
    text = text.strip()
    if text == "":
        return None
    if not _DECIMAL.match(text):
        raise BadValue("a decimal is needed")
    whole, _, part = text.removeprefix("-").partition(".")
    value = int(whole) * MICROS + int(part[:6].ljust(6, "0") or "0")
    return -value if text.startswith("-") else value


def read_percent(text: str) -> int | None:
    """A whole number of percent, or with a point a fraction of 1: ``25`` and ``0.25`` are 25. Raises BadValue."""
    millionths = read_money(text)
    if millionths is None:
        return None
    if "." in text:
        millionths *= 100
    if not 0 <= millionths <= 100 * MICROS:
        raise BadValue("0 to 100 is needed")
    return (millionths + MICROS // 2) // MICROS


def read_flag(text: str) -> bool:
    word = text.strip().lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise BadValue("yes or no is needed")


def decimal(text: str) -> str | None:
    """A decimal as text with two places or as many as it came with; nothing for 0. Raises BadValue."""
    text = text.strip()
    if text and not _DECIMAL.match(text):
        raise BadValue("a decimal is needed")
    whole, _, part = text.partition(".")
    return f"{whole}.{part.ljust(2, '0')}" if text.strip("-0.") else None


TEXT: Final = spelled(lambda value: Both(value, "or", Constant("")), _read_text)
MOMENT: Final = spelled(lambda value: Given(value, Call(str, Both(IT, "//", Constant(SECOND)))), seconds)
MOMENT_OR_ISO: Final = Format(MOMENT.show, _read_moment_or_iso)
DAY: Final = Format(_show_day, _read_day)
COUNT: Final = spelled(lambda value: Call(str, Both(value, "or", Constant(0))), count)
MONEY: Final = Format(show_money, read_money)
YES_NO: Final = Format(lambda value: "yes" if value else "no", read_flag)
ONE_ZERO: Final = Format(lambda value: "1" if value else "0", read_flag)
DECIMAL: Final = Format(lambda value: value or "0.00", decimal)


def words(show: dict[str, str], read: dict[str, str], otherwise: str) -> Format:
    """A closed vocabulary; canonical values without a word show as `otherwise`."""

    def reader(text: str) -> str:
        value = read.get(text.strip().lower())
        if value is None:
            raise BadValue("not one of the words")
        return value

    return Format(lambda value: show.get(value, otherwise), reader)
