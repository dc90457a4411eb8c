"""What a tenant may set of this dialect."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from adapter.dialect import Setting


def _positive(text: str) -> None:
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0 and len(text) < 10):
        raise ValueError("a whole number above 0 is needed")


SETTINGS = (
    Setting("profile", "live", "seed: the oldest documented bounds (pages of at most 50)", ("live", "seed")),
    Setting("page_cap", "100", "the most resources a page may have", check=_positive),
    Setting("rate_limit", "5000", "authenticated requests an hour", check=_positive),
    Setting("get_may_delete", "no", "whether a GET with _method=delete deletes", ("no", "yes")),
    Setting("pkce_without_secret", "no", "whether an application alone, without user or secret, may use PKCE",
            ("no", "yes")),
)  # fmt: skip

SEED_CAP = 50


@lru_cache(maxsize=256)
def _number(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text) else default


def page_cap(settings: Mapping[str, str]) -> int:
    """The most resources of a page: 100 unless set; never above 50 in the seed's profile."""
    cap = _number(settings.get("page_cap", ""), 100)
    return min(cap, SEED_CAP) if settings.get("profile") == "seed" else cap


def rate_limit(text: str) -> int:
    """Requests an hour as the tenant has it set: 5000 unless it is a number."""
    return _number(text, 5000)
