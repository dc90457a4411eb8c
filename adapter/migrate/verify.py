"""The proof: everything is read back over the target's own wire and held to what it was told."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from adapter.client import KINDS, can, kind_of, record_of
from adapter.migrate import compare
from adapter.migrate.ledger import Entry, Ledger
from adapter.migrate.sides import Side

_TOLD = ("created", "updated", "unchanged", "default")


@dataclass(frozen=True, slots=True)
class Difference:
    """A field of a record that is not as it was told; ``*`` for a record that is not there."""

    kind: str
    source_id: str
    target_id: str
    field: str
    expected: Any
    got: Any


class Seen:
    """What the target shows, on disk: by canonical kind and id."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("CREATE TABLE seen (canon TEXT, id TEXT, said TEXT, PRIMARY KEY (canon, id)) WITHOUT ROWID")

    def add(self, rows: Sequence[tuple[str, str, dict[str, Any]]]) -> None:
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT OR REPLACE INTO seen VALUES (?, ?, ?)",
            [(canon, id, json.dumps(said, ensure_ascii=False)) for canon, id, said in rows],
        )
        self._db.execute("COMMIT")

    def get(self, canon: str, id: str) -> dict[str, Any] | None:
        row = self._db.execute("SELECT said FROM seen WHERE canon = ? AND id = ?", (canon, id)).fetchone()
        return None if row is None else json.loads(row[0])

    def close(self) -> None:
        self._db.close()


def look(
    target: Side, kinds: Sequence[str], progress: Callable[[str, int], None] = lambda kind, count: None
) -> tuple[Seen, frozenset[str]]:
    """All that the target shows of these kinds, and the canonical kinds that it can list."""
    seen = Seen()
    canons = {record_of(kind).KIND for kind in kinds if kind in KINDS}
    listed = set()
    for kind in KINDS:
        canon = record_of(kind).KIND
        if canon not in canons or can(target.traits, kind, "list") is None:
            continue
        listed.add(canon)
        count = 0
        for batch in target.pull(kind):
            rows = []
            for record in batch.records:
                row = can(target.traits, kind_of(record), "list") or can(target.traits, kind, "list")
                fields = row.fields if row is not None else frozenset()
                said = compare.heard(record, [name for name in fields if hasattr(record, name)])
                rows.append((canon, str(record.id), said))
            seen.add(rows)
            count += len(rows)
            progress(kind, count)
    return seen, frozenset(listed)


def verify(
    ledger: Ledger,
    target: Side,
    kinds: Sequence[str],
    progress: Callable[[str, int], None] = lambda kind, count: None,
) -> Iterator[Difference]:
    """Every difference between what was told and what the target says."""
    seen, listed = look(target, kinds, progress)
    try:
        for entry in ledger.entries():
            if entry.kind in kinds and entry.state in _TOLD and entry.canon in listed:
                yield from differences(entry, seen.get(entry.canon, entry.target_id))
    finally:
        seen.close()


def differences(entry: Entry, got: dict[str, Any] | None) -> Iterator[Difference]:
    if got is None:
        yield Difference(entry.kind, entry.source_id, entry.target_id, "*", "a record", None)
        return
    if entry.canon == "user":
        return
    excused: dict[str, int] = {}
    for name, _, count in entry.losses:
        excused[name] = excused.get(name, 0) + count
    told = {name: value for name, value in got.items() if name != "type"}
    # Defaults, narrowed words and rounded moments are expected as they were sent.
    sent = {name: count for name, count in excused.items() if name not in entry.expected or name in compare.PARTS}
    for field, expected, value in compare.differing(entry.expected, told, sent):
        yield Difference(entry.kind, entry.source_id, entry.target_id, field, expected, value)
