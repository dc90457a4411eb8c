"""The table of results: what was measured, what it must be, and whether it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

HEAD: Final = ("path", "floor us", "obvious us", "ours us", "ours/s", "measured", "must", "verdict")


@dataclass(frozen=True, slots=True)
class Check:
    """One target: `value` must be at most or at least `limit`. `what` says what the value is, with ``{}`` for it."""

    what: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    @property
    def verdict(self) -> str:
        if self.met:
            return "ok"
        off = self.limit / self.value if self.at_least and self.value else self.value / self.limit if self.limit else 0
        return f"MISSED {off:.1f}x" if off else "MISSED"


def at_most(what: str, value: float, limit: float) -> Check:
    return Check(what, value, limit)


def at_least(what: str, value: float, limit: float) -> Check:
    return Check(what, value, limit, at_least=True)


@dataclass(frozen=True, slots=True)
class Row:
    """Times in CPU microseconds a request; None where a side has no part in it. Without checks it is told beside."""

    path: str
    floor: float | None = None
    obvious: float | None = None
    ours: float | None = None
    rate: float | None = None
    checks: tuple[Check, ...] = field(default=())
    note: str = ""

    @property
    def met(self) -> bool:
        return all(check.met for check in self.checks)

    def cells(self) -> tuple[str, ...]:
        measured = [check.what.format(number(check.value)) for check in self.checks]
        return (
            self.path,
            number(self.floor),
            number(self.obvious),
            number(self.ours),
            number(self.rate),
            "; ".join([*measured, self.note] if self.note else measured),
            "; ".join(f"{'>=' if check.at_least else '<='} {check.limit:g}" for check in self.checks),
            "; ".join(check.verdict for check in self.checks) or "beside",
        )


def number(value: float | None) -> str:
    """Three digits that mean something."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def as_text(rows: list[Row]) -> str:
    """Columns of equal width, for the terminal."""
    cells = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def as_markdown(rows: list[Row]) -> str:
    """A table for README.md."""
    lines = [HEAD, tuple("---" for _ in HEAD), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
