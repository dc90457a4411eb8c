"""When `/readyz` says that it is not ready, and why: never ready while reads fail; and what is started anew."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapter.jobs import beat
from adapter.jobs.beat import Beat, beat_file, watcher
from adapter.jobs.queue import open_queue
from adapter.jobs.worker import AttachedWorker
from adapter.logs import Log
from adapter.settings import Settings
from canonical.errors import Unavailable
from canonical.model import Activity
from canonical.operations import Create
from canonical.query import Query, contains
from canonical.store.sql import copies, damage
from tests.support.redis import redis_server
from tests.support.shipped import BASIC, Shipped, prepare, shipped
from tests.support.world import World


def ready(world: World) -> int:
    answer = world.wsgi().answer({"REQUEST_METHOD": "GET", "RAW_URI": "/readyz", "HTTP_HOST": "localhost"})
    assert answer is not None
    return answer.status


def reason(world: World) -> str:
    (line,) = [line for line in world.lines if line["message"] == "not ready"]
    return str(line["reason"])


def spoil(database: Path, table: str) -> None:
    """Overwrites all pages of a table, where nothing is in a cache or in the log."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pages = [row[0] for row in connection.execute("SELECT pageno FROM dbstat WHERE name = ?", (table,))]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    with database.open("r+b") as opened:
        for page in pages:
            opened.seek((page - 1) * size)
            opened.write(b"\xa5" * size)


def fill(world: World, count: int = 300) -> None:
    text = "x" * 900
    world.write(
        lambda desk: [desk.create(Create(Activity, {"title": f"needle {at}", "body": text})) for at in range(count)]
    )


class TestDatabase:
    @pytest.fixture
    def world(self, tmp_path: Path) -> Any:
        with World(tmp_path) as made:
            fill(made)
            yield made

    def test_h10_ready(self, world: World) -> None:
        assert ready(world) == 200

    def test_h10_reads_that_fail_on_a_malformed_file(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spoil(tmp_path / "world.db", "activity")
        for _ in range(3):
            with pytest.raises(Unavailable, match="malformed"):
                world.desk().find(Activity, Query(contains("body", "zz")))
        assert ready(world) == 503
        assert "malformed" in reason(world)
        # Another process that has read nothing knows it too, and so does one that starts now.
        world.lines.clear()
        other_process = World(tmp_path, url=world.url, made=True)
        with other_process:
            assert ready(other_process) == 503
            assert "world.db is damaged" in reason(other_process)
        # However long nobody reads: the file stays what it is.
        monkeypatch.setattr(damage, "PAUSE", 0.0)
        monkeypatch.setattr(damage, "QUIET", 0.0)
        assert ready(world) == 503

    def test_h10_well_again_with_another_file(self, world: World, tmp_path: Path) -> None:
        database = tmp_path / "world.db"
        copies.backup(database, None, tmp_path / "kept.db")
        spoil(database, "activity")
        with pytest.raises(Unavailable, match="malformed"):
            world.desk().find(Activity, Query(contains("body", "zz")))
        assert ready(world) == 503
        for ending in ("-wal", "-shm"):
            Path(f"{database}{ending}").unlink(missing_ok=True)
        os.replace(tmp_path / "kept.db", database)
        assert [ready(world) for _ in range(3)][1:] == [200, 200]
        assert not Path(f"{database}.damaged").exists()

    def test_h10_well_again_when_the_same_file_is(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
        world.store.backend.damage.note(error)  # type: ignore[union-attr]
        assert ready(world) == 503
        monkeypatch.setattr(damage, "PAUSE", 0.0)
        # It is sound, but who knows what the next read meets.
        assert ready(world) == 503
        monkeypatch.setattr(damage, "QUIET", 0.0)
        assert ready(world) == 200

    @pytest.mark.parametrize(
        "error", [sqlite3.OperationalError("database is locked"), sqlite3.OperationalError("no such column: x")]
    )
    def test_what_is_no_damage(self, world: World, error: sqlite3.Error) -> None:
        world.store.backend.damage.note(error)  # type: ignore[union-attr]
        assert ready(world) == 200

    def test_h10_a_file_that_was_overwritten(self, world: World, tmp_path: Path) -> None:
        """No read has failed yet: what is asked is read from the file, not from what a connection remembers."""
        assert ready(world) == 200
        (tmp_path / "world.db-wal").write_bytes(b"")
        (tmp_path / "world.db").write_bytes(b"no database" * 10_000)
        assert ready(world) == 503

    def test_h10_a_file_of_another_schema(self, world: World) -> None:
        world.store.write(0, lambda unit: unit._connection.execute("UPDATE alembic_version SET version_num = '0001'"))
        assert ready(world) == 503
        assert "not the newest" in reason(world)

    def test_h10_a_file_that_is_away(self, world: World, tmp_path: Path) -> None:
        (tmp_path / "world.db").rename(tmp_path / "elsewhere.db")
        assert ready(world) == 503
        (tmp_path / "elsewhere.db").rename(tmp_path / "world.db")
        assert [ready(world) for _ in range(2)][-1] == 200

    def test_h10_what_nobody_thought_of(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken() -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(world.store, "check_ready", broken)
        assert ready(world) == 503
        assert world.lines[-1]["error"] == "ZeroDivisionError"


class TestWorkers:
    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        return Settings(database_url=f"sqlite:///{tmp_path}/crm.db")

    def test_h10_a_worker_that_is_expected_has_some_seconds_to_come(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        check = watcher(settings, expected=True)
        check()
        monkeypatch.setattr(beat, "STALE", -1.0)
        with pytest.raises(Unavailable, match="no worker sweeps"):
            check()

    def test_h10_a_worker_that_stops_sweeping(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = time.time()
        monkeypatch.setattr(beat.time, "time", lambda: clock)
        check = watcher(settings, expected=True)
        Beat(settings).give(None)
        clock += 100
        with pytest.raises(Unavailable, match="no worker sweeps"):
            check()
        os.utime(beat_file(settings), (clock, clock))
        check()

    def test_a_worker_that_nobody_expects_and_nobody_started(self, settings: Settings) -> None:
        watcher(settings, expected=False)()

    def test_a_worker_that_was_stopped_is_not_missed(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        check = watcher(settings, expected=False)
        given = Beat(settings)
        given.give(None)
        monkeypatch.setattr(beat, "STALE", -1.0)
        with pytest.raises(Unavailable, match="no worker sweeps"):
            check()
        given.end(None)
        check()

    def test_over_redis(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with redis_server(tmp_path) as server:
            settings = Settings(queue_url=f"redis://127.0.0.1:{server.port}/0")
            check = watcher(settings, expected=False)
            check()
            queue = open_queue(settings)
            given = Beat(settings)
            given.give(queue)
            check()
            monkeypatch.setattr(beat, "STALE", -1.0)
            with pytest.raises(Unavailable, match="no worker sweeps"):
                check()
            given.end(queue)
            check()
            given.give(queue)
        # Workers go on without it.
        check()


@pytest.mark.slow
def test_the_supervisor_is_started_anew_with_growing_pauses() -> None:
    started: list[subprocess.Popen[bytes]] = []
    lines: list[dict[str, Any]] = []

    def start() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
        return started[-1]

    def wait_for(what: Callable[[], bool]) -> None:
        end = time.monotonic() + 20
        while not what():
            assert time.monotonic() < end
            attached.look()
            time.sleep(0.05)

    attached = AttachedWorker(Log(lambda line: lines.append(json.loads(line))), start)
    try:
        attached.look()
        assert len(started) == 1
        for number in (2, 3):
            begun = time.monotonic()
            started[-1].kill()
            started[-1].wait()
            wait_for(lambda number=number: len(started) == number)  # type: ignore[misc]
            assert time.monotonic() - begun < 5
        assert [line["message"] for line in lines] == ["the job supervisor ended"] * 2
    finally:
        attached.close()
        for process in started:
            process.wait(10)


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def supervisor(served: Shipped) -> int:
    for child in children(served.server.process.pid):
        if b"supervisor.py" in Path(f"/proc/{child}/cmdline").read_bytes():
            return child
    return 0


def until(what: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.slow
def test_h10_a_killed_supervisor_comes_back_and_a_worker_that_hangs_is_told_of(tmp_path: Path) -> None:
    with shipped(prepare(tmp_path)) as served:
        assert served.ask("GET /readyz").status == 200
        first = supervisor(served)
        until(lambda: bool(children(first)))
        os.kill(first, signal.SIGKILL)
        until(lambda: supervisor(served) not in (0, first))
        assert "the job supervisor ended" in served.server.logs
        second = supervisor(served)
        until(lambda: (tmp_path / "world.db.queue.beat").exists() and bool(children(second)))
        assert served.ask("GET /readyz").status == 200
        (worker,) = children(second)
        os.kill(worker, signal.SIGSTOP)
        until(lambda: served.ask("GET /readyz").status == 503)
        assert '"reason":"no worker sweeps: jobs wait"' in served.server.logs
        os.kill(worker, signal.SIGCONT)
        until(lambda: served.ask("GET /readyz").status == 200)


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "3"])
def test_h10_never_ready_while_reads_fail(tmp_path: Path, workers: str) -> None:
    database = prepare(tmp_path)
    with World(tmp_path / "world", url=f"sqlite:///{database}", made=True) as world:
        fill(world)
    shutil.copyfile(database, tmp_path / "good.db")
    with shipped(database, "--workers", workers) as served:
        assert served.ask("GET /capsule/api/tasks", BASIC).status == 200
        spoil(database, "activity")
        until(lambda: served.ask("GET /capsule/api/tasks?category=x", BASIC).status != 200)
        for _ in range(10):
            assert served.ask("GET /readyz").status == 503
        assert served.ask("GET /healthz").status == 200
        for ending in ("-wal", "-shm"):
            Path(f"{database}{ending}").unlink(missing_ok=True)
        os.replace(tmp_path / "good.db", database)
        until(lambda: [served.ask("GET /readyz").status for _ in range(9)] == [200] * 9)
        assert served.ask("GET /capsule/api/tasks", BASIC).status == 200
