"""Fills our own database: the tenant and users through the core, tasks in bulk through the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson

from bench import rows
from canonical.accounts import Principal
from canonical.model import KINDS, Activity, Party, Record, User
from canonical.model.module import ModuleField
from canonical.operations import Create
from canonical.service.core import CanonicalCore
from canonical.service.desk import CoreDesk
from canonical.store.port import Unit
from canonical.store.sql import schema
from canonical.store.sql.store import SqlStore
from canonical.values import Instant

TENANT: Final = "bench"
TOKEN: Final = "bench-token-of-user1"
PASSWORD: Final = "bench-password"
SECRET: Final = "bench-secret-of-every-process"
MODULE: Final = 2**60
"""The id of the tenant's own module."""
SETTINGS: Final = {"affinitylive.rate_limit": "999999999"}
"""More than 5,000 requests an hour are sent here."""
BATCH: Final = 20_000
"""Rows in one transaction of a bulk load."""


def make(path: Path, tasks: Iterable[rows.Task], now: Instant) -> None:
    """A new database with the tenant, the users, the companies and these tasks."""
    url = f"sqlite:///{path}"
    schema.upgrade(url)
    core = CanonicalCore(SqlStore(url))
    try:
        principal = people(core, now)
        load_companies(core, principal.tenant_id)
        load_tasks(core, principal.tenant_id, tasks)
    finally:
        core.close()


def people(core: CanonicalCore, now: Instant) -> Principal:
    """The tenant and the users; gives user 1, the administrator."""
    core.directory.add_tenant(TENANT, [], [], now)
    core.directory.change_settings(TENANT, SETTINGS)
    first, *others = rows.users()
    names = {"first_name": first.first_name, "last_name": first.last_name, "is_admin": True}
    core.directory.add_user(TENANT, first.username, PASSWORD, now, token=TOKEN, values=names)
    principal = core.accounts.by_token("api", TOKEN, now)
    assert principal is not None

    def work(desk: CoreDesk) -> None:
        for user in others:
            values = {"username": user.username, "first_name": user.first_name, "last_name": user.last_name}
            assert desk.create(Create(User, values)).id == user.id

    core.write(principal, "", now, work)
    return principal


def load_companies(core: CanonicalCore, tenant_id: int) -> None:
    values = [
        {"id": company.id, "type": "organisation", "name": company.name, "owner_id": 1, "creator_id": 1}
        for company in rows.companies()
    ]

    def work(unit: Unit) -> None:
        unit.insert_many("party", [{**_DEFAULTS[Party], **row} for row in values])
        unit.raise_value("party", rows.companies()[-1].id)

    core.store.write(tenant_id, work)


def load_module(core: CanonicalCore, tenant_id: int, module_id: int, values: Iterable[str]) -> None:
    """A module of the tenant's own with the field ``Status``, and a record for each of `values`."""
    waiting = enumerate(values, 1)

    def make(unit: Unit) -> None:
        fields = orjson.dumps([asdict(ModuleField("Status", "String"))]).decode()
        unit.insert("module", {"id": module_id, "name": "Own", "fields": fields, "created_at": 0, "updated_at": None})

    core.store.write(tenant_id, make)
    while batch := list(islice(waiting, BATCH)):
        core.store.write(tenant_id, partial(_load_values, module_id, batch))


def _load_values(module_id: int, batch: list[tuple[int, str]], unit: Unit) -> None:
    """Only what a chart reads: the values of listed records."""
    common = {"module_id": module_id, "name": "Status", "number": None}
    unit.insert_many("record_value", [{**common, "record_id": at, "value": value} for at, value in batch])


def load_tasks(core: CanonicalCore, tenant_id: int, tasks: Iterable[rows.Task]) -> None:
    """Adds tasks in bulk, each about its company. Ids and sequence numbers given by others come after theirs."""
    waiting = iter(tasks)
    while batch := list(islice(waiting, BATCH)):
        core.store.write(tenant_id, partial(_load, batch))


def _load(batch: list[rows.Task], unit: Unit) -> None:
    unit.insert_many("activity", [_activity(task) for task in batch])
    unit.insert_many("link", [_link(task) for task in batch])
    last = batch[-1].id
    for counter in ("activity", "link"):
        unit.raise_value(counter, last)
    if not unit.update("counter", {"name": "activity sequence"}, {"value": last}):
        unit.insert("counter", {"name": "activity sequence", "value": last})


def _defaults(kind: type[Record]) -> dict[str, Any]:
    return {field.name: field.default for field in KINDS[kind.KIND].fields}


_DEFAULTS: Final = {kind: _defaults(kind) for kind in (Activity, Party)}


def _activity(task: rows.Task) -> dict[str, Any]:
    return {
        **_DEFAULTS[Activity],
        "id": task.id,
        "type": "task",
        "title": task.title,
        "body": task.body,
        "category": task.category,
        "state": task.state,
        "priority": task.priority,
        "due_at": task.due_at,
        "start_at": task.start_at,
        "completed_at": task.completed_at,
        "owner_id": task.owner_id,
        "owner_chosen": True,
        "creator_id": task.creator_id,
        "modifier_id": task.modifier_id,
        "created_at": task.created_at,
        "updated_at": task.updated_at,
        "sequence": task.id,
    }


def _link(task: rows.Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "record_kind": "activity",
        "record_id": task.id,
        "target_kind": "party",
        "target_id": task.company_id,
        "role": "",
        "position": 0,
        "at": task.created_at,
    }
