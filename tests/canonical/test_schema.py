"""The schema: the tables as described, upgraded from every older version with its records kept and searchable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from canonical.errors import Unavailable
from canonical.model import Activity, Viewer
from canonical.operations import Create
from canonical.query import Compare, Op, Query, Sort, Window, all_of, contains, eq, one_of
from canonical.store.sql import schema, tables
from canonical.store.sql.store import SqlStore
from canonical.values import fold
from tests.support.postgres import new_database
from tests.support.world import World


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: Any, tmp_path: Path) -> str:
    return new_database() if request.param == "postgresql" else f"sqlite:///{tmp_path}/old.db"


def ours(object_: Any, name: str | None, type_: str, *_: Any) -> bool:
    """All but what the substring search adds by hand."""
    by_hand = ("activity_search", "module_record_search")
    return not (name or "").startswith(by_hand) and not (name or "").endswith("_trigrams")


def test_migrations_make_exactly_the_described_tables(url: str) -> None:
    schema.upgrade(url)
    with schema.engine(url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_every_table_of_a_tenant_leads_with_the_tenant() -> None:
    of_no_tenant = {"tenant", "tenant_host", "token", "application"}
    for table in tables.metadata.tables.values():
        if table.name in of_no_tenant:
            continue
        assert next(iter(table.primary_key.columns)).name == "tenant_id", table.name
        for index in table.indexes:
            # Workers look for what is due in all tenants at once.
            if index.name != "job_agenda_by_due":
                assert index.columns.keys()[0] == "tenant_id", index.name


def test_an_older_schema_is_refused_and_upgraded_with_its_records(url: str, tmp_path: Path) -> None:
    schema.upgrade(url, "0001")
    store = SqlStore(url)
    with pytest.raises(Unavailable, match="not the newest"):
        store.check()
    row = {"extras": '{"two": {"word": "x"}, "one": {"word": "y"}}', "body_fold": None}
    with schema.engine(url).begin() as connection:
        values = {
            "tenant_id": 1,
            "id": 7,
            "version": 1,
            "type": "task",
            "title": "Old Needle",
            "title_fold": "old needle",
        }
        values |= {"state": "open", "visibility": "everyone", "owner_id": 1, "sequence": 1, **row}
        connection.execute(sa.insert(tables.activity), values)
        for id, kind, value in ((8, "phone", "+44 20 7123"), (9, "phone", "none"), (10, "email", "1234@x")):
            point = {"tenant_id": 1, "id": id, "party_id": id, "kind": kind, "value": value, "position": 0}
            connection.execute(sa.insert(tables.point), point)
    store.close()
    schema.upgrade(url)
    with schema.engine(url).connect() as connection:
        digits = connection.execute(sa.select(tables.point.c.digits_back).order_by(tables.point.c.id)).scalars()
        assert list(digits) == ["32170244", None, None]
    store = SqlStore(url)
    store.check()
    found = store.reading(1).find(Activity, Query(contains("title", "needle")), Viewer(1, admin=True))
    assert [record.id for record in found] == [7]
    found = store.reading(1).find(Activity, Query(eq("extras.one.word", "y")), Viewer(1, namespace="one", admin=True))
    assert [record.id for record in found] == [7]
    store.close()


def test_records_of_modules_are_folded_letter_by_letter(url: str) -> None:
    schema.upgrade(url, "0007")
    texts = ("Petrič ", "straße", "e\u0301\x1fÉ", "plain")
    with schema.engine(url).begin() as connection:
        for id, text in enumerate((*texts, None), 1):
            row = {"tenant_id": 1 + id % 2, "id": id, "version": 1, "module_id": 5, "listed": 1, "created_at": 0}
            row["values"] = "[]" if text is None else orjson.dumps([("a", text, None), ("b", "X", None)]).decode()
            row["search"] = None if text is None else f"{fold(text)}\x1fx"
            connection.execute(sa.insert(tables.module_record), row)
    schema.upgrade(url)
    table = tables.module_record
    with schema.engine(url).connect() as connection:
        found = connection.execute(sa.select(table.c.search).order_by(table.c.id)).scalars().all()
        assert found == ["petric \x1fx", "strase\x1fx", "e\u0301 e\x1fx", "plain\x1fx", None]
    store = SqlStore(url)
    for text, tenant_id, ids in (("petric ", 2, [1]), ("strase", 1, [2]), ("strasse", 1, []), ("\u0301 é", 2, [3])):
        assert store.reading(tenant_id).module_record_ids(5, text, (), Window()) == ids, text
    store.close()


def test_upgrading_again_changes_nothing(url: str) -> None:
    schema.upgrade(url)
    with World(Path(), url=url) as world:
        world.write(lambda desk: desk.create(Create(Activity, {"title": "kept"})))
        schema.upgrade(url)
        assert world.desk().count(Activity) == 1


@pytest.mark.slow
def test_every_version_can_be_reached_one_by_one(url: str) -> None:
    script = ScriptDirectory.from_config(schema._config())
    for revision in reversed(list(script.walk_revisions())):
        schema.upgrade(url, revision.revision)
    assert revision.revision == schema.newest()


def test_a_database_without_schema_says_what_to_do(url: str) -> None:
    store = SqlStore(url)
    with pytest.raises(Unavailable, match="crmglot db upgrade"):
        store.check()
    store.close()


NOT_DONE = Compare("state", Op.NE, "completed")
LISTS = {
    "activity_open_by_sequence": Query(NOT_DONE, (Sort("sequence"),), Window(0, 50)),
    "activity_in_due_order": Query(all_of(eq("type", "task"), NOT_DONE), (Sort("due_at"),), Window(0, 50)),
    "activity_in_due_order ": Query(
        all_of(eq("type", "task"), NOT_DONE, one_of("state", ("open", "in_progress"))),
        (Sort("due_at"),),
        Window(0, 50),
    ),
    "activity_by_type_and_due": Query(eq("type", "task"), (Sort("due_at"),), Window(0, 50)),
    "activity_in_due_order  ": Query(
        all_of(eq("type", "task"), NOT_DONE, eq("extras.one.word", "x")), (Sort("due_at"),), Window(0, 50)
    ),
    "activity_by_title": Query(eq("type", "task"), (Sort("title"),), Window(0, 50)),
}


@pytest.mark.parametrize("index", LISTS)
def test_lists_are_read_in_the_order_of_an_index(tmp_path: Path, index: str) -> None:
    with World(tmp_path) as world:
        viewer = Viewer(1, admin=True, namespace="one")
        asks = bool(world.store.statements.veils(Activity, LISTS[index], viewer))
        assert asks == (index == "activity_by_title")
        for masked in (True, False):
            sql, values = world.store.statements.keys(Activity, LISTS[index], viewer, masked=masked)
            bound = {f"p{at}": value for at, value in enumerate(values)}
            bound |= {"tenant_id": 1, "me": 1, "card": 1, "limit": 50, "offset": 0}
            plan = [row[3] for row in world.store.backend.reader().execute(f"EXPLAIN QUERY PLAN {sql}", bound)]
            assert any(f"INDEX {index.strip()} " in step for step in plan), plan
            # Where texts are masked the first of both sorts of records are merged; nothing else is sorted.
            assert ("USE TEMP B-TREE FOR ORDER BY" in plan) == (asks and masked), plan
