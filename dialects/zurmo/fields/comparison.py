"""One comparison of one attribute, whatever search language it came from, and the nodes it becomes.

Operators carry the names of ``search/filter`` (zurmo dossier, section 5); the two other languages use the same ones.
In LIKE patterns the client's own ``%`` and ``_`` are wildcards, as in the vendor's MySQL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, TypeAlias

from canonical.values import Instant, fold
from dialects.zurmo.settings import Profile

if TYPE_CHECKING:
    from canonical.operations import Desk

Below: TypeAlias = tuple[str, ...]

SCALAR_OPERATORS: Final = frozenset(
    {
        *("equals", "doesNotEqual", "startsWith", "endsWith", "contains"),
        *("doesNotStartsWith", "doesNotEndsWith", "doesNotContains"),
        *("greaterThan", "lessThan", "greaterThanOrEqualTo", "lessThanOrEqualTo"),
    }
)
NULL_OPERATORS: Final = frozenset(["isNull", "isNotNull", "isEmpty", "isNotEmpty"])
LIST_OPERATORS: Final = frozenset(["oneOf"])

PATTERNS: Final = {
    "startsWith": "{}%",
    "endsWith": "%{}",
    "contains": "%{}%",
    "doesNotStartsWith": "{}%",
    "doesNotEndsWith": "%{}",
    "doesNotContains": "%{}%",
}


@dataclass(slots=True)
class Searching:
    """Who searches: what the nodes of some attributes depend on. `desk` is None in pure parsing."""

    profile: Profile
    user_id: int = 0
    now: Instant = 0
    time_zone: str | None = None
    desk: Desk | None = None
    strict: bool = False
    """Whether a NOT is about: what is not there must then be neither like nor unlike (zurmo dossier, section 5)."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """An operator and what it compares with: text, a list of texts for ``oneOf``, nothing for the null operators.

    `loose` marks the first language's rule that 0 also matches what was never set.
    """

    operator: str
    value: str = ""
    values: tuple[str, ...] = ()
    loose: bool = False

    def accepts(self, candidate: str) -> bool:
        """Whether a known text would match: for attributes that are worked out, not stored."""
        match self.operator:
            case "isNull":
                return False
            case "isNotNull":
                return True
            case "isEmpty":
                return candidate == ""
            case "isNotEmpty":
                return candidate != ""
            case "oneOf":
                return any(_same(candidate, value) for value in self.values)
            case "equals":
                return _same(candidate, self.value)
            case "doesNotEqual":
                return not _same(candidate, self.value)
        if self.operator in PATTERNS:
            found = like(candidate, PATTERNS[self.operator].format(self.value))
            return found != self.operator.startswith("doesNot")
        left, right = number(candidate), number(self.value)
        order = (left > right) - (left < right)
        return {
            "greaterThan": order > 0,
            "lessThan": order < 0,
            "greaterThanOrEqualTo": order >= 0,
            "lessThanOrEqualTo": order <= 0,
        }[self.operator]


def _same(left: str, right: str) -> bool:
    if left == right:
        return True
    if left.isascii() and left.isdigit():
        return number(left) == number(right)
    return fold(left) == fold(right)


def like(text: str, pattern: str) -> bool:
    """MySQL's LIKE on a short text; the time it takes grows with the pattern's length and no faster."""
    text = fold(text)
    first, *middle = _segments(fold(pattern))
    if not middle:
        return len(text) == len(first) and _fits(text, 0, first)
    last = middle.pop()
    at, end = len(first), len(text) - len(last)
    if end < at or not _fits(text, 0, first) or not _fits(text, end, last):
        return False
    for segment in filter(None, middle):
        found = next((start for start in range(at, end - len(segment) + 1) if _fits(text, start, segment)), None)
        if found is None:
            return False
        at = found + len(segment)
    return True


def _segments(pattern: str) -> list[list[str]]:
    """What stands between the ``%`` of a pattern, character by character; "" is any one."""
    segments: list[list[str]] = [[]]
    chars = iter(pattern)
    for char in chars:
        if char == "%":
            segments.append([])
        else:
            segments[-1].append("" if char == "_" else next(chars, "") if char == "\\" else char)
    return segments


def _fits(text: str, at: int, segment: list[str]) -> bool:
    return all(char in ("", text[at + offset]) for offset, char in enumerate(segment))


_NUMBER = re.compile(r"\s*([+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?)")
_HUGE = Decimal(10) ** 30


def number(text: str) -> Decimal:
    """A text as MySQL compares it with a number: its numeric beginning, else 0; never beyond ±10^30."""
    found = _NUMBER.match(text)
    try:
        value = Decimal(found[1]) if found else Decimal(0)
    except InvalidOperation:
        return Decimal(0)
    return max(-_HUGE, min(_HUGE, value))
