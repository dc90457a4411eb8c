"""What a run came to, as one JSON object and as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from adapter.migrate.ledger import STATES, Ledger
from adapter.migrate.undo import Undone
from adapter.migrate.verify import Difference

_WORDS: Final = ("read", *STATES)


def outcome(ledger: Ledger, kinds: Sequence[str]) -> dict[str, Any]:
    """The counts of the last run, its losses, what is set aside and which ids were taken."""
    last = ledger.last_run()
    number = 0 if last is None else last[0]
    counts = ledger.counts(number)
    by_kind = {kind: _row(counts.get(kind, {})) for kind in kinds if kind in counts or kind in kinds}
    return {
        "kinds": by_kind,
        "total": {word: sum(row[word] for row in by_kind.values()) for word in _WORDS},
        "losses": losses(ledger, number),
        "quarantined": quarantined(ledger),
        "collisions": [
            {"kind": kind, "source_id": id, "rule": _RULES.get(rule, rule)} for kind, id, rule in ledger.collisions()
        ],
    }


_RULES: Final = {
    "moved": "the migrated record has the id, the record that was made here has a new one for clients of that dialect",
    "kept": "the record of an earlier migration keeps the id, the migrated record goes by its own",
}


def _row(states: Mapping[str, int]) -> dict[str, int]:
    row = {state: states.get(state, 0) for state in STATES}
    return {"read": sum(row.values()), **row}


def losses(ledger: Ledger, number: int) -> list[dict[str, Any]]:
    """By kind, field and reason, those that belong to no record too."""
    found: dict[tuple[str, str, str], int] = {}
    for kind, field, reason, count in ledger.run_losses(number):
        found[kind, field, reason] = found.get((kind, field, reason), 0) + count
    for entry in ledger.entries(run=number):
        for field, reason, count in entry.losses:
            key = (entry.kind, field, reason)
            found[key] = found.get(key, 0) + count
    return [
        {"kind": kind, "field": field, "reason": reason, "count": count}
        for (kind, field, reason), count in sorted(found.items())
    ]


def quarantined(ledger: Ledger) -> list[dict[str, Any]]:
    return [
        {"n": each.n, "kind": each.kind, "source_id": each.source_id, "reason": each.reason}
        for each in ledger.quarantined()
    ]


def differences(found: Iterable[Difference]) -> list[dict[str, Any]]:
    return [asdict(each) for each in found]


def undone(done: Undone) -> dict[str, Any]:
    def rows(entries: list[tuple[str, str, str, str]]) -> list[dict[str, str]]:
        return [
            {"kind": kind, "source_id": source, "target_id": target, "reason": reason}
            for kind, source, target, reason in entries
        ]

    return {"reversed": rows(done.reversed), "kept": rows(done.kept), "failed": rows(done.failed)}


def as_text(told: Mapping[str, Any]) -> str:
    """The same for a terminal."""
    lines: list[str] = []
    if "kinds" in told:
        lines.append(f"{'':14}" + "".join(f"{word:>12}" for word in _WORDS))
        for kind, row in {**told["kinds"], "total": told["total"]}.items():
            lines.append(f"{kind:14}" + "".join(f"{row[word]:>12}" for word in _WORDS))
    for title, key, words in _LISTS:
        rows = told.get(key)
        if rows:
            lines += ["", f"{title} ({len(rows)}):"]
            lines += ["  " + "  ".join(_shown(row[word]) for word in words) for row in rows]
    return "\n".join(lines)


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 200 else text[:199] + "…"


_LISTS: Final = (
    ("Losses", "losses", ("kind", "field", "reason", "count")),
    ("Differences", "differences", ("kind", "source_id", "target_id", "field", "expected", "got")),
    ("Set aside", "quarantined", ("n", "kind", "source_id", "reason")),
    ("Ids that were taken", "collisions", ("kind", "source_id", "rule")),
    ("Reversed", "reversed", ("kind", "source_id", "target_id", "reason")),
    ("Kept", "kept", ("kind", "source_id", "target_id", "reason")),
    ("Failed", "failed", ("kind", "source_id", "target_id", "reason")),
)
