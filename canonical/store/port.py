"""What the services need of a store. The SQL store is the one implementation; nothing here knows SQL.

`Unit` works on one tenant's rows inside one unit of work. Small tables are read and written by plain equality
(`select`, `insert`, `update`, `delete`); records by kind. A where-value of None means "is missing", a tuple "one of".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from canonical.model import ContactPoint, Link, Record, Viewer
from canonical.model.module import ModuleSort
from canonical.operations import Aggregate, Fields, Report
from canonical.query import Node, Query, Window

R = TypeVar("R", bound=Record)
T = TypeVar("T")

Where = Mapping[str, Any]
CREDENTIAL_COLUMNS = (
    "tenant_id",
    "user_id",
    "expires_at",
    "idle",
    "data",
    "username",
    "is_admin",
    "view_only",
    "active",
    "time_zone",
    "person_id",
)
SYSTEM = 0
"""The tenant of what belongs to none: counters of ids, accounts."""


class Unit(Protocol):
    """One tenant's rows in one unit of work."""

    tenant_id: int
    writing: bool

    @property
    def clocked_ids(self) -> bool: ...

    # Rows of small tables, as dictionaries
    def select(
        self,
        table: str,
        where: Where,
        order: tuple[str, ...] = (),
        *,
        at_least: Where | None = None,
        window: Window | None = None,
    ) -> list[dict[str, Any]]: ...
    def count_rows(self, table: str, where: Where) -> int: ...
    def insert(self, table: str, values: Where) -> None: ...
    def insert_many(self, table: str, rows: Sequence[Where]) -> None:
        """All rows must name the same columns."""

    def update(self, table: str, where: Where, values: Where) -> int: ...
    def delete(self, table: str, where: Where) -> int: ...
    def next_value(self, name: str, *, shared: bool = False) -> int:
        """1, 2, 3, … for each name: of this tenant, without gaps, or shared by all tenants."""

    def raise_value(self, name: str, to: int) -> None:
        """Makes the next shared value of that name larger than `to`."""

    def credential(self, kind: str, digest: str) -> tuple[Any, ...] | None:
        """The token with that digest, with its user; of any tenant. The columns are `CREDENTIAL_COLUMNS`."""

    def purge_tokens(self, now: int) -> None:
        """Forgets tokens that ended before `now`."""

    def due_jobs(self, now: int, limit: int) -> list[tuple[int, int, int, str | None]]:
        """What workers may take up at `now`, oldest first, of all tenants: tenant, job, due time, last holder."""

    def held_jobs(self, now: int, until: int, prefix: str) -> list[tuple[int, int, int, str | None]]:
        """What a holder whose name begins with `prefix` works on, due after `now` and by `until`; columns as above."""

    # Records of modules, and numbers over many records
    def module_record_ids(
        self, module_id: int, text: str, sort: tuple[ModuleSort, ...], window: Window
    ) -> list[int]: ...
    def count_module_records(self, module_id: int, text: str) -> int: ...
    def aggregate_module(self, module_id: int, asked: Aggregate) -> list[tuple[Any, Any]]: ...
    def aggregate(
        self, kind: type[Record], where: Node, asked: Aggregate, viewer: Viewer
    ) -> list[tuple[Any, Any]]: ...

    def report_module(self, module_id: int, asked: Report) -> list[tuple[Any, ...]]: ...
    def report(self, kind: type[Record], where: Node, asked: Report, viewer: Viewer) -> list[tuple[Any, ...]]: ...

    # Records
    def remembered(self, dialect: str, name: str) -> dict[Any, Any]:
        """Room for what a dialect makes of users and set-up; emptied when anybody commits, and empty while writing."""

    def load(self, kind: type[R], ids: Iterable[int], fields: Fields = None) -> dict[int, R]: ...
    def load_with(self, kind: type[R], id: int, parts: tuple[str, ...], fields: Fields = None) -> R | None:
        """One record with those of ``links``, ``tags`` and ``custom`` that are named; None when there is none."""

    def find(self, kind: type[R], query: Query, viewer: Viewer, fields: Fields = None) -> list[R]:
        """The records that the viewer sees, unmasked, found and ordered by what he reads of them."""

    def count(self, kind: type[Record], query: Query, viewer: Viewer) -> int: ...
    def hides(self, kind: type[Record]) -> bool:
        """Whether the tenant has any record of the kind that not everybody sees."""

    def linked(self, kind: type[Record], ids: Iterable[int], viewer: Viewer) -> set[int]:
        """Which of the records are linked to the viewer, in whatever role, as a user or by contact card."""

    def lock(self, kind: type[Record], id: int) -> None:
        """Waits until no other unit is changing the record, and keeps others waiting until this one ends."""

    def insert_record(self, kind: type[Record], values: Where) -> None: ...
    def update_record(self, kind: type[Record], id: int, version: int, values: Where) -> None:
        """Raises Conflict when the record no longer has that version."""

    def delete_record(self, kind: type[Record], id: int) -> None: ...
    def clear_reference(self, kind: type[Record], field: str, id: int) -> None:
        """Makes `field` missing in all records of `kind` where it holds `id`."""

    # What hangs on records
    def attached(
        self, record_kind: str, ids: Iterable[int], parts: tuple[str, ...]
    ) -> dict[str, dict[int, list[Any]]]:
        """`Link`, `Tag` and `CustomValue` lists by record, for those of the parts ``links``, ``tags``, ``custom``."""

    def links_of(self, record_kind: str, ids: Iterable[int]) -> dict[int, list[Link]]: ...
    def links_to(self, target_kind: str, target_id: int, record_kind: str | None) -> list[Link]: ...
    def points_of(self, ids: Iterable[int]) -> dict[int, list[ContactPoint]]: ...


class Snapshot(Protocol):
    """All that a store held at one moment, in memory."""

    size: int
    """Bytes."""


class Store(Protocol):
    """Opens units of work."""

    clocked_ids: bool
    """Whether ids that grow with time go by the clock; where they do not, each is the next number."""

    def reading(self, tenant_id: int, *, signed_in: bool = False) -> Unit:
        """A unit that sees what is committed; for this thread only.

        With `signed_in` it is for the rest of a request whose caller this thread has just looked up, having asked for
        the `version`: what is remembered need not be checked again.
        """

    def version(self) -> int | None:
        """A number that changes when anybody commits, for this thread to compare; None where there is none."""

    def write(self, tenant_id: int, work: Callable[[Unit], T]) -> T:
        """Runs `work` in one transaction and gives its result once that is durable.

        `work` is run again after a Conflict, so it must have no other effects. What it raises is raised here, with
        nothing kept. Raises Unavailable when the store cannot write. Inside a write, the same unit is used.
        """

    def snapshot(self, limit: int) -> Snapshot:
        """A copy of all there is, for tests. Raises Unsupported for more than `limit` bytes, or without a way."""

    def restore(self, snapshot: Any) -> None:
        """Puts a snapshot of this store in the place of all there is. Others see all of it or nothing."""

    def check(self) -> None:
        """Raises Unavailable when the store cannot answer or its schema is not the newest."""

    def check_ready(self) -> None:
        """`check`, and raises Unavailable while reads are known to fail, in this process or another."""

    def close(self) -> None: ...
