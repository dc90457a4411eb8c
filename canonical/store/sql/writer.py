"""The one writer of a process on SQLite: waiting requests share one transaction and one sync.

A file lock taken before BEGIN makes a fair queue across processes; SQLite's own busy handler starves some for
seconds. Each job runs in a savepoint, so that one that fails takes nothing of its neighbours along.
"""

from __future__ import annotations

import fcntl
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from canonical.errors import Conflict, Unavailable
from canonical.store.sql.backend import BUSY_SECONDS, SqliteBackend
from canonical.store.sql.counters import Counters
from canonical.store.sql.deadline import TimedConnection, told
from canonical.store.sql.in_use import private
from canonical.store.sql.kept import Kept

BATCH = 64
ATTEMPTS = 5


Work = Callable[[TimedConnection], Any]


class _Job:
    __slots__ = ("abandoned", "apart", "begun", "done", "error", "result", "work")

    def __init__(self, work: Work, apart: bool = False) -> None:
        self.work = work
        self.apart = apart
        self.result: Any = None
        self.error: BaseException | None = None
        self.begun = False
        self.abandoned = False
        self.done = threading.Lock()
        self.done.acquire()


class _RolledBack(Exception):
    """What one job met ended the transaction for all."""

    def __init__(self, job: _Job) -> None:
        super().__init__()
        self.job = job


class SqliteWriter:
    """Runs jobs one after another on a thread of its own, started at first use."""

    def __init__(self, backend: SqliteBackend, patience: float = BUSY_SECONDS) -> None:
        self._backend = backend
        self._patience = patience
        """How many seconds a job waits for its turn: behind others, and behind another process that has the lock."""
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._guard = threading.Lock()
        self._lock_path = Path(f"{backend.path}.lock")
        self._closed = False
        self._kept: TimedConnection | None = None
        self._moves = 0
        self.counters = Counters()
        """Those of the transaction that is open."""
        self.kept = Kept()
        """What this thread remembers while it is the only one that commits; a unit forgets what it changes."""

    def run(self, work: Work, *, apart: bool = False) -> Any:
        """The result of `work(connection)` once it is durable; what it raised, with nothing kept.

        Work that is `apart` has the connection outside any transaction, while nobody else writes. Raises Unavailable
        when the transaction cannot begin, in time or at all, or cannot commit.
        """
        job = _Job(work, apart)
        with self._guard:
            if self._closed:
                raise Unavailable("the store is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="crmglot-writer", daemon=True)
                self._thread.start()
            self._jobs.put(job)
        if not job.done.acquire(timeout=self._patience):
            with self._guard:
                job.abandoned = not job.begun
            if job.abandoned:
                raise Unavailable("another writer has had the database for too long")
            job.done.acquire()
        if job.error is None:
            return job.result
        # Its traceback holds the job, and all that was made of a request.
        error, job.error = job.error, None
        try:
            raise error
        finally:
            del error

    def inside(self) -> bool:
        """Whether this is the writer's own thread."""
        return threading.current_thread() is self._thread

    def close(self) -> None:
        with self._guard:
            self._closed = True
            thread = self._thread
            self._jobs.put(None)
        if thread is not None:
            thread.join(timeout=10)

    def _loop(self) -> None:
        lock_file: Any = None
        while True:
            job = self._jobs.get()
            if job is None:
                break
            batch = [job]
            while len(batch) < BATCH:
                try:
                    other = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if other is None:
                    self._jobs.put(None)
                    break
                batch.append(other)
            try:
                if lock_file is None:
                    lock_file = open(self._lock_path, "wb", opener=private)  # noqa: SIM115
                fcntl.flock(lock_file, fcntl.LOCK_EX)
                try:
                    connection = self._connection()
                    begun = self._begin(batch)
                    wanted = [job for job in begun if not job.apart]
                    while wanted:
                        wanted = self._transact(connection, wanted)
                    for job in begun:
                        if job.apart:
                            self._do_apart(connection, job)
                finally:
                    fcntl.flock(lock_file, fcntl.LOCK_UN)
            except BaseException as error:
                failure = error if isinstance(error, Unavailable) else Unavailable(f"{type(error).__name__}: {error}")
                for waiting in batch:
                    waiting.error = failure
            for waiting in batch:
                waiting.done.release()
        if lock_file is not None:
            lock_file.close()

    def _connection(self) -> TimedConnection:
        """One to the file that the path leads to. Raises Unavailable, also once after that has become another."""
        if self._kept is not None and self._moves == self._backend.moves:
            self._backend.check_file()
            return self._kept
        if self._kept is not None:
            self._backend.forget(self._kept)
            self._kept = None
        self._moves = self._backend.moves
        self._kept = self._backend.connect()
        return self._kept

    def _begin(self, batch: list[_Job]) -> list[_Job]:
        """Those that somebody still waits for."""
        with self._guard:
            wanted = [job for job in batch if not job.abandoned]
            for job in wanted:
                job.begun = True
        return wanted

    def _do_apart(self, connection: TimedConnection, job: _Job) -> None:
        try:
            job.result = job.work(connection)
        except BaseException as error:
            job.error = told(error, connection) if isinstance(error, sqlite3.Error) else error
        finally:
            self.kept.clear()

    def _transact(self, connection: TimedConnection, batch: list[_Job]) -> list[_Job]:
        """Gives the jobs to be done again: all others, when one took the whole transaction along."""
        self._backend.execute(connection, "BEGIN IMMEDIATE", {})
        self.kept.at(self._backend.data_version(connection))
        self.counters = Counters()
        try:
            for job in batch:
                self._attempt(connection, job, alone=len(batch) == 1)
            # What was refused leaves nothing to sync.
            done = any(job.error is None for job in batch)
            if done:
                self.counters.flush(self._backend, connection)
                self._backend.commit(connection)
            else:
                self._backend.execute(connection, "ROLLBACK", {})
            return []
        except _RolledBack as gone:
            self.kept.clear()
            return [job for job in batch if job is not gone.job]
        except BaseException:
            self.kept.clear()
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _attempt(self, connection: TimedConnection, job: _Job, *, alone: bool) -> None:
        """A job that is alone needs no savepoint, and could not bear one when it is large: SQLite walks over copies of
        all the pages that a savepoint changed, once for each statement that has triggers."""
        begin, undo = ("BEGIN IMMEDIATE", "ROLLBACK") if alone else ("SAVEPOINT job", "ROLLBACK TO job")
        if not alone:
            connection.execute(begin)
        for _ in range(ATTEMPTS):
            counted = self.counters.values.copy()
            job.error = None
            try:
                job.result = job.work(connection)
            except BaseException as error:
                job.error = told(error, connection) if isinstance(error, sqlite3.Error) else error
                # After some failures (disk full, a deadline) SQLite has already rolled the whole transaction back.
                if not connection.in_transaction:
                    raise _RolledBack(job) from error
                self.kept.clear()
                connection.execute(undo)
                self.counters.values = counted
                if alone:
                    connection.execute(begin)
            if not isinstance(job.error, Conflict):
                break
        if not alone:
            connection.execute("RELEASE job")
