"""The two databases, and what differs between them: connecting, compiling, transactions.

Reads run on one kept connection a thread, outside transactions. On SQLite all writes of a process go through one
writer thread (see `writer`); on PostgreSQL each thread writes on its own connection.
"""

from __future__ import annotations

import contextlib
import functools
import math
import re
import select
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.sql import ClauseElement

from canonical.errors import Conflict, Overdue, Unavailable, Unsupported, WrongSchema
from canonical.formula import moment_of, number_of, plain_number
from canonical.letters import fold_letters
from canonical.store.sql.damage import Damage
from canonical.store.sql.deadline import ReadingCursor, TimedConnection, told
from canonical.store.sql.in_use import InUse
from canonical.values import fold

Row = Sequence[Any]
Params = Mapping[str, Any]
BUSY_SECONDS = 30
# Triggers note the rows whose text is new; see the migration that made the index. CROSS keeps SQLite from reading all
# activities to find the few that wait.
_ANY_WAITING = "SELECT 1 FROM activity_search_waiting LIMIT 1"
_INDEX_WAITING = (
    "INSERT INTO activity_search(rowid, title_fold, body_fold) SELECT a.id, a.title_fold, a.body_fold "
    "FROM activity_search_waiting u CROSS JOIN activity a ON a.tenant_id = u.tenant_id AND a.id = u.id"
)


class Cursor(Protocol):
    """What both drivers' cursors have in common."""

    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


class Backend(Protocol):
    """One database. `url` never goes to a log: it may hold a password."""

    name: str
    url: str
    dialect: sa.Dialect
    clocked_ids: bool

    def connect(self) -> Any: ...
    def reader(self) -> Any:
        """This thread's connection for reading."""

    def execute(self, connection: Any, statement: str, params: Params) -> Cursor: ...
    def executemany(self, connection: Any, statement: str, rows: Sequence[Params]) -> None: ...
    def transaction(self, connection: Any) -> contextlib.AbstractContextManager[None]:
        """A write transaction. Raises Conflict when it must be run again, Unavailable when the store cannot write."""

    def fresh(self) -> contextlib.AbstractContextManager[Any]:
        """A connection that reads what is there now. Raises Unavailable."""

    def check_reads(self) -> None:
        """Raises Unavailable when reads are known to fail, though not all do."""

    def snapshot(self, connection: Any) -> contextlib.AbstractContextManager[None]:
        """What is read inside, on a connection that reads, is of one moment."""

    def index_texts(self, connection: Any) -> None:
        """Makes what this transaction wrote findable by substring; `transaction` does it before it commits."""

    def data_version(self, connection: Any) -> int | None:
        """A number that changes when another connection commits; None when the database has no such number."""

    def close(self) -> None: ...


def compile_sql(backend: Backend, clause: ClauseElement) -> str:
    """The statement's text for this database, with named parameters."""
    return str(clause.compile(dialect=backend.dialect))


class SqliteBackend:
    """A file. WAL and `synchronous=FULL`: an acknowledged write survives kill -9 and power loss."""

    name = "sqlite"
    clocked_ids = True

    def __init__(self, url: str, seconds: float | None = None) -> None:
        self.url = url
        self._seconds = seconds
        database = make_url(url).database
        if not database or database == ":memory:":
            raise ValueError("an SQLite database must be a file")
        self.path = Path(database)
        self.dialect: sa.Dialect = sqlite.dialect(paramstyle="named")
        self._local = threading.local()
        self._open: list[TimedConnection] = []
        self._guard = threading.Lock()
        self._in_use = InUse(self.path)
        self.damage = Damage(self.path, self._is_sound)
        self._file: tuple[int, int] | None = None
        self.moves = 0
        """How often the file has gone from its path, or another has come: older connections lead nowhere."""

    def check_file(self) -> None:
        """Raises Unavailable when the path no longer leads to the file that connections were opened to.

        SQLite itself goes on with a file that was deleted or replaced, and what it then writes nobody finds again.
        """
        try:
            found = self.path.stat()
            there = (found.st_dev, found.st_ino)
        except OSError:
            there = None
        if there == self._file and there is not None:
            return
        with self._guard:
            if there is not None and self._file is None:
                self._file = there
                return
            if self._file is not None:
                self._file = None
                self.moves += 1
        raise Unavailable(f"the database file {self.path.name} was removed or replaced")

    def connect(self) -> TimedConnection:
        if self._file is None and not self.moves and not self.path.exists():
            # To make one here would hide that the real one is missing.
            raise WrongSchema(f"there is no database file {self.path.name}; run `crmglot db upgrade`")
        self.check_file()
        self._in_use.begin()
        try:
            connection = sqlite3.connect(
                f"file:{quote(str(self.path))}?mode=rw",
                uri=True,
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=512,
                factory=TimedConnection,
            )
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA cache_size=-32768")
            connection.execute("PRAGMA temp_store=MEMORY")
            # LIKE runs on folded columns; where it runs on others it must mean what it means on PostgreSQL.
            connection.execute("PRAGMA case_sensitive_like=ON")
        except sqlite3.Error as error:
            self.damage.note(error)
            raise Unavailable(str(error)) from error
        connection.noticed = self.damage.note
        if self._seconds is not None:
            connection.limit()
        connection.create_function("fold", 1, _fold_or_null, deterministic=True)
        connection.create_function("any_like", 2, _any_like, deterministic=True)
        for name, function in _FORMULAS.items():
            connection.create_function(name, -1, function, deterministic=True)
        connection.create_aggregate("stddev_pop", 1, _Spread)  # type: ignore[arg-type]
        with self._guard:
            self._open.append(connection)
        return connection

    def _is_sound(self) -> bool:
        """Whether nothing in the file is out of order; reads all of it."""
        try:
            connection = self.connect()
        except Unavailable:
            return False
        try:
            found: str = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            return found == "ok"
        except sqlite3.Error:
            return False
        finally:
            self.forget(connection)

    def check_reads(self) -> None:
        self.damage.check()

    @contextlib.contextmanager
    def fresh(self) -> Iterator[TimedConnection]:
        """A connection that has nothing in its cache yet."""
        connection = self.connect()
        try:
            yield connection
        finally:
            self.forget(connection)

    def reader(self) -> TimedConnection:
        local = self._local
        connection: TimedConnection | None = getattr(local, "connection", None)
        if connection is None or local.moves != self.moves:
            if connection is not None:
                self.forget(connection)
                local.connection = None
            moves = self.moves
            connection = local.connection = self.connect()
            local.moves = moves
        return connection

    def forget(self, connection: TimedConnection) -> None:
        """Closes a connection that is of no use any more."""
        with self._guard:
            if connection in self._open:
                self._open.remove(connection)
        with contextlib.suppress(sqlite3.Error):
            connection.close()

    def execute(self, connection: TimedConnection, statement: str, params: Params) -> sqlite3.Cursor:
        self._start(connection)
        try:
            return connection.cursor(ReadingCursor).execute(statement, params)
        except sqlite3.IntegrityError as error:
            raise Conflict(str(error)) from error
        except sqlite3.Error as error:
            raise told(error, connection) from error

    def executemany(self, connection: TimedConnection, statement: str, rows: Sequence[Params]) -> None:
        self._start(connection)
        try:
            connection.executemany(statement, rows)
        except sqlite3.IntegrityError as error:
            raise Conflict(str(error)) from error
        except sqlite3.Error as error:
            raise told(error, connection) from error

    def _start(self, connection: TimedConnection) -> None:
        if self._seconds is not None:
            connection.ends = time.monotonic() + self._seconds

    @contextlib.contextmanager
    def transaction(self, connection: TimedConnection) -> Iterator[None]:
        self.execute(connection, "BEGIN IMMEDIATE", {})
        try:
            yield
            self.commit(connection)
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def commit(self, connection: TimedConnection) -> None:
        """Makes the transaction durable."""
        self.index_texts(connection)
        self.execute(connection, "COMMIT", {})

    @contextlib.contextmanager
    def snapshot(self, connection: TimedConnection) -> Iterator[None]:
        self.execute(connection, "BEGIN", {})
        try:
            yield
        finally:
            self._end_reading(connection)

    def _end_reading(self, connection: TimedConnection) -> None:
        if not connection.in_transaction:
            return
        try:
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            # A damaged file does not even let this be.
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            if connection.in_transaction:
                self.forget(connection)
                self._local.connection = None
            raise told(error, connection) from error

    def index_texts(self, connection: TimedConnection) -> None:
        if self.execute(connection, _ANY_WAITING, {}).fetchone() is not None:
            self.execute(connection, _INDEX_WAITING, {})
            self.execute(connection, "DELETE FROM activity_search_waiting", {})

    def data_version(self, connection: TimedConnection) -> int:
        # Each connection counts for itself; one to another file may not repeat what an older one said.
        return (self.moves << 32) + int(self.execute(connection, "PRAGMA data_version", {}).fetchone()[0])

    def close(self) -> None:
        with self._guard:
            for connection in self._open:
                connection.close()
            self._open.clear()
            self._in_use.end()
        self._local = threading.local()


_TRY_AGAIN = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.IntegrityError,
)
_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.ReadOnlySqlTransaction)


class PostgresBackend:
    """A PostgreSQL database through psycopg 3."""

    name = "postgresql"
    clocked_ids = True

    def __init__(self, url: str, seconds: float | None = None) -> None:
        self.url = url
        self._milliseconds = 0 if seconds is None else max(1, int(seconds * 1000))
        parsed = make_url(url).set(drivername="postgresql")
        self._conninfo = parsed.render_as_string(hide_password=False)
        self.dialect: sa.Dialect = postgresql.psycopg.dialect()  # type: ignore[no-untyped-call]
        self._local = threading.local()
        self._open: list[psycopg.Connection[Any]] = []
        self._guard = threading.Lock()

    def connect(self) -> psycopg.Connection[Any]:
        try:
            connection = psycopg.connect(
                self._conninfo,
                autocommit=True,
                connect_timeout=10,
                # A server that is gone without a word is noticed within half a minute.
                keepalives_idle=15,
                keepalives_interval=5,
                keepalives_count=3,
                tcp_user_timeout=BUSY_SECONDS * 1000,
                # A generic plan for a LIKE with a bound pattern turns 2 ms into 632 ms.
                options="-c plan_cache_mode=force_custom_plan -c timezone=UTC -c jit=off "
                f"-c lock_timeout={BUSY_SECONDS}s -c statement_timeout={self._milliseconds}",
            )
        except psycopg.Error as error:
            raise Unavailable("the database cannot be reached") from error
        with self._guard:
            self._open.append(connection)
        return connection

    def reader(self) -> psycopg.Connection[Any]:
        local = self._local
        connection: psycopg.Connection[Any] | None = getattr(local, "connection", None)
        # A server says nothing to an idle connection but farewell.
        if connection is None or connection.closed or connection.broken or local.poll.poll(0):
            if connection is not None:
                self._forget(connection)
                local.connection = None
            connection = self.connect()
            poll = select.poll()
            try:
                poll.register(connection.fileno(), select.POLLIN)
            except psycopg.Error as error:
                raise Unavailable(type(error).__name__) from error
            local.connection, local.poll = connection, poll
        return connection

    def _forget(self, connection: psycopg.Connection[Any]) -> None:
        with self._guard:
            if connection in self._open:
                self._open.remove(connection)
        with contextlib.suppress(psycopg.Error):
            connection.close()

    def execute(self, connection: psycopg.Connection[Any], statement: str, params: Params) -> Cursor:
        try:
            return connection.execute(statement, params)
        except _TRY_AGAIN as error:
            raise Conflict(str(error)) from error
        except psycopg.errors.NumericValueOutOfRange as error:
            raise Unsupported("a number is out of range") from error
        except psycopg.errors.QueryCanceled as error:
            raise Overdue from error
        except _AWAY as error:
            raise Unavailable(type(error).__name__) from error

    def executemany(self, connection: psycopg.Connection[Any], statement: str, rows: Sequence[Params]) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.executemany(statement, rows)
        except _TRY_AGAIN as error:
            raise Conflict(str(error)) from error
        except psycopg.errors.QueryCanceled as error:
            raise Overdue from error
        except _AWAY as error:
            raise Unavailable(type(error).__name__) from error

    @contextlib.contextmanager
    def transaction(self, connection: psycopg.Connection[Any]) -> Iterator[None]:
        self.execute(connection, "BEGIN", {})
        try:
            yield
            self.execute(connection, "COMMIT", {})
        except BaseException:
            if not connection.closed and connection.info.transaction_status != 0:
                with contextlib.suppress(psycopg.Error):
                    connection.execute("ROLLBACK")
            raise

    def check_reads(self) -> None:
        """Nothing is remembered here: it either answers or does not."""

    def fresh(self) -> contextlib.AbstractContextManager[psycopg.Connection[Any]]:
        return contextlib.nullcontext(self.reader())

    def snapshot(self, connection: psycopg.Connection[Any]) -> contextlib.AbstractContextManager[None]:
        """Nothing to do: here nothing is remembered, so each answer is one statement, which is of one moment."""
        return contextlib.nullcontext()

    def index_texts(self, connection: psycopg.Connection[Any]) -> None:
        """Its index is kept by the database itself."""

    def data_version(self, connection: psycopg.Connection[Any]) -> int | None:
        return None

    def close(self) -> None:
        with self._guard:
            for connection in self._open:
                connection.close()
            self._open.clear()
        self._local = threading.local()


def _fold_or_null(text: object) -> str | None:
    return None if text is None else fold(str(text))


def _of_known(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, missing where an argument is."""
    return lambda *args: None if None in args else function(*args)


_FORMULAS = {
    "fold_letters": _of_known(lambda text: fold_letters(str(text))),
    "number_of": _of_known(lambda text: number_of(str(text))),
    "moment_of": _of_known(lambda text: moment_of(str(text))),
    "plain_number": _of_known(plain_number),
    "rest_of": _of_known(lambda one, other: math.fmod(one, other) if other else None),
}
"""What formulas need and SQLite does not have (`canonical.formula`)."""


class _Spread:
    """The standard deviation of a whole population, in one pass (Welford)."""

    def __init__(self) -> None:
        self.count, self.mean, self.squares = 0, 0.0, 0.0

    def step(self, value: float | None) -> None:
        if value is not None:
            self.count += 1
            off = value - self.mean
            self.mean += off / self.count
            self.squares += off * (value - self.mean)

    def finalize(self) -> float | None:
        return math.sqrt(self.squares / self.count) if self.count and self.squares >= 0 else None


def _any_like(texts: object, pattern: object) -> int:
    """Whether the pattern ``%...%`` fits one of the texts, which U+001F separates. Without backtracking."""
    parts = _like_parts(str(pattern))
    for text in str(texts).split("\x1f"):
        at = 0
        for part in parts:
            found = part.search(text, at)
            if found is None:
                break
            at = found.end()
        else:
            return 1
    return 0


@functools.lru_cache(maxsize=256)
def _like_parts(pattern: str) -> tuple[re.Pattern[str], ...]:
    """What stands between the ``%`` of a LIKE pattern, each as an expression of one length."""
    parts: list[str] = [""]
    chars = iter(pattern)
    for char in chars:
        if char == "%":
            parts.append("")
        else:
            parts[-1] += "." if char == "_" else re.escape(next(chars, "") if char == "\\" else char)
    return tuple(re.compile(part, re.DOTALL) for part in parts if part)


def open_backend(url: str, seconds: float | None = None) -> SqliteBackend | PostgresBackend:
    """The backend for a database URL (``sqlite:///crm.db``, ``postgresql://user@host/name``).

    Its statements are ended after so many `seconds`, and raise Overdue. Raises `ValueError` for any other URL.
    """
    name = make_url(url).get_backend_name()
    if name == "sqlite":
        return SqliteBackend(url, seconds)
    if name == "postgresql":
        return PostgresBackend(url, seconds)
    raise ValueError(f"unsupported database: {name}")
