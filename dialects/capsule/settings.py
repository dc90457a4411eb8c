"""A tenant's switches: ``crmglot tenant set acme capsule.NAME=VALUE``."""

from __future__ import annotations

from zoneinfo import available_timezones

from adapter.dialect import Setting
from dialects.capsule.wire.currencies import CODES

_MOST = 10_000_000


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 8 or int(text) > _MOST:
        raise ValueError(f"a whole number from 0 to {_MOST} is needed")
    return int(text)


def _positive(text: str) -> int:
    if _count(text) == 0:
        raise ValueError("a number from 1 is needed")
    return int(text)


def _currency(text: str) -> str:
    if text not in CODES:
        raise ValueError("an ISO 4217 code is needed")
    return text


def _timezone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError("an IANA time zone is needed")
    return text


SETTINGS = (
    Setting("rate_limit", "4000", "calls per hour and user that X-RateLimit tells; 0 for no headers", check=_count),
    Setting("enforce_rate_limit", "no", "answer 429 when the calls of the hour are used up", ("no", "yes")),
    Setting("page_cap", "5000", "the most items in one list, whatever `limit` says", check=_positive),
    Setting(
        "put_answers",
        "by_format",
        "what PUTs of records answer: the record to JSON and nothing to XML, always the record, or never",
        ("by_format", "record", "empty"),
    ),
    Setting("session_cookie", "no", "send the JSESSIONID cookie that clients ignore", ("no", "yes")),
    Setting("unique_organisations", "no", "refuse a second organisation of the same name", ("no", "yes")),
    Setting("currency", "GBP", "shown for users who have not chosen one", check=_currency),
    Setting("timezone", "UTC", "shown for users who have not chosen one", check=_timezone),
)
