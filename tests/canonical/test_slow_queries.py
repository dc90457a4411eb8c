"""What a million tasks made slow is found by an index: see the plans, which do not depend on how many there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from canonical.model import Activity
from canonical.operations import Create
from canonical.query import Compare, Node, Not, Op, Query, Sort, Window, all_of, eq, starts_with
from tests.support.world import World

TASKS = eq("type", "task")
OPEN = Compare("state", Op.NE, "completed")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as world:
        yield world


def plan_of(world: World, where: Node, *sort: Sort) -> str:
    """How SQLite finds the ids of a page: every step of its plan."""
    backend = world.store.backend
    asked: list[tuple[str, Mapping[str, Any]]] = []
    execute = backend.execute

    def noted(connection: Any, statement: str, params: Mapping[str, Any]) -> Any:
        asked.append((statement, params))
        return execute(connection, statement, params)

    backend.execute = noted  # type: ignore[method-assign]
    try:
        world.desk().find(Activity, Query(where, sort, Window(0, 50)))
    finally:
        backend.execute = execute  # type: ignore[method-assign]
    statement, params = next(one for one in asked if "activity" in one[0] and "LIMIT" in one[0])
    rows = backend.reader().execute(f"EXPLAIN QUERY PLAN {statement}", params).fetchall()
    return "; ".join(row[3] for row in rows)


@pytest.mark.parametrize("descending", [False, True])
def test_the_order_of_the_last_change_is_an_index(world: World, descending: bool) -> None:
    plan = plan_of(world, TASKS, Sort("updated_at", descending))
    assert "activity_by_updated" in plan
    # Ties are broken by id, ascending.
    assert ("TEMP B-TREE FOR ORDER BY" in plan) is False


def test_open_tasks_of_another_category_are_passed_over_in_the_index(world: World) -> None:
    plan = plan_of(world, all_of(TASKS, OPEN, eq("category", "nosuch")), Sort("due_at"))
    assert "INDEX activity_in_due_order" in plan
    columns = world.store.backend.reader().execute("PRAGMA index_info(activity_in_due_order)").fetchall()
    assert "category" in {column[2] for column in columns}


def test_a_text_that_begins_with_something_is_found_by_its_substrings(world: World) -> None:
    plan = plan_of(world, all_of(TASKS, starts_with("body", "zzqqxx")))
    assert "activity_search" in plan
    # Below a Not a missing text must stay unknown, and two characters are in no such index.
    assert "activity_search" not in plan_of(world, all_of(TASKS, Not(starts_with("body", "zzqqxx"))))
    assert "activity_search" not in plan_of(world, all_of(TASKS, starts_with("body", "zz")))


def test_a_text_that_begins_with_something_is_the_one_that_does(world: World) -> None:

    for body in ("Éclair au café", "au café éclair", "ECLAIR", "ecl", None, 'ecl"a'):
        world.write(lambda desk, body=body: desk.create(Create(Activity, {"title": "x", "body": body})))
    for wanted, count in (("éclair", 2), ("ecl", 4), ("eclair au", 1), ('ecl"', 1), ("lair", 0)):
        found = world.desk().find(Activity, Query(starts_with("body", wanted))).items
        assert len(found) == count, wanted
