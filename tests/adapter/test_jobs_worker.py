"""Workers as processes: killed at any moment, stopped, several at once, over SQLite and over a real Redis."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import orjson
import pytest
import redis

from adapter.jobs.queue import JsonSerializer, QueueAutomation, open_queue
from adapter.jobs.worker import SUPERVISOR, run, start_attached
from adapter.settings import Settings
from canonical.errors import Unavailable
from canonical.model import Activity
from canonical.query import Query
from tests.support.jobs import Jobs, task
from tests.support.redis import redis_server
from tests.support.servers import ROOT, free_port
from tests.support.world import World

WORKER = (sys.executable, "-m", "tests.support.worker")
SECRET = "a-secret-of-the-tests"

pytestmark = pytest.mark.slow


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Jobs]:
    """Nothing is announced: workers find their work in the agenda unless a test says otherwise."""
    with World(tmp_path, now=None) as world:
        yield Jobs(world)


def environment(made: Jobs, queue: str | None = None) -> dict[str, str]:
    settings = {"CRMGLOT_DATABASE_URL": made.world.url, "CRMGLOT_SECRET_KEY": SECRET}
    return {**os.environ, **settings, **({"CRMGLOT_QUEUE_URL": queue} if queue else {})}


@contextmanager
def worker(env: Mapping[str, str], command: tuple[str, ...] = WORKER) -> Iterator[subprocess.Popen[bytes]]:
    log = Path(env["CRMGLOT_DATABASE_URL"].removeprefix("sqlite:///")).with_name("worker.log")
    with log.open("ab") as stderr:
        process = subprocess.Popen(command, env=env, cwd=ROOT, stdin=subprocess.PIPE, stderr=stderr)
    try:
        yield process
    except AssertionError as error:
        error.add_note(log.read_text(encoding="utf-8")[-4000:])
        raise
    finally:
        process.kill()
        process.communicate()


def wait_for(
    condition: Callable[[], object], seconds: float = 30.0, process: subprocess.Popen[bytes] | None = None
) -> None:
    """Until the condition holds; fails at once when `process` has ended."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        assert process is None or process.poll() is None, "the worker has ended"
        time.sleep(0.02)


def titles(made: Jobs) -> list[str]:
    return [found.title for found in made.world.desk().find(Activity, Query()).items]


def ended(made: Jobs, ids: list[int]) -> bool:
    return all(made.job(id).status not in ("queued", "running") for id in ids)


def steps(count: int, job: str, work: int = 400_000) -> list[object]:
    """Tasks that compute, write, compute a little and write again; each says so in the log."""
    body = """
for i in range(%d):
    x = i
crm.create("note", title="%s first")
for i in range(%d):
    x = i
crm.create("note", title="%s second")
log("done")
"""
    return [task(body % (work, f"{job}.{at}", work // 4, f"{job}.{at}"), f"step {at}") for at in range(count)]


def expected(jobs: int, count: int) -> Counter[str]:
    names = (f"{job}.{at} {which}" for job in range(jobs) for at in range(count) for which in ("first", "second"))
    return Counter(names)


def test_workers_killed_at_any_moment_end_every_job_once_and_correctly(made: Jobs) -> None:
    count = 4
    ids = [made.start(*steps(count, str(job))) for job in range(3)]  # type: ignore[arg-type]
    dice = random.Random(20181210)
    env = environment(made)
    kills = 0
    while not ended(made, ids):
        with worker(env) as process:
            begun = len(titles(made))
            # Let it get to work, then end it wherever it is.
            wait_for(lambda begun=begun: ended(made, ids) or len(titles(made)) > begun, process=process)
            time.sleep(dice.random() * 0.06)
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
        assert kills < 60
    assert kills >= 2
    assert {made.job(id).status for id in ids} == {"ok"}
    assert Counter(titles(made)) == expected(3, count)
    for id in ids:
        assert [(item["task"], item["message"]) for item in made.log(id)] == [
            (f"step {at}", "done") for at in range(count)
        ]
    assert made.runner().due() == []


def test_two_workers_share_the_jobs_and_one_may_die(made: Jobs) -> None:
    ids = [made.start(*steps(2, str(job))) for job in range(10)]  # type: ignore[arg-type]
    env = environment(made)
    with worker(env), worker(env) as other:
        wait_for(lambda: len(titles(made)) > 4)
        other.kill()
        wait_for(lambda: ended(made, ids))
    assert Counter(titles(made)) == expected(10, 2)
    assert {made.job(id).status for id in ids} == {"ok"}


def test_a_worker_told_to_stop_ends_its_step_and_leaves_the_rest(made: Jobs) -> None:
    id = made.start(*steps(40, "0"))  # type: ignore[arg-type]
    env = environment(made)
    with worker(env) as process:
        wait_for(lambda: titles(made))
        process.terminate()
        assert process.wait(15) == 0
    assert made.job(id).status == "running"
    done = len(titles(made))
    assert done == 2 * len(made.log(id)) < 80
    # It was given back, not left to its lease.
    made.now = time.time_ns() // 1000
    assert [(seen.job_id, seen.holder) for seen in made.runner().due()] == [(id, None)]


def test_a_killed_workers_script_does_not_live_on(made: Jobs) -> None:
    """The sandbox of a dead worker ends by itself: its pipe closes, and its processor time is bounded."""
    made.start(task("def f():\n  for i in range(10000):\n    crm.get('task', i)\nf()", timeout=20))
    with worker(environment(made)) as process:
        wait_for(lambda: _children(process.pid))
        (sandbox, *_) = _children(process.pid)
        process.kill()
        process.wait()
        wait_for(lambda: not Path(f"/proc/{sandbox}").exists(), 8)


def _children(pid: int) -> list[str]:
    try:
        return [
            child
            for thread in os.listdir(f"/proc/{pid}/task")
            for child in Path(f"/proc/{pid}/task/{thread}/children").read_text(encoding="ascii").split()
        ]
    except OSError:
        return []


def test_what_lies_in_the_working_directory_is_not_run(
    made: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "anywhere"
    folder.mkdir()
    (folder / "secrets.py").write_text("raise SystemExit('planted')")
    monkeypatch.chdir(folder)
    for name, value in {**environment(made), "PYTHONPATH": str(ROOT)}.items():
        monkeypatch.setenv(name, value)
    id = made.start(task('log("ran")'))
    process = start_attached()
    try:
        wait_for(lambda: ended(made, [id]))
    finally:
        process.communicate(timeout=30)


def test_the_supervisor_starts_its_worker_anew_and_ends_with_its_parent(made: Jobs) -> None:
    env = environment(made)
    command = (sys.executable, "-I", "-S", str(SUPERVISOR), *WORKER, "--attached")
    with worker(env, command) as supervisor:
        wait_for(lambda: _children(supervisor.pid))
        (first, *_) = _children(supervisor.pid)
        os.kill(int(first), signal.SIGKILL)
        wait_for(lambda: _children(supervisor.pid) not in ([], [first]))
        told = json.loads(
            (Path(made.world.url.removeprefix("sqlite:///")).with_name("worker.log")).read_text().splitlines()[-1]
        )
        assert (told["message"], told["status"]) == ("worker ended", -9)
        (second, *_) = _children(supervisor.pid)
        id = made.start(task('log("ran")'))
        wait_for(lambda: ended(made, [id]))
        assert supervisor.stdin is not None
        supervisor.stdin.close()
        supervisor.stdin = None
        assert supervisor.wait(15) == 0
        assert not Path(f"/proc/{second}").exists()


# -- the queue --------------------------------------------------------------------------------------


@contextmanager
def working(made: Jobs, settings: Settings) -> Iterator[None]:
    """A worker in a thread of this process."""
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(made.world.core, settings, stop), kwargs={"log": made.world.log})
    thread.start()
    try:
        wait_for(lambda: any(line.get("message") == "worker started" for line in made.world.lines))
        yield
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


@pytest.mark.parametrize("announced", [True, False])
def test_a_job_runs_whether_or_not_the_queue_was_told(made: Jobs, announced: bool) -> None:
    """Between the commit and the message the creating process may die; the job is not lost."""
    settings = Settings(database_url=made.world.url)
    if announced:
        made.world.core.automation = QueueAutomation(settings, made.world.log)
    with working(made, settings):
        id = made.start(task('crm.create("note", title="x")'))
        wait_for(lambda: ended(made, [id]), 10)
    assert titles(made) == ["x"]
    assert (Path(made.world.url.removeprefix("sqlite:///") + ".queue")).exists()


def test_a_start_in_the_future_is_kept(made: Jobs) -> None:
    settings = Settings(database_url=made.world.url)
    with working(made, settings):
        at = time.time_ns() // 1000 + 1_500_000
        id = made.start(task('log("ran")'), job={"start_at": at})
        time.sleep(0.7)
        assert made.job(id).status == "queued"
        wait_for(lambda: ended(made, [id]), 10)
    assert (made.job(id).started_at or 0) >= at


def test_messages_are_json_that_no_worker_would_unpickle(made: Jobs, tmp_path: Path) -> None:
    queue = open_queue(Settings(queue_url=f"sqlite:///{tmp_path}/own.queue"))
    queue.send(3, 4)
    (message,) = queue.huey.storage.enqueued_items()
    assert orjson.loads(bytes(message))[1].endswith("look_at")
    seen: list[tuple[int, int]] = []
    queue.work = lambda tenant, job: seen.append((tenant, job))
    queue.huey.execute(queue.huey.dequeue())
    assert seen == [(3, 4)]
    with pytest.raises(orjson.JSONDecodeError):
        JsonSerializer().deserialize(b"\x80\x04K\x01.")
    queue.huey.storage.close()


def test_over_redis(made: Jobs, tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        settings = Settings(database_url=made.world.url, queue_url=url)
        made.world.core.automation = QueueAutomation(settings, made.world.log)
        ids = [made.start(task(f'crm.create("note", title="{number}")')) for number in range(5)]
        client = redis.Redis.from_url(url)
        assert client.llen("huey.redis.crmglot") == 5
        with worker(environment(made, url)):
            wait_for(lambda: ended(made, ids))
            wait_for(lambda: client.llen("huey.redis.crmglot") == 0)
        client.close()
    assert sorted(titles(made)) == ["0", "1", "2", "3", "4"]
    assert not Path(made.world.url.removeprefix("sqlite:///") + ".queue").exists()


def test_a_queue_file_that_cannot_be_made_costs_only_time(made: Jobs, tmp_path: Path) -> None:
    """The disk is full or the folder is another's; here a folder is in its place, which not even root opens."""
    queue = tmp_path / "own.queue"
    queue.mkdir()
    with working(made, Settings(database_url=made.world.url, queue_url=f"sqlite:///{queue}")):
        id = made.start(task('crm.create("note", title="without")'))
        wait_for(lambda: ended(made, [id]), 10)
    assert titles(made) == ["without"]
    assert [line["error"] for line in made.world.lines if line["message"] == "the queue is away"] == [
        "OperationalError"
    ]


def test_a_database_that_is_away_is_told_of_once_and_waited_for(made: Jobs, tmp_path: Path) -> None:
    file = Path(made.world.url.removeprefix("sqlite:///"))
    with working(made, Settings(database_url=made.world.url)):
        id = made.start(task('log("ran")'), job={"start_at": time.time_ns() // 1000 + 2_000_000})
        file.rename(tmp_path / "elsewhere.db")
        with pytest.raises(Unavailable):
            made.world.store.check()
        time.sleep(2.5)
        (tmp_path / "elsewhere.db").rename(file)
        wait_for(lambda: ended(made, [id]), 10)
    assert [line["message"] for line in made.world.lines if line["level"] == "error"] == ["the database is away"]


def test_a_queue_that_is_away_costs_only_time(made: Jobs, tmp_path: Path) -> None:
    port = free_port()
    settings = Settings(database_url=made.world.url, queue_url=f"redis://127.0.0.1:{port}/0")
    made.world.core.automation = QueueAutomation(settings, made.world.log)
    with ExitStack() as stack:
        stack.enter_context(working(made, settings))
        first = made.start(task('crm.create("note", title="without")'))
        wait_for(lambda: ended(made, [first]), 10)
        stack.enter_context(redis_server(tmp_path, port))
        second = made.start(task('crm.create("note", title="with")'))
        wait_for(lambda: ended(made, [second]), 20)
    assert titles(made) == ["without", "with"]
    assert any(line.get("message") == "the queue is away" for line in made.world.lines)
