"""The worker: huey's consumer for what the queue says, and an eye on the agenda for what it does not.

`run` is what ``crmglot worker`` does; `start_attached` is how ``crmglot serve`` has one in a process of its own.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from huey.consumer import Consumer

from adapter.jobs.beat import Beat
from adapter.jobs.queue import Queue, open_queue
from adapter.jobs.runner import Runner
from adapter.jobs.scripts import Limits
from adapter.jobs.supervisor import FIRST_PAUSE, LONGEST_PAUSE, STEADY
from adapter.logs import Log, Records, Steady
from adapter.settings import BadSetting, Settings
from canonical.errors import Unavailable
from canonical.service.core import CanonicalCore
from canonical.service.jobs import DueJob
from canonical.values import Instant

THREADS: Final = 2
SWEEP: Final = 0.5
"""How often a worker looks through the agenda, seconds."""
RESEND: Final = 10.0
"""After how many seconds a due job that nobody took up is told of again."""
SHUTDOWN: Final = 20.0
ROOT: Final = Path(__file__).resolve().parents[2]
SUPERVISOR: Final = Path(__file__).with_name("supervisor.py")


def real_now() -> Instant:
    return time.time_ns() // 1000


class QuietConsumer(Consumer):  # type: ignore[misc]
    """huey's consumer as a part of our process: signals are ours."""

    def _set_signal_handlers(self) -> None:
        return


class Sweeper:
    """Tells the queue of what is due; when the queue is away, runs it without."""

    def __init__(self, runner: Runner, work: Callable[[int, int], object], log: Log) -> None:
        self._runner = runner
        self.queue: Queue | None = None
        self._work = work
        self._log = log
        self._told: dict[tuple[int, int, Instant], float] = {}
        self._pool = ThreadPoolExecutor(THREADS, "crmglot-job")
        self._steady = Steady()

    def sweep(self) -> None:
        now = time.monotonic()
        self._told = {key: at for key, at in self._told.items() if at > now - RESEND}
        for seen in self._runner.due():
            key = (seen.tenant_id, seen.job_id, seen.due_at)
            if key not in self._told:
                self._told[key] = now
                self._tell(seen)

    def _tell(self, seen: DueJob) -> None:
        try:
            if self.queue is not None:
                self.queue.send(seen.tenant_id, seen.job_id)
                return
        except Exception as error:
            if self._steady.is_due(type(error).__name__):
                self._log.event({"level": "error", "message": "the queue is away", "error": type(error).__name__})
        self._pool.submit(self._work, seen.tenant_id, seen.job_id)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def run(
    core: CanonicalCore,
    settings: Settings,
    stop: threading.Event,
    *,
    log: Log | None = None,
    threads: int = THREADS,
    clock: Callable[[], Instant] = real_now,
    limits: Limits | None = None,
) -> None:
    """Runs jobs until `stop` is set; then each ends the step it is at, if that does not take long."""
    log = log or Log()
    runner = Runner(core, clock, log, stop=stop, limits=limits)

    def work(tenant_id: int, job_id: int) -> None:
        try:
            runner.run(tenant_id, job_id)
        except Exception as error:
            # The agenda still has it.
            log.failure("a job could not be run", error, job=job_id)

    _quieten(log)
    steady = Steady()
    sweeper = Sweeper(runner, work, log)
    consumer = _consume(settings, sweeper, work, threads, log)
    log.event({"level": "info", "message": "worker started", "pid": os.getpid(), "threads": threads})
    tried = time.monotonic()
    beat = Beat(settings)
    while not stop.wait(SWEEP):
        try:
            if consumer is None and time.monotonic() > tried + RESEND:
                tried = time.monotonic()
                consumer = _consume(settings, sweeper, work, threads, log)
            sweeper.sweep()
            beat.give(sweeper.queue)
            if consumer is not None:
                consumer.check_worker_health()
        except Unavailable as error:
            if steady.is_due(str(error)):
                log.event({"level": "error", "message": "the database is away", "reason": str(error)})
        except Exception as error:
            if steady.is_due(type(error).__name__):
                log.failure("the agenda could not be read", error)
    beat.end(sweeper.queue)
    sweeper.close()
    if consumer is not None:
        consumer.stop(graceful=True)
    log.event({"level": "info", "message": "worker stopped", "pid": os.getpid()})


def _consume(
    settings: Settings, sweeper: Sweeper, work: Callable[[int, int], None], threads: int, log: Log
) -> Consumer | None:
    """A running consumer of the queue; None when that cannot be opened now (its disk is full). Raises BadSetting."""
    try:
        queue = open_queue(settings)
    except BadSetting:
        raise
    except Exception as error:
        log.event({"level": "error", "message": "the queue is away", "error": type(error).__name__})
        return None
    queue.work = work
    consumer = QuietConsumer(
        queue.huey,
        workers=threads,
        periodic=False,
        initial_delay=0.05,
        backoff=1.2,
        max_delay=0.25,
        shutdown_timeout=SHUTDOWN,
    )
    consumer.start()
    sweeper.queue = queue
    return consumer


def _quieten(log: Log) -> None:
    logger = logging.getLogger("huey")
    logger.propagate = False
    logger.handlers[:] = [Records(log, "queue")]


def main(core: CanonicalCore, settings: Settings, *, log: Log | None = None, attached: bool = False) -> None:
    """`run` until SIGTERM or SIGINT or, `attached`, until standard input closes: then whoever started it is gone."""
    stop = threading.Event()

    def told(_signal: int, _frame: Any) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
    if attached:

        def watch() -> None:
            while os.read(0, 4096):
                continue
            stop.set()

        threading.Thread(target=watch, name="crmglot-attached", daemon=True).start()
    run(core, settings, stop, log=log)


def start_attached() -> subprocess.Popen[bytes]:
    """A worker in a process of its own, started anew when it dies, that ends with this process however that ends.

    It reads its settings from the same environment. The pipe to it must stay open: keep what is given back.
    """
    # Not what lies in the working directory, unless that is where we are from ourselves.
    path = [] if Path.cwd() == ROOT else ["-P"]
    worker = [sys.executable, *path, "-m", "adapter", "worker", "--attached"]
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-I", "-S", str(SUPERVISOR), *worker],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


class AttachedWorker:
    """The worker of a serving process: whoever keeps it alive is started anew, too, when it dies."""

    def __init__(self, log: Log, start: Callable[[], subprocess.Popen[bytes]] = start_attached) -> None:
        self._log = log
        self._start = start
        self._process = start()
        self._pause = FIRST_PAUSE
        self._started = time.monotonic()

    def look(self) -> None:
        """To be called about once a second; does not wait."""
        if self._process.poll() is None:
            return
        ran = time.monotonic() - self._started
        if ran < self._pause:
            return
        self._pause = FIRST_PAUSE if ran > STEADY else min(self._pause * 2, LONGEST_PAUSE)
        self._log.event({"level": "error", "message": "the job supervisor ended"})
        self.close()
        self._started = time.monotonic()
        try:
            self._process = self._start()
        except OSError as error:
            self._log.failure("the job supervisor could not be started", error)

    def close(self) -> None:
        """Ends the worker."""
        if self._process.stdin is not None:
            self._process.stdin.close()
