"""No statement of a request takes longer than it may, and what was cut off is told as the store being away."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapter.wire import Headers, WireRequest
from canonical.errors import Overdue, Unavailable
from canonical.model import Activity
from canonical.operations import Create
from canonical.query import Query, contains
from canonical.service.core import CanonicalCore
from canonical.service.desk import CoreDesk
from canonical.store.sql import deadline
from canonical.store.sql.store import SqlStore
from tests.support.postgres import server_uri
from tests.support.world import World, over_postgres

SECONDS = 0.3
ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(30)",
}
ENDLESS_WRITE = {
    "sqlite": "UPDATE tenant SET created_at = (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT count(*) FROM n)",
    "postgresql": "UPDATE tenant SET created_at = 1 FROM pg_sleep(30)",
}
SLOW_ROWS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i > 1 LIMIT 400000000"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def timed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A world whose statements have a deadline."""
    with World(tmp_path) if request.param == "sqlite" else over_postgres(tmp_path) as world:
        world.store.close()
        world.store = SqlStore(world.url, SECONDS)
        world.core = CanonicalCore(world.store)
        yield world


def run(world: World, statement: str) -> Any:
    backend = world.store.backend
    return backend.execute(backend.reader(), statement, {}).fetchall()


@pytest.mark.slow
def test_a_statement_that_takes_too_long_is_ended_and_the_connection_goes_on(timed: World) -> None:
    begun = time.monotonic()
    with pytest.raises(Overdue):
        run(timed, ENDLESS[timed.store.backend.name])
    assert SECONDS <= time.monotonic() - begun < 5
    assert [tuple(row) for row in run(timed, "SELECT 1")] == [(1,)]
    time.sleep(SECONDS * 1.5)
    assert timed.desk().find(Activity, Query(contains("title", "nothing"))).items == []


@pytest.mark.slow
def test_rows_that_take_too_long_are_ended_too(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        backend = SqlStore(world.url, SECONDS).backend
        cursor = backend.execute(backend.reader(), SLOW_ROWS, {})
        with pytest.raises(Overdue):
            cursor.fetchall()
        backend.close()


@pytest.mark.slow
def test_without_a_deadline_a_statement_takes_its_time(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        counted = ENDLESS["sqlite"].replace("FROM n)", "FROM n WHERE i < 2000000)")
        assert [tuple(row) for row in run(world, counted)] == [(2_000_000,)]


@pytest.mark.slow
def test_a_write_that_takes_too_long_keeps_nothing_and_takes_nobody_along(timed: World) -> None:
    gate = threading.Event()
    outcomes: dict[str, object] = {}
    backend = timed.store.backend
    # On SQLite a write that is interrupted ends the transaction of all who share it.

    def endless(desk: CoreDesk) -> None:
        if backend.name == "sqlite":  # elsewhere the others would wait for its counter
            desk.create(Create(Activity, {"title": "lost"}))
        backend.execute(desk.unit._connection, ENDLESS_WRITE[backend.name], {})  # type: ignore[attr-defined]

    def attempt(name: str, work: Any) -> None:
        gate.wait()
        try:
            timed.write(work)
        except Unavailable as error:
            outcomes[name] = type(error)
        else:
            outcomes[name] = "kept"

    def kept(number: int) -> Any:
        return lambda desk: desk.create(Create(Activity, {"title": f"kept {number}"}))

    threads = [threading.Thread(target=attempt, args=("endless", endless))]
    threads += [threading.Thread(target=attempt, args=(f"kept {at}", kept(at))) for at in range(6)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert outcomes == {"endless": Overdue, **{f"kept {at}": "kept" for at in range(6)}}
    found = {one.title for one in timed.desk().find(Activity, Query()).items}
    assert found == {f"kept {at}" for at in range(6)}


def test_h9_a_statement_that_the_server_cuts_off_is_told_like_a_server_that_is_away_over_postgresql(
    tmp_path: Path,
) -> None:
    with over_postgres(tmp_path) as world:
        name = world.url.partition("?")[0].rsplit("/", 1)[1]
        token = Headers([("Authorization", "Basic YW5uLXRva2VuOng="), ("Content-Type", "application/xml")])
        body = (
            b"<person><lastName>Lee</lastName><contacts><email><emailAddress>a@b.c</emailAddress></email></contacts>"
        )
        capsule = world.endpoint("capsule")
        stop = threading.Event()
        statuses: set[int] = set()

        def ask() -> None:
            while not stop.is_set():
                statuses.add(capsule.send(WireRequest("GET", "/api/party", "", token)).status)
                statuses.add(capsule.send(WireRequest("POST", "/api/person", "", token, body + b"</person>")).status)

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + 4
        with psycopg.connect(server_uri(), autocommit=True) as connection:
            while time.monotonic() < end:
                time.sleep(0.03)
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
                )
        stop.set()
        for thread in threads:
            thread.join()
        refused = [line for line in world.lines if line.get("refused")]
        assert refused
        assert {line["message"] for line in refused} == {"request"}
        assert {line["refused"] for line in refused} == {"Unavailable"}
        assert statuses <= {200, 201, 503}
        assert capsule.send(WireRequest("GET", "/api/party", "", token)).status == 200


REST = Headers([("ZURMO_API_REQUEST_TYPE", "REST"), ("Accept", "application/json")])
SIGN_IN = Headers([*REST.pairs, ("ZURMO_AUTH_USERNAME", "ann"), ("ZURMO_AUTH_PASSWORD", "ann-pw")])
BASIC = Headers([("Authorization", "Basic YW5uLXRva2VuOng=")])
FORM = Headers([("Content-Type", "application/x-www-form-urlencoded")])
BUSY = {
    "capsule": (WireRequest("GET", "/api/party", "", BASIC), 503, b"service unavailable"),
    "zurmo": (WireRequest("POST", "/app/index.php/zurmo/api/login", "", SIGN_IN), 200, b'"status":"FAILURE"'),
    "opentaps": (WireRequest("GET", "/activities/1/3", "authToken=ann-token"), 503, b"not available now"),
    "affinitylive": (WireRequest("GET", "/api/v0/tasks", "_bearer_token=ann-token"), 500, b'"server_error"'),
    "crust": (
        WireRequest("POST", "/auth/login", "", FORM, b"username=ann&password=ann-pw"),
        200,
        b"driver: bad connection",
    ),
}


@pytest.mark.parametrize("dialect", BUSY)
def test_a_statement_that_takes_too_long_is_told_in_the_vendors_words_and_logged_once(
    dialect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "STEPS", 1)
    with World(tmp_path) as world:
        world.store.close()
        world.core.accounts._store = world.core.store = SqlStore(world.url, 0.0)
        request, status, words = BUSY[dialect]
        answer = world.endpoint(dialect).send(request)
        assert (answer.status, words in answer.body) == (status, True)
        assert len(world.lines) == 1
        line = world.lines[0]
        assert (line["message"], line["level"], line["refused"]) == ("request", "error", "Overdue")
        assert line["us"] >= 0
        assert "where" not in line
        assert "longer than" in line["reason"]
        world.core.store.close()


def test_a_connection_keeps_no_clock_without_a_deadline(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        connection = world.store.backend.reader()
        assert isinstance(connection, sqlite3.Connection)
        run(world, "SELECT 1")
        assert connection.ends == 0.0  # type: ignore[attr-defined]
