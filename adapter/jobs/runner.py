"""Runs jobs, one step at a time: a step's effects and the record that it is done are one transaction.

How a script gets there without keeping other writers waiting while it computes: it runs outside any transaction, and
reads what is committed, until its first write. Then the transaction begins, all reads so far are done again inside
it, and if any answers otherwise the script starts anew: scripts are deterministic, so equal answers make an equal
script. The rest of the script runs inside the transaction, on a tight allowance (`Limits.hold_cpu`, `hold_wall`). At
its end the step is marked done in the same transaction, after a check that the job is still this worker's.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from adapter.jobs.crm import WRITES, Crm
from adapter.jobs.modules import Mistake
from adapter.jobs.scripts import Limits, Script, ScriptFailed
from adapter.logs import Log
from canonical.accounts import Principal
from canonical.errors import CanonicalError, Conflict, Overdue, Unavailable
from canonical.model import WorkflowTask
from canonical.operations import Desk
from canonical.service import jobs
from canonical.service.core import CanonicalCore
from canonical.service.desk import CoreDesk
from canonical.service.jobs import DueJob, Failure, LeaseLost, Run, log_item
from canonical.store.port import SYSTEM
from canonical.values import SECOND, Instant

LEASE: Final = 60 * SECOND
"""How long a worker may be silent before another takes its job; longer for a script that may take longer."""
MARGIN: Final = 15 * SECOND
PAUSE: Final = 5 * SECOND
RERUNS: Final = 4
"""How often a script starts anew because what it read had changed; after that it runs inside a transaction."""
DIALECT: Final = "job"
"""What the change log says of records that a job changed."""


class _Again(Exception):
    """What the script read has changed meanwhile."""


class _Failed(Exception):
    """The script failed inside the transaction, which keeps nothing."""


@dataclass(slots=True)
class _Try:
    """One try of a script: what it has read (the calls, and digests of the answers) and logged so far."""

    script: Script
    calls: int = 0
    reads: list[tuple[dict[str, Any], bytes]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    entered: bool = False


class Runner:
    """Takes jobs up and runs them until they end, wait or are lost. Safe to use from several threads.

    `clock` gives the time that leases, delays and deadlines go by. Once `stop` is set, jobs are given back between
    two steps.
    """

    def __init__(
        self,
        core: CanonicalCore,
        clock: Callable[[], Instant],
        log: Log,
        *,
        stop: threading.Event | None = None,
        limits: Limits | None = None,
        lease: Instant = LEASE,
    ) -> None:
        self.core = core
        self.clock = clock
        self.log = log
        self.stop = stop or threading.Event()
        self.limits = limits or Limits()
        self.lease = lease

    # -- finding work -----------------------------------------------------------------------------

    def due(self, limit: int = 100) -> list[DueJob]:
        """What may be taken up now: what is due, and what workers of this machine held that are no more."""
        now = self.clock()
        unit = self.core.store.reading(SYSTEM)
        found = jobs.due(unit, now, limit)
        longest = now + int(self.limits.max_wall * SECOND) + self.lease + MARGIN
        orphans = [seen for seen in jobs.held(unit, now, longest, machine()) if not is_alive(seen.holder or "")]
        return [*found, *orphans]

    def run(self, tenant_id: int, job_id: int) -> bool:
        """Runs the job if it can be taken up now; gives whether it was."""
        seen = jobs.look_up(self.core.store.reading(tenant_id), job_id)
        if seen is None:
            return False
        if seen.due_at > self.clock() and (seen.holder is None or is_alive(seen.holder)):
            return False
        holder = new_holder()
        now = self.clock()
        until = now + self.lease
        claimed: Run | None = None
        try:
            claimed = self.core.store.write(tenant_id, lambda unit: jobs.claim(unit, seen, holder, now, until))
            run = claimed
            while run is not None:
                if self.stop.is_set():
                    self._give_back(tenant_id, job_id, holder, self.clock())
                    break
                run = self._step(tenant_id, run, holder)
        except LeaseLost:
            self.log.event({"level": "info", "message": "job lost", "job": job_id})
        except (Unavailable, Conflict) as error:
            self.log.event({"level": "error", "message": "job put off", "job": job_id, "reason": type(error).__name__})
            self._give_back(tenant_id, job_id, holder, self.clock() + PAUSE)
        finally:
            _forget(holder)
        return claimed is not None

    def _give_back(self, tenant_id: int, job_id: int, holder: str, due_at: Instant) -> None:
        try:
            self.core.store.write(tenant_id, lambda unit: jobs.give_back(unit, job_id, holder, due_at))
        except Unavailable:
            # The lease ends by itself.
            return

    # -- one step ---------------------------------------------------------------------------------

    def _step(self, tenant_id: int, run: Run, holder: str) -> Run | None:
        """Does the task whose turn it is. The run to go on with; None when the job has ended or waits."""
        now = self.clock()
        task = run.task
        if run.phase == "tasks" and run.deadline is not None and now >= run.deadline:
            failure = Failure(f"the workflow timed out after {run.timeout} s", final=True)
            return self._fail(tenant_id, run, holder, failure, [])
        if task is None or not task.body:
            return self._finish(tenant_id, run, holder)
        principal = None
        if run.creator_id is not None:
            principal = self.core.accounts.by_user(tenant_id, run.creator_id)
        if principal is None:
            return self._fail(tenant_id, run, holder, Failure("the job's creator is no longer active", final=True), [])
        for number in range(RERUNS + 1):
            if number or self._lease(run) > self.lease:
                self._renew(tenant_id, run, holder)
            with self._script(run, task, now) as script:
                attempt = _Try(script)
                try:
                    return self._try(principal, run, holder, attempt, wait=number < RERUNS)
                except _Again:
                    continue
                except (_Failed, ScriptFailed, Mistake) as error:
                    message = str(error)
                except (LeaseLost, Unavailable):
                    raise
                except CanonicalError as error:
                    message = f"{type(error).__name__}: {error}"
                except Exception as error:
                    self.log.failure("a step failed", error, job=run.job_id)
                    message = f"internal error: {type(error).__name__}"
            return self._fail(tenant_id, run, holder, Failure(message), attempt.said)
        raise Conflict(f"job {run.job_id} meets other writers too often")

    def _script(self, run: Run, task: WorkflowTask, now: Instant) -> Script:
        wall = min(float(task.timeout), self.limits.max_wall) if task.timeout else self.limits.wall
        if run.phase == "tasks" and run.deadline is not None:
            wall = min(wall, (run.deadline - now) / SECOND)
        return Script(task.body, run.parameters, run.error, self.limits, wall)

    def _lease(self, run: Run) -> Instant:
        """Long enough for the step that comes now."""
        task = run.task
        wall = self.limits.wall if task is None or not task.timeout else min(task.timeout, self.limits.max_wall)
        return max(self.lease, int(wall * SECOND) + MARGIN if task is not None and task.body else 0)

    def _renew(self, tenant_id: int, run: Run, holder: str) -> None:
        until = self.clock() + self._lease(run)
        self.core.store.write(tenant_id, lambda unit: jobs.renew(unit, run.job_id, holder, until))

    def _try(self, principal: Principal, run: Run, holder: str, attempt: _Try, *, wait: bool) -> Run | None:
        """Runs the script to its end. Raises _Again, what a script and its calls can raise, LeaseLost."""
        first: dict[str, Any] | None = None
        if wait:
            crm = Crm(self.core.reading(principal, DIALECT, self.clock()))
            first = self._until_write(attempt, crm)
            if first is None:
                return self._finish(principal.tenant_id, run, holder, attempt.said)
        now = self.clock()

        def work(desk: CoreDesk) -> Run | None:
            if attempt.entered:
                # The store runs this again after a conflict, but the script cannot go back.
                raise _Again
            attempt.entered = True
            attempt.script.hold()
            # A job that is no longer ours is not worth the rest of the script.
            jobs.renew(desk.unit, run.job_id, holder, now + self._lease(run))
            self._rest(attempt, desk, first)
            items = [log_item(now, _name(run), text) for text in attempt.said]
            return jobs.finish(desk.unit, run, None, holder, now, now + self.lease, items)

        return self.core.write(principal, DIALECT, now, work)

    def _until_write(self, attempt: _Try, crm: Crm) -> dict[str, Any] | None:
        """Answers the script's reads; its first write, or None when it ended without one."""
        while True:
            message = attempt.script.next()
            if "done" in message:
                return None
            if "log" in message:
                attempt.said.append(message["log"])
            elif message["call"] in WRITES:
                return message
            else:
                answer = self._answer(attempt, crm, message)
                attempt.reads.append((message, _digest(answer)))
                attempt.script.answer(answer)

    def _rest(self, attempt: _Try, desk: Desk, first: dict[str, Any] | None) -> None:
        """Inside the transaction: the reads so far must be as they were; then all that is left of the script."""
        crm = Crm(desk)
        for message, before in attempt.reads:
            if _digest(crm.call(message["call"], message["values"], message["named"])) != before:
                raise _Again
        message = first if first is not None else attempt.script.next()
        while "done" not in message:
            if "log" in message:
                attempt.said.append(message["log"])
            else:
                attempt.script.answer(self._answer(attempt, crm, message))
            message = attempt.script.next()

    def _answer(self, attempt: _Try, crm: Crm, message: dict[str, Any]) -> Any:
        """The answer to a call. One that fails ends the script, at its line: raises ScriptFailed."""
        attempt.calls += 1
        try:
            if attempt.calls > self.limits.calls:
                raise Mistake(f"more than {self.limits.calls} calls of crm")
            return crm.call(message["call"], message["values"], message["named"])
        except (Conflict, Unavailable) as error:
            # A search that takes too long will do so again.
            if not isinstance(error, Overdue):
                raise
            reason = f"crm.{message['call']}: {error}"
        except (Mistake, CanonicalError) as error:
            reason = str(error) if isinstance(error, Mistake) else f"crm.{message['call']}: {error}"
        attempt.script.refuse(reason)
        # What it says now is where it was.
        attempt.script.next()
        raise _Failed(reason)

    def _finish(self, tenant_id: int, run: Run, holder: str, said: list[str] | None = None) -> Run | None:
        """Records a step that wrote nothing."""
        now = self.clock()
        items = [log_item(now, _name(run), text) for text in said or ()]
        until = now + self.lease
        return self.core.store.write(tenant_id, lambda unit: jobs.finish(unit, run, None, holder, now, until, items))

    def _fail(self, tenant_id: int, run: Run, holder: str, failure: Failure, said: list[str]) -> Run | None:
        """Records that the step failed; what it did is already undone."""
        now = self.clock()
        items = [log_item(now, _name(run), text) for text in said]
        items.append(log_item(now, _name(run), failure.message, error=True))
        until = now + self.lease
        return self.core.store.write(
            tenant_id, lambda unit: jobs.finish(unit, run, failure, holder, now, until, items)
        )


def _digest(answer: Any) -> bytes:
    return hashlib.sha256(orjson.dumps(answer)).digest()


def _name(run: Run) -> str:
    return run.task.name if run.task is not None else ""


# -- who holds a job --------------------------------------------------------------------------------

_held: set[str] = set()
_guard = threading.Lock()


def machine() -> str:
    """The beginning of the names of all holders that this process can look at: host and process namespace."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return f"{socket.gethostname()}/{space}/"


def new_holder() -> str:
    """A name for one take-up: machine, process, when that began, and something random."""
    name = f"{machine()}{os.getpid()}/{_began(os.getpid())}/{secrets.token_hex(8)}"
    with _guard:
        _held.add(name)
    return name


def _forget(holder: str) -> None:
    with _guard:
        _held.discard(holder)


def is_alive(holder: str) -> bool:
    """Whether a holder may still be at work; one that cannot be looked at may."""
    if not holder.startswith(machine()):
        return True
    process, _, rest = holder[len(machine()) :].partition("/")
    began = rest.partition("/")[0]
    if not began or not process.isdigit():
        return True
    if int(process) == os.getpid():
        with _guard:
            return holder in _held
    now = _began(int(process))
    return now == began if now else not _is_gone(int(process))


def _is_gone(process: int) -> bool:
    """Whether there is no such process, also where others' processes are hidden."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        # Somebody else's, but there.
        return False
    return False


def _began(process: int) -> str:
    """When a process began, in the kernel's ticks; empty where nobody tells, ``ended`` for a zombie."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()
    return "ended" if fields[0] in ("Z", "X") else fields[19]
