"""The ledger: what became of each record, in an SQLite file beside the plan. It survives kill -9 at any moment.

Every step is a transaction of its own. A record's entry is ``sending`` from before its create is sent until the answer
is heard, so that after a crash nothing is sent again before the target was looked through for it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from adapter.migrate.sides import Unreadable

VERSION: Final = 1
SENDING: Final = "sending"
VERIFIED: Final = "verified"
"""The name under which the ledger keeps what `verify` found last."""
STATES: Final = ("created", "updated", "unchanged", "skipped", "quarantined")
"""What can become of a record; each record read is in one of them."""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS run (n INTEGER PRIMARY KEY, started INTEGER, ended INTEGER, losses TEXT, seconds REAL);
CREATE TABLE IF NOT EXISTS entry (
  kind TEXT, source_id TEXT, canon TEXT, target_id TEXT, hash TEXT, state TEXT, run INTEGER, attempt INTEGER,
  expected TEXT, prior TEXT, losses TEXT, made INTEGER, at INTEGER, PRIMARY KEY (kind, source_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entry_source ON entry (canon, source_id);
CREATE INDEX IF NOT EXISTS entry_state ON entry (state) WHERE state = 'sending';
CREATE INDEX IF NOT EXISTS entry_target ON entry (canon, target_id);
CREATE TABLE IF NOT EXISTS quarantine (n INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, source_id TEXT, reason TEXT,
  record TEXT, state TEXT, edited INTEGER DEFAULT 0, UNIQUE (kind, source_id));
CREATE TABLE IF NOT EXISTS known (kind TEXT, target_id TEXT, PRIMARY KEY (kind, target_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS match_key (kind TEXT, key TEXT, target_id TEXT, PRIMARY KEY (kind, key, target_id))
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deferred (kind TEXT, source_id TEXT, field TEXT, canon TEXT, ref TEXT,
  PRIMARY KEY (kind, source_id, field, ref)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dangling (kind TEXT, source_id TEXT, field TEXT, ref TEXT,
  PRIMARY KEY (kind, source_id, field, ref)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS collision (kind TEXT, source_id TEXT, rule TEXT, PRIMARY KEY (kind, source_id))
  WITHOUT ROWID;
"""
_PAGE: Final = 500
_FORWARDS: Final = (
    "SELECT * FROM entry WHERE (:kind = '' OR kind = :kind) AND (:state = '' OR state = :state)"
    " AND (:run = 0 OR run = :run) AND (:first OR (kind, source_id) > (:last_kind, :last_id))"
    " ORDER BY kind, source_id LIMIT 500"
)
_BACKWARDS: Final = (
    "SELECT * FROM entry WHERE (:kind = '' OR kind = :kind) AND (:state = '' OR state = :state)"
    " AND (:run = 0 OR run = :run) AND (:first OR (kind, source_id) < (:last_kind, :last_id))"
    " ORDER BY kind DESC, source_id DESC LIMIT 500"
)
Loss = tuple[str, str, int]
"""Field, reason, how often."""


@dataclass(slots=True)
class Entry:
    """What became of one record of the source. `made` says that the migration created the target's record.

    `expected` is what the target was told, by field as `adapter.migrate.compare` says it; `prior` what the target had
    in the fields that were changed. `losses` could not be said. `at` is when it was sent.
    """

    kind: str
    source_id: str
    canon: str
    target_id: str = ""
    hash: str = ""
    state: str = ""
    run: int = 0
    attempt: int = 0
    expected: dict[str, Any] = field(default_factory=dict)
    prior: dict[str, Any] = field(default_factory=dict)
    losses: tuple[Loss, ...] = ()
    made: bool = False
    at: int = 0


@dataclass(frozen=True, slots=True)
class Quarantined:
    n: int
    kind: str
    source_id: str
    reason: str
    record: dict[str, Any]
    edited: bool


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _entry(row: Sequence[Any]) -> Entry:
    expected, prior, losses = (json.loads(text) for text in row[8:11])
    kind, source_id, canon, target_id, hash, state, run, attempt = row[:8]
    told = tuple((field, reason, count) for field, reason, count in losses)
    return Entry(
        *(kind, source_id, canon, target_id, hash, state), run, attempt, expected, prior, told, bool(row[11]), row[12]
    )


class Ledger:
    """One migration's. Entries are read and written by kind and the source's id as its clients write it."""

    def __init__(self, path: str) -> None:
        """Raises `Unreadable` when the file is none of ours or of a newer version."""
        self.path = path
        self._db = sqlite3.connect(path, isolation_level=None, timeout=30)
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise Unreadable(f"{Path(path).name}: {error}") from None
        if self.meta("version", str(VERSION)) != str(VERSION):
            raise Unreadable(f"{Path(path).name}: made by another version")
        self.set_meta("version", str(VERSION))

    def close(self) -> None:
        self._db.close()

    def copy(self) -> Ledger:
        """The same in memory: what a dry run writes to."""
        other = Ledger(":memory:")
        self._db.backup(other._db)
        return other

    @contextmanager
    def step(self) -> Iterator[None]:
        """All of it or nothing."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def meta(self, name: str, default: str = "") -> str:
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return default if row is None else str(row[0])

    def set_meta(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    # -- runs ---------------------------------------------------------------------------------------

    def begin(self, now: int) -> int:
        """The number of the run that goes on, or of a new one where the last one ended."""
        row = self._db.execute("SELECT n, ended FROM run ORDER BY n DESC LIMIT 1").fetchone()
        if row is not None and row[1] is None:
            return int(row[0])
        n = 1 if row is None else row[0] + 1
        self._db.execute("INSERT INTO run VALUES (?, ?, NULL, '[]', 0)", (n, now))
        return n

    def last_run(self) -> tuple[int, int, int | None] | None:
        """Number, start and end of the last run."""
        row = self._db.execute("SELECT n, started, ended FROM run ORDER BY n DESC LIMIT 1").fetchone()
        return None if row is None else (row[0], row[1], row[2])

    def end(self, n: int, now: int, losses: Iterable[tuple[str, str, str, int]]) -> None:
        """`losses` are those that belong to no record: kind, field, reason, count."""
        self._db.execute("UPDATE run SET ended = ?, losses = ? WHERE n = ?", (now, _text(list(losses)), n))

    def run_losses(self, n: int) -> list[tuple[str, str, str, int]]:
        row = self._db.execute("SELECT losses FROM run WHERE n = ?", (n,)).fetchone()
        return [] if row is None else [(a, b, c, d) for a, b, c, d in json.loads(row[0])]

    # -- entries ------------------------------------------------------------------------------------

    def get(self, kind: str, source_id: str) -> Entry | None:
        row = self._db.execute("SELECT * FROM entry WHERE kind = ? AND source_id = ?", (kind, source_id)).fetchone()
        return None if row is None else _entry(row)

    def put(self, entry: Entry) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO entry VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                *(entry.kind, entry.source_id, entry.canon, entry.target_id, entry.hash, entry.state),
                *(entry.run, entry.attempt, _text(entry.expected), _text(entry.prior), _text(entry.losses)),
                *(int(entry.made), entry.at),
            ),
        )

    def target_of(self, canon: str, source_id: str, kinds: Sequence[str] = (), *, only: bool = False) -> str:
        """The target's id of a record, empty where it has none; where ids are per kind, of the first kind that has.

        With `only` no other kinds count.
        """
        rows = self._db.execute(
            "SELECT kind, target_id FROM entry WHERE canon = ? AND source_id = ? AND target_id <> ''"
            " AND state <> 'sending'",
            (canon, source_id),
        ).fetchall()
        by_kind = dict(rows)
        for kind in kinds:
            if kind in by_kind:
                return str(by_kind[kind])
        return str(rows[0][1]) if rows and not only else ""

    def knows_target(self, canon: str, target_id: str) -> bool:
        """Whether an entry has this record as its target."""
        row = self._db.execute(
            "SELECT 1 FROM entry WHERE canon = ? AND target_id = ? LIMIT 1", (canon, target_id)
        ).fetchone()
        return row is not None

    def entries(self, *, kind: str = "", state: str = "", run: int = 0, backwards: bool = False) -> Iterator[Entry]:
        """Entries in the order of kind and id, of one kind, state or run where they are named.

        They are read in pages, so that they may be written meanwhile.
        """
        last: tuple[str, str] | None = None
        while True:
            named = {"kind": kind, "state": state, "run": run, "first": last is None}
            place = {"last_kind": last[0], "last_id": last[1]} if last else {"last_kind": "", "last_id": ""}
            rows = self._db.execute(_BACKWARDS if backwards else _FORWARDS, {**named, **place}).fetchall()
            for row in rows:
                yield _entry(row)
            if len(rows) < _PAGE:
                return
            last = (rows[-1][0], rows[-1][1])

    def counts(self, run: int) -> dict[str, dict[str, int]]:
        """By kind and state, how many records of a run."""
        found: dict[str, dict[str, int]] = {}
        for kind, state, n in self._db.execute(
            "SELECT kind, state, count(*) FROM entry WHERE run = ? GROUP BY kind, state", (run,)
        ):
            found.setdefault(kind, {})[state] = n
        return found

    def count(self, kind: str, run: int) -> int:
        row = self._db.execute(
            "SELECT count(*) FROM entry WHERE kind = ? AND run = ? AND state <> 'sending'", (kind, run)
        ).fetchone()
        return int(row[0])

    # -- quarantine, references, collisions -----------------------------------------------------------

    def set_aside(self, kind: str, source_id: str, reason: str, record: dict[str, Any]) -> None:
        """Its number stays, and an edited record too."""
        self._db.execute(
            "INSERT INTO quarantine (kind, source_id, reason, record, state) VALUES (?, ?, ?, ?, 'held')"
            " ON CONFLICT (kind, source_id) DO UPDATE SET reason = excluded.reason, state = 'held',"
            " record = CASE WHEN edited THEN record ELSE excluded.record END",
            (kind, source_id, reason, _text(record)),
        )

    def release(self, kind: str, source_id: str) -> None:
        self._db.execute("UPDATE quarantine SET state = 'done' WHERE kind = ? AND source_id = ?", (kind, source_id))

    def edit(self, n: int, record: dict[str, Any]) -> None:
        self._db.execute("UPDATE quarantine SET record = ?, edited = 1 WHERE n = ?", (_text(record), n))

    def quarantined(self, n: int | None = None) -> list[Quarantined]:
        """Those that are held, or one by its number."""
        rows = self._db.execute(
            "SELECT n, kind, source_id, reason, record, edited FROM quarantine"
            " WHERE state = 'held' AND (?1 IS NULL OR n = ?1) ORDER BY n",
            (n,),
        ).fetchall()
        return [
            Quarantined(n, kind, id, reason, json.loads(record), bool(edited))
            for n, kind, id, reason, record, edited in rows
        ]

    def edited(self, kind: str, source_id: str) -> dict[str, Any] | None:
        """The corrected record that stands in the place of the source's."""
        row = self._db.execute(
            "SELECT record FROM quarantine WHERE kind = ? AND source_id = ? AND edited = 1", (kind, source_id)
        ).fetchone()
        return None if row is None else json.loads(row[0])

    def defer(self, kind: str, source_id: str, field: str, canon: str, ref: str) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO deferred VALUES (?, ?, ?, ?, ?)", (kind, source_id, field, canon, ref)
        )

    def deferred(self) -> list[tuple[str, str, str, str, str]]:
        """Kind, id, field, and the canonical kind and id that it refers to; up to a thousand."""
        return list(self._db.execute("SELECT * FROM deferred LIMIT 1000"))

    def settle(self, kind: str, source_id: str, field: str, ref: str) -> None:
        self._db.execute(
            "DELETE FROM deferred WHERE kind = ? AND source_id = ? AND field = ? AND ref = ?",
            (kind, source_id, field, ref),
        )

    def dangle(self, kind: str, source_id: str, field: str, ref: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO dangling VALUES (?, ?, ?, ?)", (kind, source_id, field, ref))

    def dangling(self) -> list[tuple[str, str, str, str]]:
        return list(self._db.execute("SELECT * FROM dangling"))

    def collided(self, kind: str, source_id: str, rule: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO collision VALUES (?, ?, ?)", (kind, source_id, rule))

    def collisions(self) -> list[tuple[str, str, str]]:
        return list(self._db.execute("SELECT * FROM collision"))

    # -- what the target had before -------------------------------------------------------------------

    def know(self, kind: str, target_id: str, keys: Iterable[str]) -> None:
        """A record that the target had before this migration, and what it is matched by."""
        self._db.execute("INSERT OR IGNORE INTO known VALUES (?, ?)", (kind, target_id))
        self._db.executemany(
            "INSERT OR IGNORE INTO match_key VALUES (?, ?, ?)", [(kind, key, target_id) for key in keys]
        )

    def knows(self, kind: str, target_id: str) -> bool:
        return (
            self._db.execute("SELECT 1 FROM known WHERE kind = ? AND target_id = ?", (kind, target_id)).fetchone()
            is not None
        )

    def matching(self, kind: str, key: str) -> list[str]:
        rows = self._db.execute("SELECT target_id FROM match_key WHERE kind = ? AND key = ?", (kind, key))
        return [row[0] for row in rows]
