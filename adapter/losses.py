"""Losses: what a dialect cannot say. Counted, logged, listed in its README; never an exception, never silence."""

from __future__ import annotations

from typing import NamedTuple


class Loss(NamedTuple):
    """`field` of `kind` could not be said; `reason` is one of the reasons the dialect's README lists."""

    kind: str
    field: str
    reason: str


class LossReport:
    """The losses of one exchange or one migration, each with how often it happened."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, str], int] = {}

    def add(self, kind: str, field: str, reason: str, count: int = 1) -> None:
        loss = (kind, field, reason)
        self._counts[loss] = self._counts.get(loss, 0) + count

    def __bool__(self) -> bool:
        return bool(self._counts)

    def __len__(self) -> int:
        return sum(self._counts.values())

    def counts(self) -> dict[Loss, int]:
        return {Loss(*loss): times for loss, times in self._counts.items()}

    def summary(self) -> dict[str, int]:
        """``{"activity.category:not_shown": 2}``, for the log line."""
        return {f"{kind}.{field}:{reason}": n for (kind, field, reason), n in sorted(self._counts.items())}
