"""Units of work: concurrent writers, all or nothing, what happens when the store cannot write."""

from __future__ import annotations

import fcntl
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from canonical.errors import Conflict, NotFound, Unavailable
from canonical.model import Activity, Party, Viewer
from canonical.operations import Create, Update
from canonical.query import Query
from canonical.store.sql.store import SqlStore
from canonical.store.sql.unit import SqlUnit
from tests.support.world import NOON, World, over_postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: Any, tmp_path: Path) -> Iterator[World]:
    with over_postgres(tmp_path) if request.param == "postgresql" else World(tmp_path) as made:
        yield made


def together(*works: Callable[[], Any]) -> list[BaseException]:
    """Runs all at once; what they raised."""
    start = threading.Barrier(len(works))
    raised: list[BaseException] = []

    def run(work: Callable[[], Any]) -> None:
        start.wait()
        try:
            work()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_two_writers_of_different_fields_both_win(world: World) -> None:
    task = world.write(lambda desk: desk.create(Create(Activity, {"title": "a"})))
    for round_ in range(20):
        titles = Update(Activity, task.id, {"title": f"title {round_}"}, {"one": {"n": round_}})
        bodies = Update(Activity, task.id, {"body": f"body {round_}"}, {"two": {"n": round_}})
        raised = together(
            lambda op=titles: world.write(lambda desk: desk.update(op)),
            lambda op=bodies: world.write(lambda desk: desk.update(op)),
        )
        assert raised == []
        after = world.desk().get(Activity, task.id)
        assert (after.title, after.body) == (f"title {round_}", f"body {round_}")
        assert after.extras == {"one": {"n": round_}, "two": {"n": round_}}


def test_of_two_writers_of_one_field_the_later_wins_and_nothing_else_is_overwritten(world: World) -> None:
    task = world.write(lambda desk: desk.create(Create(Activity, {"title": "a", "body": "kept"})))
    works = [
        lambda n=n: world.write(lambda desk: desk.update(Update(Activity, task.id, {"title": f"title {n}"})))
        for n in range(6)
    ]
    assert together(*works) == []
    after = world.desk().get(Activity, task.id)
    assert after.title in {f"title {n}" for n in range(6)}
    assert (after.body, after.version) == ("kept", 7)


def test_a_stale_version_is_a_conflict(world: World) -> None:
    task = world.write(lambda desk: desk.create(Create(Activity, {})))
    world.write(lambda desk: desk.update(Update(Activity, task.id, {"title": "b"})))
    with pytest.raises(Conflict):
        world.write(lambda desk: desk.unit.update_record(Activity, task.id, 1, {"title": "c"}))
    assert world.desk().get(Activity, task.id).title == "b"


def test_sequence_numbers_are_without_gap_under_concurrency(world: World) -> None:
    def fail(desk: Any) -> None:
        desk.create(Create(Activity, {"title": "not kept"}))
        raise NotFound("nothing", 0)

    works: list[Callable[[], Any]] = []
    for n in range(12):
        works.append(
            lambda n=n: [world.write(lambda desk: desk.create(Create(Activity, {"title": str(n)}))) for _ in range(5)]
        )
        works.append(lambda: world.write(fail))
    raised = together(*works)
    assert [type(error) for error in raised] == [NotFound] * 12
    records = world.desk().find(Activity).items
    assert sorted(record.sequence for record in records) == list(range(1, 61))
    assert len({record.id for record in records}) == 60


def test_a_failed_unit_keeps_nothing(world: World) -> None:
    def work(desk: Any) -> None:
        desk.create(Create(Party, {"first_name": "A"}, tags=("x",)))
        raise KeyError("planned")

    before = world.desk().count(Party)
    with pytest.raises(KeyError):
        world.write(work)
    assert world.desk().count(Party) == before
    assert world.desk().find_tags() == []


def test_a_write_inside_a_write_is_the_same_unit(world: World) -> None:
    def work(desk: Any) -> None:
        world.write(lambda inner: inner.create(Create(Activity, {"title": "inner"})))
        assert world.desk().count(Activity) == 1
        raise KeyError("planned")

    with pytest.raises(KeyError):
        world.write(work)
    assert world.desk().count(Activity) == 0


def test_waiting_writers_share_a_transaction_and_a_failed_one_takes_none_along(tmp_path: Path) -> None:
    with World(tmp_path) as world:

        def boom(desk: Any) -> None:
            desk.create(Create(Activity, {"title": "lost"}))
            raise ValueError("planned")

        works = [lambda: world.write(lambda desk: desk.create(Create(Activity, {"title": "kept"}))) for _ in range(30)]
        raised = together(*works, lambda: world.write(boom))
        assert [type(error) for error in raised] == [ValueError]
        assert {record.title for record in world.desk().find(Activity).items} == {"kept"}
        assert world.desk().count(Activity) == 30


def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.write(lambda desk: desk.create(Create(Activity, {"title": "before"})))

        def limit(unit: SqlUnit) -> None:
            pages = unit._connection.execute("PRAGMA page_count").fetchone()[0]
            unit._connection.execute(f"PRAGMA max_page_count={pages + 2}")

        world.store.write(0, limit)
        acknowledged = [1]

        def fill() -> None:
            for _ in range(200):
                world.write(lambda desk: desk.create(Create(Activity, {"title": "x" * 5000, "body": "y" * 20000})))
                acknowledged[0] += 1

        with pytest.raises(Unavailable, match="full"):
            fill()
        assert world.desk().count(Activity) == acknowledged[0]
        world.store.write(0, lambda unit: unit._connection.execute("PRAGMA max_page_count=1000000"))
        world.write(lambda desk: desk.create(Create(Activity, {"title": "after"})))
        assert world.desk().count(Activity) == acknowledged[0] + 1


def test_what_would_be_written_to_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "world.db"

    def moved(to: Path) -> None:
        for path in tmp_path.glob("world.db*"):
            path.rename(to / path.name)

    with World(tmp_path) as world:
        world.write(lambda desk: desk.create(Create(Activity, {"title": "before"})))
        aside = tmp_path / "aside"
        aside.mkdir()
        moved(aside)
        # Threads that have no connection yet find it out, and the others with them.
        (error,) = together(world.desk)
        assert "removed or replaced" in str(error)
        for _ in range(2):
            with pytest.raises(Unavailable, match="removed or replaced"):
                world.write(lambda desk: desk.create(Create(Activity, {"title": "lost"})))
            with pytest.raises(Unavailable, match="removed or replaced"):
                world.store.check()
            with pytest.raises(Unavailable, match="removed or replaced"):
                world.desk()
        assert not file.exists()
        for path in aside.iterdir():
            path.rename(tmp_path / path.name)
        world.write(lambda desk: desk.create(Create(Activity, {"title": "after"})))
        world.store.check()
        assert {found.title for found in world.desk().find(Activity).items} == {"before", "after"}


def test_a_file_put_in_place_of_another_is_read_and_written(tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    backup.mkdir()
    with World(backup) as world:
        world.write(lambda desk: desk.create(Create(Activity, {"title": "of the backup"})))
    with World(tmp_path) as world:
        world.write(lambda desk: desk.create(Create(Activity, {"title": "lost"})))
        assert world.desk().count(Activity) == 1
        for path in tmp_path.glob("world.db*"):
            path.unlink()
        (backup / "world.db").rename(tmp_path / "world.db")
        with pytest.raises(Unavailable, match="removed or replaced"):
            world.write(lambda desk: desk.create(Create(Activity, {"title": "not known to whom"})))
        world.write(lambda desk: desk.create(Create(Activity, {"title": "after"})))
        assert {found.title for found in world.desk().find(Activity).items} == {"of the backup", "after"}


def test_a_writer_that_never_lets_go_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.write(lambda desk: desk.create(Create(Activity, {"title": "before"})))
        assert world.store._writer is not None
        world.store._writer._patience = 0.2
        with (tmp_path / "world.db.lock").open("rb") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            works = [
                lambda: world.write(lambda desk: desk.create(Create(Activity, {"title": "no"}))) for _ in range(4)
            ]
            raised = together(*works)
            assert [type(error) for error in raised] == [Unavailable] * 4
            assert world.desk().count(Activity) == 1
        world.store._writer._patience = 30
        world.write(lambda desk: desk.create(Create(Activity, {"title": "after"})))
        # What was refused is not written later.
        assert {found.title for found in world.desk().find(Activity).items} == {"before", "after"}


@pytest.mark.slow
def test_a_server_that_was_away_costs_no_request_after_it_is_back(tmp_path: Path) -> None:
    with over_postgres(tmp_path) as world:
        world.write(lambda desk: desk.create(Create(Activity, {"title": "before"})))
        with psycopg.connect(world.url, autocommit=True) as other:
            ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            other.execute(f"{ended} AND pid <> pg_backend_pid()")  # type: ignore[arg-type]
        time.sleep(0.2)
        assert world.desk().count(Activity) == 1
        world.write(lambda desk: desk.create(Create(Activity, {"title": "after"})))
        assert world.desk().count(Activity) == 2
        assert len(world.store.backend._open) == 1  # type: ignore[attr-defined]


def test_a_locked_database_is_unavailable_not_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("canonical.store.sql.backend.BUSY_SECONDS", 0.05)
    with World(tmp_path) as world:
        holder = sqlite3.connect(tmp_path / "world.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked"):
            world.write(lambda desk: desk.create(Create(Activity, {})))
        holder.execute("ROLLBACK")
        holder.close()
        assert world.write(lambda desk: desk.create(Create(Activity, {}))).sequence == 1


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        principal = world.principal()
    with pytest.raises(Unavailable, match="closed"):
        world.core.write(principal, "test", NOON, lambda desk: None)


def test_a_store_that_cannot_be_reached_is_unavailable() -> None:
    store = SqlStore("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable):
        store.reading(1).count(Activity, Query(), Viewer(1, admin=True))


def test_totals_are_counted_anew_after_every_commit(world: World) -> None:
    for expected in (1, 2, 3):
        world.write(lambda desk: desk.create(Create(Activity, {})))
        assert world.desk().find(Activity, total=True).total == expected
        assert world.desk().find(Activity, total=True).total == expected
