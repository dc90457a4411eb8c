"""The benchmark is honest: the floor, the obvious app and our dialects answer the same values for the same tasks."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import orjson
import pytest

from bench import client, data, floor, peers, rows, served
from bench.mocks import MOCKS, Missing, Moto, WireMock
from bench.sides import DIALECTS, PAGE, CapsuleSide, CrustSide, FloorSide, ObviousSide, Ours, Plain, Side
from canonical.values import sql_time

COUNT = 300
TASKS = list(rows.tasks(COUNT))


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Side]]:
    """The floor, the obvious app, then our dialects, over new databases."""
    folder = tmp_path_factory.mktemp("bench")
    floor.make(folder / "plain.db", TASKS)
    data.make(folder / "ours.db", TASKS, rows.NOW)
    ours = Ours(folder / "ours.db")
    made = [FloorSide(folder / "plain.db"), ObviousSide(folder / "plain.db"), *ours.sides()]
    yield made
    for side in made:
        side.close()
    ours.close()


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder where commands are found: empty, so that there is no wrk either."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_rows_are_the_same_every_time() -> None:
    assert list(rows.tasks(COUNT)) == TASKS
    assert len({task.id for task in TASKS}) == COUNT
    waiting = [task for task in TASKS if task.state != "completed"]
    assert PAGE < len(waiting) < COUNT / 2


def test_every_side_answers_the_same_task(sides: list[Side]) -> None:
    reference, *others = sides
    assert [side.name for side in sides] == ["floor", "obvious app", *DIALECTS]
    for task in TASKS[::7]:
        facts = reference.get(task.id)
        assert (facts["title"], facts["body"]) == (task.title, task.body)
        assert facts["due_at"] == sql_time(task.due_at)
        assert facts["owner"] == f"user{task.owner_id}"
        assert facts["company"] == f"Company {task.company_id} & Søns"
        for side in others:
            assert side.get(task.id) == {key: facts[key] for key in side.keys}, side.name


def test_xml_says_what_json_says(sides: list[Side]) -> None:
    capsule = next(side for side in sides if isinstance(side, CapsuleSide))
    for task in TASKS[:20]:
        answer = client.call(capsule.app, capsule.one_xml(task.id))
        assert capsule.read_one_xml(answer) == capsule.get(task.id)


@pytest.mark.parametrize("offset", [0, PAGE])
def test_every_side_lists_the_same_page(sides: list[Side], offset: int) -> None:
    for side in sides:
        expected = side.listed(TASKS)
        ids, total = side.list(offset)
        assert ids == expected[offset : offset + PAGE] != [], side.name
        assert total == (None if "no total" in side.remark else len(expected)), side.name


def test_every_side_creates(sides: list[Side]) -> None:
    sent = ("Ring Žofie & co", "about <the> offer", "2014-06-03 09:30:00")
    for side in sides:
        facts = side.get(side.add(*sent))
        assert (facts["title"], facts["body"], facts["due_at"]) == sent, side.name
        assert facts.get("owner", "user1") == "user1"
        assert facts.get("completed_at") is None


def test_created_rows_are_in_the_files(sides: list[Side], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = next(iter(tmp_path_factory.getbasetemp().glob("bench*")))
    counts = {
        "plain.db": ("SELECT count(*) FROM tasks WHERE title = 'one more'", 2),
        "ours.db": ("SELECT count(*) FROM activity WHERE title = 'one more'", len(DIALECTS)),
    }
    for side in sides:
        side.add("one more", "", "2014-06-03 09:30:00")
    for name, (count, expected) in counts.items():
        connection = sqlite3.connect(folder / name)
        assert connection.execute(count).fetchone() == (expected,)
        connection.close()


def test_a_refusal_is_no_answer(sides: list[Side]) -> None:
    for side in sides[2:]:
        with pytest.raises(client.Refused):
            side.get(COUNT * 100)


def test_charts_count_what_is_there(sides: list[Side]) -> None:
    crust = next(side for side in sides if isinstance(side, CrustSide))
    shown = {"completed": "Completed", "awaiting": "Waiting on someone else", "rejected": "Rejected"}
    counts = crust.counts(crust.task_module, "Status")
    assert {shown[state]: sum(task.state == state for task in TASKS) for state in shown}.items() <= counts.items()
    words = [task.category or "None" for task in TASKS]
    data.load_module(crust.ours.core, crust.ours.tenant_id, data.MODULE, words)
    assert crust.counts(data.MODULE, "Status") == Counter(words)


def test_mocks_hold_the_same_task(sides: list[Side]) -> None:
    reference = sides[0]
    assert isinstance(reference, Plain)
    ids = [next(task.id for task in TASKS if (task.completed_at is None) is waiting) for waiting in (True, False)]
    for id in ids:
        wiremock, moto = WireMock([], reference, id), Moto([], reference, id)
        stub = orjson.loads(wiremock.put()[0]["body"])
        assert wiremock.read_one(stub["response"]["body"].encode()) == reference.get(id)
        assert stub["request"] == {"method": "GET", "url": wiremock.one()["RAW_URI"]}

        table, item = (orjson.loads(environ["body"]) for environ in moto.put())
        assert moto.read_one(orjson.dumps({"Item": item["Item"]})) == reference.get(id)
        key = orjson.loads(moto.one()["body"])["Key"]
        assert key.items() <= item["Item"].items()
        assert list(key) == [part["AttributeName"] for part in table["KeySchema"]]


def test_mocks_are_found_where_the_caller_says(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("java", "moto_server", "other.jar"):
        (path / name).touch(0o755)
    monkeypatch.chdir(path)
    assert WireMock.find("other.jar") == [str(path / "java"), "-jar", str(path / "other.jar")]
    assert Moto.find(None) == [str(path / "moto_server")]
    assert Moto.find("./java -m 'moto server'") == [str(path / "java"), "-m", "moto server"]
    (path / "java").unlink()
    with pytest.raises(Missing, match="there is no java"):
        WireMock.find("other.jar")


def test_mocks_left_out_are_told(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        peers.main([])
    out, err = capsys.readouterr()
    assert out == "left out: WireMock, no --wiremock JAR\nleft out: moto, there is no moto_server\n"
    assert "nothing to compare with" in err


@pytest.mark.parametrize("option", MOCKS)
def test_mocks_given_in_vain_end_it(path: Path, capsys: pytest.CaptureFixture[str], option: str) -> None:
    (path / "moto_server").touch(0o755)
    with pytest.raises(SystemExit, match="2"):
        peers.main([f"--{option}", "nowhere"])
    assert f"{MOCKS[option].name}: there is no nowhere" in capsys.readouterr().err


@contextmanager
def answering(status: int, kept: bool) -> Iterator[tuple[served.Server, list[bytes]]]:
    """A server in this process, and the bodies that it was sent."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])) + self.headers["Content-Type"].encode())
            self.send_response(status)
            self.send_header("Content-Length", "2")
            if not kept:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield served.Server(server.server_port, os.getpgrp()), bodies
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.slow
def test_load_sends_bodies_and_outlives_a_closed_connection(path: Path, kept: bool) -> None:
    requests = [client.request("POST", "/", {"Content-Type": "text/csv"}, body) for body in (b"one,", b"another,")]
    with answering(200, kept) as (server, bodies):
        load = served.load(server, requests, 0.2)
    assert load.done == len(bodies) > served.CONNECTIONS
    assert set(bodies) == {b"one,text/csv", b"another,text/csv"}


@pytest.mark.slow
def test_load_counts_no_refusal(path: Path) -> None:
    with answering(500, True) as (server, _), pytest.raises(RuntimeError, match="500"):
        served.load(server, [client.request("POST", "/", {"Content-Type": "text/csv"}, b"one")], 0.2)


@pytest.mark.slow
def test_the_shipped_server_answers_the_same_task(sides: list[Side], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = next(iter(tmp_path_factory.getbasetemp().glob("bench*")))
    with served.running(partial(served.command, "ours", folder / "ours.db")) as server:
        for side in sides[2:]:
            assert side.read_one(served.ask(server, side.one(7))) == side.get(7), side.name
