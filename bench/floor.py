"""The floor: what the work costs with nothing around it. A bare WSGI callable over sqlite3 and orjson.

GET  /tasks/7                                   one task, its people and its company joined
GET  /tasks?is_closed=0&limit=50&offset=0       a page by due date, and how many there are
POST /tasks                                     a durable create: one writer thread, group commit
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson

from bench import rows
from canonical.values import sql_time

SCHEMA: Final = """
CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT NOT NULL, first_name TEXT, last_name TEXT);
CREATE TABLE companies (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT, category TEXT, state TEXT NOT NULL,
    is_closed INTEGER NOT NULL, priority INTEGER, due_at TEXT, start_at TEXT, completed_at TEXT,
    owner_id INTEGER NOT NULL REFERENCES users(id), creator_id INTEGER NOT NULL REFERENCES users(id),
    modifier_id INTEGER NOT NULL REFERENCES users(id), company_id INTEGER REFERENCES companies(id),
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE INDEX tasks_by_due ON tasks (is_closed, due_at, id);
CREATE INDEX tasks_by_owner ON tasks (owner_id, is_closed, due_at, id);
CREATE INDEX tasks_by_title ON tasks (title COLLATE NOCASE, id);
CREATE INDEX tasks_by_company ON tasks (company_id);
"""
COLUMNS: Final = (
    "id", "title", "body", "category", "state", "is_closed", "priority", "due_at", "start_at", "completed_at",
    "owner_id", "creator_id", "modifier_id", "company_id", "created_at", "updated_at",
)  # fmt: skip
INSERT: Final = f"INSERT INTO tasks ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"

_CHOSEN = """
SELECT t.id, t.title, t.body, t.category, t.state, t.priority, t.due_at, t.start_at, t.completed_at, t.created_at,
    t.updated_at, o.id, o.username, c.id, c.username, m.id, m.username, k.id, k.name
"""
_JOINED = """
JOIN users o ON o.id = t.owner_id JOIN users c ON c.id = t.creator_id JOIN users m ON m.id = t.modifier_id
LEFT JOIN companies k ON k.id = t.company_id
"""
ONE: Final = f"{_CHOSEN} FROM tasks t {_JOINED} WHERE t.id = ?"
PAGE: Final = (
    f"{_CHOSEN} FROM (SELECT id FROM tasks WHERE is_closed = ? ORDER BY due_at, id LIMIT ? OFFSET ?) p "
    f"JOIN tasks t ON t.id = p.id {_JOINED} ORDER BY t.due_at, t.id"
)
COUNT: Final = "SELECT count(*) FROM tasks WHERE is_closed = ?"
_OK: Final = "200 OK"


def make(path: Path, tasks: Iterable[rows.Task]) -> None:
    """A new database of its own with these tasks."""
    connection = connect(path)
    connection.executescript(SCHEMA)
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO users VALUES (?, ?, ?, ?)",
        [(user.id, user.username, user.first_name, user.last_name) for user in rows.users()],
    )
    connection.executemany(
        "INSERT INTO companies VALUES (?, ?)", [(company.id, company.name) for company in rows.companies()]
    )
    connection.executemany(INSERT, map(stored, tasks))
    connection.execute("COMMIT")
    connection.close()


def stored(task: rows.Task) -> tuple[Any, ...]:
    """A task as a row of `COLUMNS`."""
    return (
        task.id,
        task.title,
        task.body,
        task.category,
        task.state,
        int(task.state == "completed"),
        task.priority,
        sql_time(task.due_at),
        sql_time(task.start_at),
        None if task.completed_at is None else sql_time(task.completed_at),
        task.owner_id,
        task.creator_id,
        task.modifier_id,
        task.company_id,
        sql_time(task.created_at),
        sql_time(task.updated_at),
    )


def connect(path: Path) -> sqlite3.Connection:
    """As durable as ours."""
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def show(row: tuple[Any, ...]) -> dict[str, Any]:
    """The row of `ONE` or `PAGE` as it is answered."""
    return {
        "id": row[0],
        "title": row[1],
        "body": row[2],
        "category": row[3],
        "state": row[4],
        "priority": row[5],
        "due_at": row[6],
        "start_at": row[7],
        "completed_at": row[8],
        "created_at": row[9],
        "updated_at": row[10],
        "owner": {"id": row[11], "username": row[12]},
        "creator": {"id": row[13], "username": row[14]},
        "modifier": {"id": row[15], "username": row[16]},
        "company": None if row[17] is None else {"id": row[17], "name": row[18]},
    }


class Writer:
    """Raw group commit: waiting inserts share one transaction and one sync."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: queue.SimpleQueue[tuple[tuple[Any, ...], list[int], threading.Lock] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()

    def insert(self, row: tuple[Any, ...]) -> int:
        """The id of the row, once it is durable."""
        done, result = threading.Lock(), [0]
        done.acquire()
        self._jobs.put((row, result, done))
        done.acquire()
        return result[0]

    def close(self) -> None:
        self._jobs.put(None)
        self._thread.join()

    def _loop(self) -> None:
        connection = connect(self._path)
        while (job := self._jobs.get()) is not None:
            batch = [job]
            while len(batch) < 64 and not self._jobs.empty():
                more = self._jobs.get()
                if more is None:
                    self._jobs.put(None)
                    break
                batch.append(more)
            connection.execute("BEGIN IMMEDIATE")
            for row, result, _ in batch:
                result[0] = connection.execute(INSERT, row).lastrowid or 0
            connection.execute("COMMIT")
            for _, _, done in batch:
                done.release()
        connection.close()


class Floor:
    """The WSGI callable."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._totals: dict[tuple[str, int], int] = {}
        self._writer: Writer | None = None

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = connect(self._path)
        return connection

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        status = _OK
        if path.startswith("/tasks/"):
            row = self._connection().execute(ONE, (int(path[7:]),)).fetchone()
            body = orjson.dumps(show(row))
        elif environ["REQUEST_METHOD"] == "POST":
            status = "201 Created"
            body = self._create(orjson.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))))
        else:
            body = self._page(dict(parse_qsl(environ["QUERY_STRING"])))
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return (body,)

    def _page(self, asked: dict[str, str]) -> bytes:
        connection = self._connection()
        closed = asked["is_closed"]
        found = connection.execute(PAGE, (int(closed), int(asked["limit"]), int(asked["offset"]))).fetchall()
        version = connection.execute("PRAGMA data_version").fetchone()[0]
        total = self._totals.get((closed, version))
        if total is None:
            total = connection.execute(COUNT, (int(closed),)).fetchone()[0]
            self._totals = {(closed, version): total}
        return orjson.dumps({"total": total, "items": [show(row) for row in found]})

    def _create(self, sent: dict[str, Any]) -> bytes:
        if self._writer is None:
            self._writer = Writer(self._path)
        now = sql_time(rows.NOW)
        row = (
            None, sent["title"], sent.get("body"), sent.get("category"), "open", 0, None, sent.get("due_at"), None,
            None, 1, 1, 1, sent.get("company_id"), now, now,
        )  # fmt: skip
        return orjson.dumps({"id": self._writer.insert(row), "title": sent["title"], "created_at": now})
