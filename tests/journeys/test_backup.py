"""`crmglot db backup` and `db restore` beside a serving process, and killed at any moment."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from canonical.model import Activity
from canonical.operations import Create
from tests.support.shipped import BASIC, Shipped, prepare, shipped
from tests.support.world import World

pytestmark = pytest.mark.slow

XML = "Content-Type: application/xml"


def command(database: Path, *words: str) -> subprocess.Popen[str]:
    env = {**os.environ, "CRMGLOT_DATABASE_URL": f"sqlite:///{database}"}
    line = [sys.executable, "-m", "adapter", *words]
    return subprocess.Popen(line, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def done(database: Path, *words: str, code: int = 0) -> str:
    process = command(database, *words)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code, said
    return said.strip()


def titles(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found = [row[0] for row in connection.execute("SELECT title FROM activity")]
    assert len(found) == len(set(found))
    return set(found)


def create(served: Shipped, title: str) -> bool:
    body = f"<task><description>{title}</description><dueDate>2014-06-04T00:00:00Z</dueDate></task>".encode()
    return served.ask("POST /capsule/api/task", BASIC, XML, body=body).status == 201


@pytest.mark.parametrize("workers", ["1", "2"])
def test_h5_backups_and_kills_while_clients_write(tmp_path: Path, workers: str) -> None:
    database, file = prepare(tmp_path), tmp_path / "kept.db"
    acknowledged: list[str] = []
    stop = threading.Event()

    def write(served: Shipped, name: str) -> None:
        at = 0
        while not stop.is_set():
            title = f"{name}{at}"
            if create(served, title):
                acknowledged.append(title)
            at += 1

    with shipped(database, "--workers", workers) as served:
        writers = [threading.Thread(target=write, args=(served, name)) for name in "abcd"]
        for writer in writers:
            writer.start()
        try:
            for number in range(7):
                before = set(acknowledged)
                process = command(database, "db", "backup", str(file))
                if number % 3:
                    # Killed at any moment from its start to after its end.
                    time.sleep(0.3 + 0.2 * number)
                    process.send_signal(signal.SIGKILL)
                    process.communicate()
                    if file.exists():
                        titles(file)
                else:
                    _, said = process.communicate(timeout=60)
                    assert process.returncode == 0, said
                    assert before <= titles(file)
            assert "stop it first" in done(database, "db", "restore", str(file), code=1)
        finally:
            stop.set()
            for writer in writers:
                writer.join()
        # Nobody noticed.
        assert {line["status"] for line in served.lines()} == {201}
        done(database, "db", "backup", str(file))
        assert create(served, "after the backup")
    assert set(acknowledged) <= titles(file)
    assert "after the backup" in titles(database)
    done(database, "db", "restore", str(file))
    assert titles(database) == titles(file)
    with shipped(database, "--workers", workers) as served:
        assert served.ask("GET /readyz").status == 200
        assert create(served, "after the restore")


def test_h5_a_killed_restore_leaves_the_old_database_or_the_new(tmp_path: Path) -> None:
    database, file = prepare(tmp_path), tmp_path / "kept.db"
    with World(tmp_path / "world", url=f"sqlite:///{database}", made=True) as world:
        world.write(lambda desk: [desk.create(Create(Activity, {"title": f"kept {at}"})) for at in range(3000)])
        done(database, "db", "backup", str(file))
        world.write(lambda desk: desk.create(Create(Activity, {"title": "later"})))
        for ending in ("", "-wal"):
            shutil.copyfile(f"{database}{ending}", tmp_path / f"killed{ending}")
    new, old = titles(file), titles(file) | {"later"}
    found = []
    for number in range(10):
        for ending in ("", "-wal"):
            shutil.copyfile(tmp_path / f"killed{ending}", f"{database}{ending}")
        process = command(database, "db", "restore", str(file))
        time.sleep(0.2 + 0.07 * number)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        found.append(titles(database))
        assert found[-1] in (old, new)
        assert titles(file) == new
    assert found[0] == old
    done(database, "db", "restore", str(file))
    assert titles(database) == new
    assert not {path.name for path in tmp_path.iterdir() if path.name.startswith("world.db-")}
