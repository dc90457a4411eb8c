"""The SQL store: opens units of work, and keeps the schema at its newest version."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from canonical.errors import Conflict, Unsupported, WrongSchema
from canonical.store.sql import schema
from canonical.store.sql.backend import Backend, SqliteBackend, open_backend
from canonical.store.sql.compile import Statements
from canonical.store.sql.kept import Kept
from canonical.store.sql.snapshots import SqlSnapshot, taken_of
from canonical.store.sql.unit import SqlUnit
from canonical.store.sql.writer import SqliteWriter

T = TypeVar("T")
PATIENCE = 20
"""Attempts at a transaction where several connections write."""


class SqlStore:
    """One database. Safe to use from many threads; make it after a fork, not before."""

    def __init__(self, url: str, seconds: float | None = None) -> None:
        """No statement takes longer than so many `seconds`, where they are given; else each as long as it needs."""
        backend = open_backend(url, seconds)
        self.backend: Backend = backend
        self.statements = Statements(self.backend)
        self._writer = SqliteWriter(backend) if isinstance(backend, SqliteBackend) else None
        self._local = threading.local()

    def reading(self, tenant_id: int, *, signed_in: bool = False) -> SqlUnit:
        local = self._local
        inside: SqlUnit | None = getattr(local, "unit", None)
        if inside is not None:
            return self._writing(inside._connection, tenant_id)
        if self._writer is None:
            return SqlUnit(self.backend, self.statements, self.backend.reader(), tenant_id, False)
        kept: Kept | None = getattr(local, "kept", None)
        if kept is None:
            kept = local.kept = Kept()
        settled = signed_in and kept.asked
        if signed_in:
            kept.asked = False
        return SqlUnit(self.backend, self.statements, self.backend.reader(), tenant_id, False, kept, settled)

    def version(self) -> int | None:
        local = self._local
        if self._writer is None or getattr(local, "unit", None) is not None:
            return None
        kept: Kept | None = getattr(local, "kept", None)
        if kept is None:
            kept = local.kept = Kept()
        version = self.backend.data_version(self.backend.reader())
        if version is not None:
            kept.at(version)
            kept.asked = True
        return version

    def _writing(self, connection: Any, tenant_id: int) -> SqlUnit:
        writer = self._writer
        if writer is None:
            return SqlUnit(self.backend, self.statements, connection, tenant_id, True)
        # The version was asked for when the transaction began.
        return SqlUnit(self.backend, self.statements, connection, tenant_id, True, writer.kept, True, writer.counters)

    def write(self, tenant_id: int, work: Callable[[SqlUnit], T]) -> T:
        local = self._local
        inside: SqlUnit | None = getattr(local, "unit", None)
        if inside is not None:
            return work(self._writing(inside._connection, tenant_id))

        def run(connection: Any) -> T:
            local.unit = self._writing(connection, tenant_id)
            try:
                return work(local.unit)
            finally:
                local.unit = None

        if self._writer is not None:
            result: T = self._writer.run(run)
            return result
        return self._write_here(run)

    @property
    def clocked_ids(self) -> bool:
        return self.backend.clocked_ids

    @clocked_ids.setter
    def clocked_ids(self, wanted: bool) -> None:
        self.backend.clocked_ids = wanted

    def snapshot(self, limit: int) -> SqlSnapshot:
        if self._writer is None:
            raise Unsupported("only an SQLite database can be put back to an earlier state")
        taken: SqlSnapshot = self._writer.run(lambda connection: taken_of(connection, limit), apart=True)
        return taken

    def restore(self, snapshot: SqlSnapshot) -> None:
        if self._writer is None:
            raise Unsupported("only an SQLite database can be put back to an earlier state")
        self._writer.run(snapshot.put_into, apart=True)

    def _write_here(self, run: Callable[[Any], T]) -> T:
        for attempt in range(PATIENCE):
            connection = self.backend.reader()
            try:
                with self.backend.transaction(connection):
                    return run(connection)
            except Conflict:
                if attempt == PATIENCE - 1:
                    raise
                # Those who were first are let through, each waiting writer another while.
                time.sleep(random.uniform(0, 0.002 * (attempt + 1)))  # noqa: S311
        raise AssertionError("unreachable")

    def check(self) -> None:
        """Raises WrongSchema when the schema is not the newest, Unavailable when the database cannot answer."""
        with self.backend.fresh() as connection:
            self._check(connection)

    def check_ready(self) -> None:
        """`check`, and raises Unavailable while reads are known to fail, in this process or another."""
        self.check()
        self.backend.check_reads()

    def _check(self, connection: Any) -> None:
        backend = self.backend
        try:
            row = backend.execute(connection, "SELECT version_num FROM alembic_version", {}).fetchone()
        except Exception as error:
            if self._has_no_tables(connection):
                raise WrongSchema("the database has no schema; run `crmglot db upgrade`") from error
            raise
        if row is not None and row[0] not in schema.known():
            raise WrongSchema(schema.NEWER)
        if row is None or row[0] != schema.newest():
            raise WrongSchema("the database schema is not the newest; run `crmglot db upgrade`")
        for table in ("tenant", "app_user", "token", "party", "activity"):
            backend.execute(connection, f"SELECT 1 FROM {table} LIMIT 1", {}).fetchone()  # noqa: S608

    def _has_no_tables(self, connection: Any) -> bool:
        """Whether the database answers, and has none of our tables."""
        catalog = "sqlite_master" if self.backend.name == "sqlite" else "pg_catalog.pg_tables"
        column = "name" if self.backend.name == "sqlite" else "tablename"
        try:
            statement = f"SELECT 1 FROM {catalog} WHERE {column} = 'alembic_version'"  # noqa: S608
            return self.backend.execute(connection, statement, {}).fetchone() is None
        except Exception:
            return False

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self.backend.close()
