"""What every part of a unit of work stands on: one connection, statements compiled once, what may be remembered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from canonical.store.sql.backend import Backend, Cursor
from canonical.store.sql.compile import Statements
from canonical.store.sql.counters import Counters
from canonical.store.sql.kept import Kept


class Connected:
    """`connection` is this thread's reader, or the writer inside its transaction (`writing`).

    `kept` is what may be remembered on that connection, None where nothing can; with `settled` its version is known
    to be the newest, else it is asked for at every use.
    """

    __slots__ = ("_backend", "_connection", "_counters", "_kept", "_settled", "_statements", "tenant_id", "writing")

    def __init__(
        self,
        backend: Backend,
        statements: Statements,
        connection: Any,
        tenant_id: int,
        writing: bool,
        kept: Kept | None = None,
        settled: bool = False,
        counters: Counters | None = None,
    ) -> None:
        self._backend = backend
        self._statements = statements
        self._connection = connection
        self._kept = kept
        self._settled = settled
        self._counters = counters
        self.tenant_id = tenant_id
        self.writing = writing

    @property
    def clocked_ids(self) -> bool:
        return self._backend.clocked_ids

    def _run(self, sql: str, params: Mapping[str, Any]) -> Cursor:
        return self._backend.execute(self._connection, sql, params)

    def _remembered(self) -> Kept | None:
        """What is remembered and still true; None where nothing can be."""
        kept = self._kept
        if kept is not None and not self._settled:
            version = self._backend.data_version(self._connection)
            if version is None:
                return None
            kept.at(version)
        return kept

    def _ids(self, ids: list[int]) -> Any:
        """Ids as the value of `compile.among`."""
        return orjson.dumps(ids).decode() if self._backend.name == "sqlite" else ids
