"""Snapshots of a database in memory, put back while others read."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from canonical.errors import Unsupported
from canonical.model import Activity
from canonical.operations import Create
from canonical.query import Query, contains
from tests.support.world import World, over_postgres


def count(world: World) -> int:
    return world.desk().count(Activity)


def add(world: World, title: str) -> int:
    return world.write(lambda desk: desk.create(Create(Activity, {"type": "task", "title": title}))).id


def test_everything_comes_back(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        first = add(world, "Ring Zoë")
        taken = world.core.snapshot(2**30)
        second = add(world, "Write to Zoë")
        world.add_user("bob")
        assert count(world) == 2
        world.core.restore(taken)
        assert count(world) == 1
        assert world.core.accounts.by_token("api", "bob-token", world.time()) is None
        # Ids go on from where they were, and the index of texts is of that moment too.
        assert add(world, "Write to Zoë") == second == first + 1
        found = world.desk().find(Activity, Query(contains("title", "write to")))
        assert [record.id for record in found.items] == [second]


def test_other_threads_see_it_at_once(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        taken = world.core.snapshot(2**30)
        seen: list[int] = []
        steps = [threading.Event() for _ in range(3)]

        def read() -> None:
            seen.append(count(world))
            steps[0].set()
            steps[1].wait(10)
            seen.append(count(world))

        add(world, "Ring")
        reader = threading.Thread(target=read)
        reader.start()
        steps[0].wait(10)
        world.core.restore(taken)
        steps[1].set()
        reader.join(10)
        assert seen == [1, 0]
        assert world.store.backend.execute(world.store.backend.reader(), "PRAGMA journal_mode", {}).fetchone() == (
            "wal",
        )


def test_a_large_database(tmp_path: Path) -> None:
    with World(tmp_path) as world, pytest.raises(Unsupported, match="has more than 0 MB"):
        world.core.snapshot(4096)


def test_postgresql_says_no(tmp_path: Path) -> None:
    with over_postgres(tmp_path) as world, pytest.raises(Unsupported, match="only an SQLite database"):
        world.core.snapshot(2**30)
