"""What a tenant may set about this dialect."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from adapter.dialect import Setting

NAME: Final = "crust"
"""The mount, the namespace of our extras, and the prefix of the settings."""
YES_NO: Final = ("no", "yes")
MAX_ADDRESS: Final = 2_000
_DOMAIN = re.compile(r"[A-Za-z0-9.-]{0,253}\Z")


def _key(text: str) -> str:
    if text and len(text) < 16:
        raise ValueError("a key of at least 16 characters is needed")
    return text


def _minutes(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 8 and int(text) > 0):
        raise ValueError("a number of minutes is needed")
    return int(text)


def _domain(text: str) -> str:
    if not _DOMAIN.match(text):
        raise ValueError("a domain name is needed")
    return text


def _address(text: str) -> str:
    """An absolute address of the web, which may stand in a header as it is."""
    parts = urlsplit(text)
    fits = text.isascii() and text.isprintable() and " " not in text and len(text) <= MAX_ADDRESS
    if text and not (fits and parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc):
        raise ValueError("an address like https://crm.example.com/ is needed")
    return text


SETTINGS: Final = (
    Setting("system_modules", "yes", "show Task, Contact, Account and so on among the modules", YES_NO),
    Setting(
        "lose_owner_on_update", "no", "an update of a record makes its userID 0, as the vendor's server did", YES_NO
    ),
    Setting("jwt_key", "", "the tenant's own key for tokens (HS256); empty: the installation's", check=_key),
    Setting("token_minutes", "3600", "how long a token lives", check=_minutes),
    Setting("app_url", "", "where the sign-in page leads to: the web client's address", check=_address),
    Setting("cookie_domain", "", "Domain of the jwt cookie; empty: none", check=_domain),
)
