"""Backups and what is put back: whole or not there, whatever stops it and whoever writes meanwhile."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from canonical.errors import Unavailable, WrongSchema
from canonical.model import Activity, Viewer
from canonical.operations import Create
from canonical.query import Query, Sort
from canonical.store.sql import copies, schema
from canonical.store.sql.store import SqlStore
from tests.support.world import World


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "served"
    made.mkdir()
    return made


def make(world: World, *titles: str) -> None:
    for title in titles:
        world.write(lambda desk, title=title: desk.create(Create(Activity, {"title": title})))  # type: ignore[misc]


def titles(file: Path) -> list[str]:
    """What a database holds, once it was found sound."""
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [row[0] for row in connection.execute("SELECT title FROM activity ORDER BY id")]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def damage(file: Path) -> None:
    """Overwrites all pages but the first."""
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.seek(4096)
        opened.write(b"\xa5" * (size - 4096))


def queue_of(folder: Path, word: str) -> Path:
    file = folder / "world.db.queue"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE IF NOT EXISTS task (data TEXT)")
        connection.execute("INSERT INTO task VALUES (?)", (word,))
        connection.commit()
    return file


def test_h5_a_backup_while_serving_has_all_that_is_committed(folder: Path, tmp_path: Path) -> None:
    with World(folder) as world:
        make(world, "one", "two")
        queue = queue_of(folder, "message")
        file = tmp_path / "kept.db"
        copies.backup(folder / "world.db", queue, file)
        make(world, "three")
        assert titles(file) == ["one", "two"]
        with closing(sqlite3.connect(f"{file}.queue")) as connection:
            assert connection.execute("SELECT data FROM task").fetchall() == [("message",)]
        # One file each, its owner's alone, nothing left over.
        assert names(tmp_path) == {"served", "kept.db", "kept.db.queue"}
        assert {stat.S_IMODE(path.stat().st_mode) for path in (file, Path(f"{file}.queue"))} == {0o600}
        # Again over the old one; a queue that is gone is gone from the copy.
        queue.unlink()
        copies.backup(folder / "world.db", queue, file)
        assert titles(file) == ["one", "two", "three"]
        assert names(tmp_path) == {"served", "kept.db"}


def test_h5_nothing_acknowledged_before_a_backup_is_missing_from_it(folder: Path, tmp_path: Path) -> None:
    with World(folder) as world:
        acknowledged: list[str] = []
        stop = threading.Event()

        def write(name: str) -> None:
            at = 0
            while not stop.is_set():
                make(world, f"{name}{at}")
                acknowledged.append(f"{name}{at}")
                at += 1

        writers = [threading.Thread(target=write, args=(name,)) for name in "abc"]
        for writer in writers:
            writer.start()
        try:
            for number in range(8):
                before = list(acknowledged)
                copies.backup(folder / "world.db", None, tmp_path / f"{number}.db")
                found = titles(tmp_path / f"{number}.db")
                assert set(before) <= set(found)
                assert len(found) == len(set(found))
        finally:
            stop.set()
            for writer in writers:
                writer.join()


def test_h5_restored_as_it_was(folder: Path, tmp_path: Path) -> None:
    database, file = folder / "world.db", tmp_path / "kept.db"
    with World(folder) as world:
        make(world, "kept")
        queue = queue_of(folder, "old")
        copies.backup(database, queue, file)
        make(world, "later")
        queue_of(folder, "new")
        url = world.url
    database.chmod(0o640)
    copies.restore(database, queue, file)
    assert not {name for name in names(folder) if name.endswith(("-wal", "-shm", "-journal", ".part"))}
    assert stat.S_IMODE(database.stat().st_mode) == 0o640
    store = SqlStore(url)
    store.check()
    found = store.reading(1).find(Activity, Query(sort=(Sort("id"),)), Viewer(1, admin=True))
    store.close()
    assert [record.title for record in found] == ["kept"]
    with closing(sqlite3.connect(queue)) as connection:
        assert connection.execute("SELECT data FROM task").fetchall() == [("old",)]
    # The copy is there for another time, and a machine that has nothing yet can take it.
    other = tmp_path / "other"
    other.mkdir()
    copies.restore(other / "crm.db", None, file)
    assert titles(other / "crm.db") == ["kept"]


def test_h5_a_restore_is_refused_while_anybody_has_the_database(folder: Path, tmp_path: Path) -> None:
    database, file = folder / "world.db", tmp_path / "kept.db"
    with World(folder) as world:
        make(world, "kept")
        copies.backup(database, None, file)
        make(world, "later")
        with pytest.raises(Unavailable, match="has the database open; stop it first"):
            copies.restore(database, None, file)
        make(world, "last")
    assert titles(database) == ["kept", "later", "last"]


def test_nobody_opens_what_is_being_restored(folder: Path) -> None:
    with World(folder) as world:
        url = world.url
    store = SqlStore(url)
    with copies.alone(folder / "world.db"), pytest.raises(Unavailable, match="is being restored"):
        store.check()
    store.check()
    store.close()


def no_database(file: Path) -> None:
    file.write_bytes(b"no database" * 1000)


def empty(file: Path) -> None:
    file.touch()


def anothers(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE mine (x)")


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def older(file: Path) -> None:
    file.unlink()
    schema.upgrade(f"sqlite:///{file}", "0003")


def newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()


@pytest.mark.parametrize(
    ("spoil", "kind", "said"),
    [
        (no_database, Unavailable, "is no database of crmglot: file is not a database"),
        (empty, Unavailable, "is no database of crmglot"),
        (anothers, Unavailable, "is no database of crmglot"),
        (cut, Unavailable, "malformed|is damaged"),
        (damage, Unavailable, "malformed|is damaged"),
        (older, WrongSchema, "the schema of kept.db is not the newest; run `CRMGLOT_DATABASE_URL=.* upgrade` first"),
        (newer, WrongSchema, "newer than this version"),
        (Path.unlink, Unavailable, "there is no file kept.db"),
    ],
)
def test_h5_what_is_no_copy_of_ours_is_refused_and_the_old_one_left(
    folder: Path, tmp_path: Path, spoil: Callable[[Path], Any], kind: type[Exception], said: str
) -> None:
    database, file = folder / "world.db", tmp_path / "kept.db"
    with World(folder) as world:
        make(world, "kept")
        if spoil not in (empty, anothers):
            copies.backup(database, None, file)
        make(world, "later")
    spoil(file)
    before = names(folder)
    with pytest.raises(kind, match=said):
        copies.restore(database, None, file)
    assert titles(database) == ["kept", "later"]
    assert names(folder) - before <= {"world.db.open"}


def test_a_damaged_database_makes_no_backup_and_leaves_the_old_one(folder: Path, tmp_path: Path) -> None:
    database, file = folder / "world.db", tmp_path / "kept.db"
    with World(folder) as world:
        make(world, "kept")
        copies.backup(database, None, file)
    damage(database)
    with pytest.raises(Unavailable, match=r"malformed|is damaged"):
        copies.backup(database, None, file)
    assert titles(file) == ["kept"]
    assert names(tmp_path) == {"served", "kept.db"}


def test_h5_nothing_of_the_old_database_stays_beside_the_new_one(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old write-ahead log would be taken for the new database's, and damage it."""
    database, file = folder / "world.db", tmp_path / "kept.db"
    with World(folder) as world:
        make(world, "kept")
        copies.backup(database, None, file)
        make(world, "later")
        # As after a kill: the log is still there.
        for ending in ("", "-wal"):
            shutil.copyfile(f"{database}{ending}", tmp_path / f"killed{ending}")
    shutil.copyfile(tmp_path / "killed-wal", f"{database}-wal")
    copies.restore(database, None, file)
    assert titles(database) == ["kept"]
    assert not {name for name in names(folder) if name.endswith(("-wal", "-shm")) or ".old" in name}
    # When the disk does not let the old log be read either, nothing is thrown away.
    opened = copies.opened

    def broken(path: Path) -> Any:
        if path == database:
            raise sqlite3.OperationalError("disk I/O error")
        return opened(path)

    shutil.copyfile(tmp_path / "killed", database)
    shutil.copyfile(tmp_path / "killed-wal", f"{database}-wal")
    monkeypatch.setattr(copies, "opened", broken)
    copies.restore(database, None, file)
    assert titles(database) == ["kept"]
    assert titles(folder / "world.db.old") == ["kept", "later"]
    assert not {"world.db-wal", "world.db-shm"} & names(folder)


@pytest.mark.parametrize("ending", ["", "-wal", "-shm", ".lock", ".open", ".key", ".queue", ".part"])
def test_the_databases_own_names_are_refused(folder: Path, ending: str) -> None:
    database = folder / "world.db"
    with World(folder) as world:
        make(world, "kept")
    file = folder.parent / "served" / f"world.db{ending}"
    for work in (copies.backup, copies.restore):
        with pytest.raises(Unavailable, match="is the database's own"):
            work(database, folder / "world.db.queue", file)
    assert titles(database) == ["kept"]


@pytest.mark.parametrize("work", ["backup", "restore"])
@pytest.mark.slow
def test_stopped_at_any_step_the_target_is_the_old_or_the_new(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    """As kill -9 does: what comes after the step does not happen, not even tidying up."""
    database, file = folder / "world.db", tmp_path / "kept.db"
    with World(folder) as world:
        make(world, "kept")
        copies.backup(database, queue_of(folder, "kept"), file)
        make(world, "later")
        for ending in ("", "-wal"):
            shutil.copyfile(f"{database}{ending}", tmp_path / f"killed{ending}")
    target, old, new = (
        (file, ["kept"], ["kept", "later"]) if work == "backup" else (database, ["kept", "later"], ["kept"])
    )
    pristine = tmp_path / "pristine"
    shutil.copytree(folder, pristine)
    shutil.copyfile(file, tmp_path / "kept.pristine")
    seen = []
    for step in range(200):
        shutil.rmtree(folder)
        shutil.copytree(pristine, folder)
        shutil.copyfile(tmp_path / "killed", database)
        shutil.copyfile(tmp_path / "killed-wal", f"{database}-wal")
        shutil.copyfile(tmp_path / "kept.pristine", file)
        if not stopped_at(step, monkeypatch, lambda: getattr(copies, work)(database, folder / "world.db.queue", file)):
            break
        found = titles(target)
        assert found in (old, new), step
        seen.append(found)
        # The next try is not kept from anything by what was left.
        getattr(copies, work)(database, folder / "world.db.queue", file)
        assert titles(target) == new if work == "backup" else titles(target) in (old, new)
    assert seen[0] == old
    assert len(seen) > 8


class Killed(BaseException):
    """Where the process ended."""


def stopped_at(step: int, monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> bool:
    """Runs `work` up to the step of that number that changes a file; gives whether there was one."""
    count = -1

    def counted(change: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            if count >= step:
                raise Killed
            return change(*args, **kwargs)

        return wrapper

    with monkeypatch.context() as patch:
        for name in ("replace", "link", "fsync", "unlink"):
            patch.setattr(os, name, counted(getattr(os, name)))
        patch.setattr(copies, "copy", counted(copies.copy))
        patch.setattr(copies, "settle", counted(copies.settle))
        try:
            work()
        except Killed:
            return True
    return False
