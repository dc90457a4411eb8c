"""A served database whose processes are all killed while clients of two vendors write to it.

Every write that was acknowledged is there afterwards, whole: each task with its link; nothing is there by half.
"""

from __future__ import annotations

import http.client
import os
import random
import signal
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest

from canonical.model import Party
from canonical.operations import Create
from tests.support.shipped import BASIC, Shipped, shipped, told
from tests.support.world import World

pytestmark = pytest.mark.slow

ROUNDS = 3
WRITERS = 3
"""Of each vendor."""


@dataclass
class Written:
    """What the server has said it did: ids of tasks by their titles, ids that it has deleted."""

    tasks: dict[str, int] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    doubtful: set[int] = field(default_factory=set)
    """Ids whose deletion was asked for and not answered."""
    failures: list[str] = field(default_factory=list)


def test_every_acknowledged_write_survives(tmp_path: Path) -> None:
    database = tmp_path / "world.db"
    with World(tmp_path, now=None) as world:
        person = world.write(lambda desk: desk.create(Create(Party, {"first_name": "Zoë", "last_name": "Lund"}))).id
    written = Written()
    dice = random.Random(9)
    for number in range(ROUNDS):
        with shipped(database, "--workers", "2") as served:
            confirm(served, written, person)
            before = len(written.tasks)
            hammer(served, written, person, number, dice.uniform(0.3, 1.5))
            assert len(written.tasks) > before + 10, "the writers wrote nothing to speak of"
        inspect(database, written)
    with shipped(database) as served:
        confirm(served, written, person)
        # And it goes on as if nothing had been.
        hammer_once(served, written, person)
    inspect(database, written)
    assert written.failures == []


def hammer(served: Shipped, written: Written, person: int, number: int, seconds: float) -> None:
    """Writers of both vendors until the whole process group is killed at a moment nobody chose."""
    session = dict(line.split(": ") for line in served.log_in())
    address = (served.server.host, served.server.port)
    stop = threading.Event()
    writers: list[Writer] = [Dropper(address, person, "")]
    for at in range(WRITERS):
        writers.append(ZurmoWriter(address, session, person, f"zurmo {number}.{at}"))
        writers.append(CapsuleWriter(address, person, f"capsule {number}.{at}"))
    threads = [threading.Thread(target=repeat, args=(writer, written, stop)) for writer in writers]
    for thread in threads:
        thread.start()
    end = time.monotonic() + 8
    while len(written.tasks) < 20 * (number + 1) and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(seconds)
    os.killpg(served.server.process.pid, signal.SIGKILL)
    stop.set()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    served.server.process.wait(10)


def repeat(writer: Writer, written: Written, stop: threading.Event) -> None:
    """Until the server is gone: a connection that breaks ends it, an answer that is no success is remembered."""
    with closing(writer.connection):
        while not stop.is_set():
            try:
                writer.create(written)
            except (OSError, http.client.HTTPException):
                return
            except Exception as error:
                written.failures.append(f"{type(error).__name__}: {error}")
                return


class Writer:
    def __init__(self, address: tuple[str, int], person: int, name: str) -> None:
        self.connection = http.client.HTTPConnection(*address, timeout=15)
        self.person = person
        self.name = name
        self.count = 0

    def send(self, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, str, bytes]:
        """Status, Location, body."""
        self.connection.request(method, target, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.headers.get("Location", ""), answer.read()

    def create(self, written: Written) -> None:
        """Writes once, and notes what was acknowledged."""
        raise AssertionError("each vendor's own")

    def title(self) -> str:
        self.count += 1
        return f"{self.name}.{self.count}"


class ZurmoWriter(Writer):
    def __init__(self, address: tuple[str, int], session: dict[str, str], person: int, name: str) -> None:
        super().__init__(address, person, name)
        form = "application/x-www-form-urlencoded"
        self.headers = {
            **session,
            "Accept": "application/json",
            "ZURMO_API_REQUEST_TYPE": "REST",
            "Content-Type": form,
        }

    def create(self, written: Written) -> None:
        title = self.title()
        link = "data[modelRelations][activityItems][0]"
        body = f"data[name]={title}&{link}[action]=add&{link}[modelId]={self.person}&{link}[modelClassName]=Contact"
        status, _, answer = self.send(
            "POST", "/zurmo/app/index.php/tasks/task/api/create/", self.headers, body.encode()
        )
        assert (status, answer[:19]) == (200, b'{"status":"SUCCESS"'), answer
        written.tasks[title] = int(answer.partition(b'"id":')[2].partition(b",")[0])


class CapsuleWriter(Writer):
    headers: ClassVar = {"Authorization": BASIC.partition(": ")[2], "Content-Type": "application/xml"}

    def create(self, written: Written) -> None:
        title = self.title()
        body = f"<task><description>{title}</description><dueDate>2014-06-04</dueDate></task>".encode()
        status, location, answer = self.send("POST", f"/capsule/api/party/{self.person}/task", self.headers, body)
        assert status == 201, answer
        written.tasks[title] = int(location.rpartition("/")[2])


class Dropper(CapsuleWriter):
    """Deletes one of the tasks that are known to be there."""

    def create(self, written: Written) -> None:
        time.sleep(0.02)
        known = [id for id in list(written.tasks.values()) if id not in written.deleted | written.doubtful]
        if not known:
            return
        id = random.choice(known)
        written.doubtful.add(id)
        status, _, answer = self.send("DELETE", f"/capsule/api/task/{id}", self.headers)
        assert status == 200, answer
        written.deleted.add(id)
        written.doubtful.discard(id)


def confirm(served: Shipped, written: Written, person: int) -> None:
    """Through the server that has just started: each acknowledged task with its link, none that was deleted."""
    with served.connect() as connection:
        for title, id in written.tasks.items():
            if id in written.doubtful:
                continue
            connection.send(served.message(f"GET /capsule/api/task/{id} HTTP/1.1", BASIC, "Accept: application/json"))
            answer = connection.read_response()
            if id in written.deleted:
                assert answer.status == 404, title
                continue
            assert answer.status == 200, title
            task = told(answer)["task"]
            assert (task["description"], task["partyId"], task["partyName"]) == (title, str(person), "Zoë Lund")


def hammer_once(served: Shipped, written: Written, person: int) -> None:
    address = (served.server.host, served.server.port)
    session = dict(line.split(": ") for line in served.log_in())
    for writer in (
        ZurmoWriter(address, session, person, "last zurmo"),
        CapsuleWriter(address, person, "last capsule"),
    ):
        with closing(writer.connection):
            writer.create(written)


def inspect(database: Path, written: Written) -> None:
    """The file itself: sound, nothing by half, numbers without gaps."""
    with sqlite3.connect(database) as connection:

        def column(sql: str) -> list[object]:
            return [row[0] for row in connection.execute(sql).fetchall()]

        assert column("PRAGMA integrity_check") == ["ok"]
        tasks = column("SELECT id FROM activity")
        assert len(tasks) == len(set(tasks))
        # Each task has its one link, each link its task.
        assert sorted(column("SELECT record_id FROM link WHERE record_kind = 'activity'")) == sorted(tasks)  # type: ignore[type-var]
        # Each was logged as created, and what is gone as deleted.
        created = column("SELECT record_id FROM change WHERE record_kind = 'activity' AND action = 'create'")
        deleted = column("SELECT record_id FROM change WHERE record_kind = 'activity' AND action = 'delete'")
        assert len(created) == len(set(created))
        assert set(created) - set(deleted) == set(tasks)
        assert written.deleted <= set(deleted) <= written.deleted | written.doubtful
        # Every number was given once, and none was lost.
        top = len(created)
        numbers = column("SELECT sequence FROM activity")
        assert len(numbers) == len(set(numbers))
        assert set(numbers) <= set(range(1, top + 1))
        assert column("SELECT value FROM counter WHERE name = 'activity sequence'") == [top]
        if not deleted:
            assert sorted(numbers) == list(range(1, top + 1))  # type: ignore[type-var]
    connection.close()
