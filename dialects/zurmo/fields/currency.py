"""Currencies: the base with id 1, the tenant's further ones after it, and any other code far behind.

The core keeps a currency as its code. A code that the tenant's settings do not name still needs an id on this wire:
it is worked out from its letters, so that it is the same for ever.
"""

from __future__ import annotations

from typing import Final

from dialects.zurmo.settings import Profile

_FAR: Final = 1000
_UNKNOWN_RATE: Final = "1"


def code_of(code: str | None, profile: Profile) -> str:
    """The code of an amount; one without counts as the base."""
    return code or profile.currencies[0][0]


def id_of(code: str, profile: Profile) -> int:
    for at, (known, _) in enumerate(profile.currencies, 1):
        if known == code:
            return at
    number = 0
    for char in code.upper()[:3].ljust(3, "A"):
        number = number * 26 + (ord(char) - 65) % 26
    return _FAR + number


def code_by_id(id: int, profile: Profile) -> str | None:
    """The code under an id; None where no currency has it."""
    if 1 <= id <= len(profile.currencies):
        return profile.currencies[id - 1][0]
    number = id - _FAR
    if not 0 <= number < 26**3:
        return None
    letters = ""
    for _ in range(3):
        number, letter = divmod(number, 26)
        letters = chr(65 + letter) + letters
    return letters


def rate_of(code: str, profile: Profile) -> str:
    """The rate to the base as text; 1 where the tenant gave none."""
    return dict(profile.currencies).get(code, _UNKNOWN_RATE)
