"""Losses: what a dialect cannot say. Counted, logged, listed in its README; never an exception, never silence."""

from __future__ import annotations

from collections import Counter
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
        self._counts: Counter[Loss] | None = None

    def add(self, kind: str, field: str, reason: str, count: int = 1) -> None:
        if self._counts is None:
            self._counts = Counter()
        self._counts[Loss(kind, field, reason)] += count

    def __bool__(self) -> bool:
        return bool(self._counts)

    def __len__(self) -> int:
        return sum(self._counts.values()) if self._counts else 0

    def counts(self) -> dict[Loss, int]:
        return dict(self._counts or {})

    def summary(self) -> dict[str, int]:
        """``{"activity.category:not_shown": 2}``, for the log line."""
        return {f"{loss.kind}.{loss.field}:{loss.reason}": n for loss, n in sorted(self.counts().items())}
