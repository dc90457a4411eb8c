"""By what a record that the target had before is known to be the same: keys that a plan names, never guesses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from canonical.model import Record
from canonical.values import fold


def _points(record: Any, kind: str) -> list[str]:
    return [point.value for point in getattr(record, "points", ()) if point.kind == kind and point.value]


def _phones(record: Any) -> list[str]:
    """The last nine digits, which a number has in whatever form it is written."""
    digits = ("".join(char for char in value if char.isdigit()) for value in _points(record, "phone"))
    return [number[-9:] for number in digits if len(number) >= 7]


def _named(record: Any) -> str:
    return fold(getattr(record, "name", "") or getattr(record, "title", "") or "").strip()


def _name_town(record: Any) -> list[str]:
    name = _named(record)
    towns = {fold(point.city).strip() for point in getattr(record, "points", ()) if point.city}
    return [f"{name}\n{town}" for town in sorted(towns) if name and town]


_KEYS: Final[Mapping[str, Callable[[Any], list[str]]]] = {
    "email": lambda record: [value.strip().casefold() for value in _points(record, "email")],
    "phone": _phones,
    "name": lambda record: [name] if (name := _named(record)) else [],
    "name_town": _name_town,
}


def keys_of(record: Record, names: Sequence[str]) -> list[str]:
    """What the record is known by, each with the name of its key, the strongest first."""
    return [f"{name}:{value}" for name in names for value in _KEYS[name](record)]
