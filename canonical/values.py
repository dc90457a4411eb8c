"""Values that every kind of record is made of: instants, dues, references, folded text."""

from __future__ import annotations

import calendar
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeVar

Instant = int
"""A moment in microseconds since 1970-01-01T00:00:00Z."""

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
DAY: Final = 86_400 * SECOND
EARLIEST: Final = -62_135_596_800 * SECOND  # 0001-01-01T00:00:00Z
LATEST: Final = 253_402_300_800 * SECOND - 1  # the last microsecond of the year 9999
MICROS: Final = 1_000_000
"""Money is kept as whole millionths of the currency's unit."""
MAX_ID: Final = 2**63 - 1


class _Unset(Enum):
    UNSET = "unset"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> Literal[False]:
        return False


UNSET: Final = _Unset.UNSET
"""A value that was not given, where None would mean "none"."""
Unset = Literal[_Unset.UNSET]


class Ref(NamedTuple):
    """A record by its kind and id: ``Ref("party", 12)``."""

    kind: str
    id: int


@dataclass(frozen=True, slots=True)
class Due:
    """When a task is due: a whole day (`at` is its midnight UTC, `date_only`) or an instant."""

    at: Instant
    date_only: bool = False


def instant(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, micro: int = 0
) -> Instant:
    """The instant of a UTC calendar time.

    Raises `ValueError` when there is no such time (30 February, hour 25).
    """
    moment = datetime(year, month, day, hour, minute, second, micro, tzinfo=UTC)
    return calendar.timegm(moment.utctimetuple()) * SECOND + micro


def to_datetime(at: Instant) -> datetime:
    """The aware UTC datetime of an instant."""
    seconds, micro = divmod(at, SECOND)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micro)


def from_datetime(moment: datetime) -> Instant:
    """The instant of a datetime; one without a zone counts as UTC.

    Raises ValueError where its zone carries it past the years 1 to 9999.
    """
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return calendar.timegm(moment.utctimetuple()) * SECOND + moment.microsecond
    except OverflowError:
        raise ValueError("outside the years 1 to 9999") from None


_DAY_ONE: Final = date(1970, 1, 1).toordinal()
_MINUTES: Final = tuple(f" {minute // 60:02d}:{minute % 60:02d}" for minute in range(24 * 60))
_SECONDS: Final = tuple(f":{second:02d}" for second in range(60))
_T_MINUTES: Final = tuple(text.replace(" ", "T") for text in _MINUTES)
_SECONDS_Z: Final = tuple(f"{text}Z" for text in _SECONDS)


# Days are few and seconds many: what is remembered of the days serves all their moments.
@lru_cache(maxsize=4096)
def _day_text(day: int) -> str:
    return date.fromordinal(_DAY_ONE + day).isoformat()


def sql_time(at: Instant) -> str:
    """``2014-06-03 09:30:45``, UTC, fractions cut."""
    day, rest = divmod(at // SECOND, 86_400)
    minute, second = divmod(rest, 60)
    return _day_text(day) + _MINUTES[minute] + _SECONDS[second]


def iso_time(at: Instant) -> str:
    """``2014-06-03T09:30:45Z``, UTC, fractions cut."""
    day, rest = divmod(at // SECOND, 86_400)
    minute, second = divmod(rest, 60)
    return _day_text(day) + _T_MINUTES[minute] + _SECONDS_Z[second]


def iso_date(at: Instant) -> str:
    """``2014-06-03``, the UTC day of an instant."""
    return _day_text(at // DAY)


def midnight(at: Instant) -> Instant:
    """The first instant of the UTC day."""
    return at - at % DAY


# Letters whose stroke or ligature Unicode does not decompose, but which the vendors' MySQL collation
# (utf8_unicode_ci) compares as the plain letter (zurmo dossier, section 5).
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t", "þ": "th"}
)


def fold(text: str) -> str:
    """The form under which two texts are equal to a search: no letter case, no accents, in full Unicode.

    ``fold("ŽELEZO") == fold("železo") == "zelezo"``. Trailing blanks do not count, as in MySQL.
    """
    return fold_pattern(text).rstrip(" ")


KEY_LENGTH: Final = 600
"""Characters of a folded text that an index compares; PostgreSQL's entries hold 2,700 bytes at most."""


def fold_key(text: str) -> str:
    """As `fold`, cut to what an index compares: two titles that differ only later are equal to a search."""
    return fold(text)[:KEY_LENGTH]


def fold_pattern(text: str) -> str:
    """As `fold`, with trailing blanks kept: for patterns, where a blank before ``%`` means itself."""
    if text.isascii():
        return text.lower()
    bare = unicodedata.normalize("NFKD", text.casefold())
    # A text has few different characters, and the first mark is U+0300.
    for char in set(bare):
        if char > "\u02ff" and unicodedata.combining(char):
            bare = bare.replace(char, "")
    return unicodedata.normalize("NFKC", bare.casefold().translate(_PLAIN))


def join_text(title: str, body: str | None) -> str:
    """One text out of title and body, for dialects that know only one: title, line break, body."""
    return f"{title}\n{body}" if body else title


def split_text(text: str) -> tuple[str, str | None]:
    """Title and body out of one text: the first line, and the rest (None when there is none)."""
    title, separator, body = text.partition("\n")
    return (title, body) if separator and body else (text, None) if not separator else (title, None)


def clean_text(text: str) -> str:
    """`text` without what no database keeps: NUL characters and lone surrogates."""
    return valid_text(text.replace("\0", "") if "\0" in text else text)


def valid_text(text: str) -> str:
    """`text` without lone surrogates, which UTF-8 does not have; NUL characters stay."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text


def to_column(text: str) -> str:
    """`text` as a column holds it: PostgreSQL's hold no NUL, so that stands as U+001A and a letter, as U+001A does."""
    if "\0" in text or "\x1a" in text:
        return text.replace("\x1a", "\x1as").replace("\0", "\x1an")
    return text


def from_column(text: str) -> str:
    """What `to_column` was given."""
    return text.replace("\x1an", "\0").replace("\x1as", "\x1a") if "\x1a" in text else text


_T = TypeVar("_T")


def first(items: Iterable[_T]) -> _T | None:
    """The first of `items`, or None."""
    return next(iter(items), None)
