"""What a tenant may set about this dialect, and how the vendor's versions differ in what they show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from zoneinfo import available_timezones

from adapter.dialect import Setting
from canonical.values import SECOND

NAME: Final = "zurmo"
"""The mount, the namespace of our extras, and the prefix of the settings."""

NAME_LENGTH: Final = 64
"""The longest name of a task that every version takes (zurmo dossier, section 6)."""

_CODE = re.compile(r"[A-Z]{3}\Z")


def _seconds(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 31_536_000 and len(text) <= 9):
        raise ValueError("a number of seconds from 1 to 31536000 is needed")
    return int(text)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 7 and int(text) >= 1):
        raise ValueError("a number from 1 to 9999999 is needed")
    return int(text)


def _currency(text: str) -> str:
    if not _CODE.match(text):
        raise ValueError("a currency code of three capital letters is needed")
    return text


def _currencies(text: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        code, _, rate = part.partition("=")
        _currency(code)
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", rate):
            raise ValueError(f"{code}: a rate such as EUR=1.08 is needed")
        pairs.append((code, rate))
    return tuple(pairs)


def _zone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError("a time zone such as America/Chicago is needed")
    return text


SETTINGS: Final = (
    Setting("profile", "seed", "shape of records: the seed's (2.x), or 3.1.5", ("seed", "v3")),
    Setting(
        "total_count",
        "auto",
        "totalCount in lists: text as in the seed, number as in servers seen; auto is text in profile seed",
        ("auto", "text", "number"),
    ),
    Setting(
        "completed_zero",
        "auto",
        "a create answer's `completed` after 0 was sent: number as in the seed, text as seen; auto is number in seed",
        ("auto", "text", "number"),
    ),
    Setting(
        "request_type",
        "optional",
        "whether ZURMO_API_REQUEST_TYPE must be sent, as 2.x demands",
        ("optional", "required"),
    ),
    Setting(
        "zero_dates",
        "no",
        "empty and impossible dates are taken and read back as 0000-00-00, as by the vendor",
        ("no", "yes"),
    ),
    Setting(
        "emoji",
        "keep",
        "4-byte characters are kept, or become ???? as in the vendor's MySQL",
        ("keep", "question_marks"),
    ),
    Setting(
        "default_visibility",
        "everyone",
        "who sees what a client creates without saying so: everyone as in 3.x, or as in 2.x its owner alone",
        ("everyone", "owner"),
    ),
    Setting("session_seconds", "1440", "idle time after which a session ends", check=_seconds),
    Setting("first_contact_state", "1", "id of the contact state New: 1 in 3.x, 2 in 2.2.5", ("1", "2")),
    Setting("base_currency", "USD", "code of currency 1", check=_currency),
    Setting("currencies", "", "further currencies with their rate to the base: EUR=1.08,GBP=1.27", check=_currencies),
    Setting("time_zone", "America/Chicago", "the zone of users who have none: days of date searches", check=_zone),
    Setting("page_cap", "5000", "largest page", check=_count),
)


@dataclass(frozen=True, slots=True)
class Profile:
    """A tenant's settings, read once."""

    v3: bool
    text_totals: bool
    number_zero: bool
    request_type_required: bool
    zero_dates: bool
    question_marks: bool
    owner_only: bool
    """Whether what is created without permissions is its owner's alone."""
    idle: int
    """Microseconds until an unused session ends."""
    first_state: int
    currencies: tuple[tuple[str, str], ...]
    """Code and rate to the base; the first is the base, with id 1."""
    time_zone: str
    page_cap: int

    @property
    def name_length(self) -> int:
        """How long a task's name may be (zurmo dossier, section 6)."""
        return 2 * NAME_LENGTH if self.v3 else NAME_LENGTH


@lru_cache(maxsize=256)
def _profile(values: tuple[tuple[str, str], ...]) -> Profile:
    at = {setting.name: setting.default for setting in SETTINGS} | dict(values)
    v3 = at["profile"] == "v3"
    kept = {"auto": not v3}
    base = at["base_currency"]
    return Profile(
        v3=v3,
        text_totals=kept.get(at["total_count"], at["total_count"] == "text"),
        number_zero=kept.get(at["completed_zero"], at["completed_zero"] == "number"),
        request_type_required=at["request_type"] == "required",
        zero_dates=at["zero_dates"] == "yes",
        question_marks=at["emoji"] == "question_marks",
        owner_only=at["default_visibility"] == "owner",
        idle=_seconds(at["session_seconds"]) * SECOND,
        first_state=int(at["first_contact_state"]),
        currencies=((base, "1"), *(pair for pair in _currencies(at["currencies"]) if pair[0] != base)),
        time_zone=at["time_zone"],
        page_cap=_count(at["page_cap"]),
    )


def profile_of(settings: Mapping[str, str]) -> Profile:
    """The profile that settings add up to; what they leave out has its default."""
    kept = _KEPT.get(id(settings))
    if kept is None or kept[0] is not settings:
        if len(_KEPT) > 1000:
            _KEPT.clear()
        kept = _KEPT[id(settings)] = (settings, _profile(tuple(sorted(settings.items()))))
    return kept[1]


# The gateway gives the same mapping for a tenant until its settings change.
_KEPT: dict[int, tuple[Mapping[str, str], Profile]] = {}
