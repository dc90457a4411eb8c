"""Jobs: their states, their logs, and how far each has come.

A job of a workflow with scripts has a row in the agenda until it ends. A worker claims the row by putting its name
and the end of its lease into it; every further change that it makes is in one transaction with a check that the row
is still its own. So a job cancelled, or taken over from a worker that is thought dead, is never worked on twice: the
transaction of the one that lost it fails, and with it the effects of the step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from canonical.errors import Conflict, Invalid, NotFound, Problem, UnknownReference
from canonical.model import Job, JobLog, Workflow, WorkflowTask
from canonical.model.workflow import CANCELLED, ENDED, ERROR, JOB_STATUSES, OK, QUEUED, RUNNING
from canonical.operations import JobUpdate
from canonical.query import Window
from canonical.service.timed_ids import timed_id
from canonical.service.workflows import tasks_of, workflow
from canonical.store.port import Unit, Where
from canonical.values import EARLIEST, LATEST, MAX_ID, SECOND, UNSET, Instant, clean_text, iso_time

MAX_LOG_ITEM = 65_536
MAX_LOGS = 10_000
"""How many entries a worker of ours writes to one log; outside workers write one a request."""
MAX_MESSAGE = 8_000
MAX_PARAMETERS = 65_536
MAX_STEPS = 1000
MAX_TAKEUPS = 25
ORDER: Final = {status: at for at, status in enumerate((QUEUED, RUNNING, OK))} | {ERROR: 2, CANCELLED: 2}


class LeaseLost(Exception):
    """The job is no longer this worker's: cancelled, ended by somebody else, or taken over."""


# -- what clients do --------------------------------------------------------------------------------


def _job(row: Mapping[str, Any]) -> Job:
    return Job(
        row["id"],
        row["workflow_id"],
        row["status"],
        orjson.loads(row["parameters"]),
        row["start_at"],
        row["created_at"],
        row["updated_at"],
        row["creator_id"],
        row["started_at"],
        row["ended_at"],
        row["extras"],
    )


def _row(unit: Unit, id: int) -> dict[str, Any]:
    rows = unit.select("job", {"id": id}) if 0 < id <= MAX_ID else []
    if not rows:
        raise NotFound("job", id)
    return rows[0]


def job(unit: Unit, id: int) -> Job:
    """Raises NotFound."""
    return _job(_row(unit, id))


def jobs(unit: Unit, status: str | None, window: Window) -> tuple[list[Job], int]:
    """A page of the tenant's jobs, oldest first, and how many there are; of one status unless that is None."""
    where = {} if status is None else {"status": status}
    return [_job(row) for row in unit.select("job", where, ("id",), window=window)], unit.count_rows("job", where)


def create_job(unit: Unit, given: Job, me: int, now: Instant) -> Job:
    """A queued job. Raises UnknownReference (the workflow), Invalid."""
    run_of = _workflow(unit, given.workflow_id)
    parameters = _parameters(given.parameters)
    _check_start(given.start_at)
    id = timed_id(unit, now)
    unit.insert(
        "job",
        {
            "id": id,
            "version": 1,
            "workflow_id": run_of.id,
            "status": QUEUED,
            "parameters": parameters,
            "start_at": given.start_at,
            "created_at": now,
            "creator_id": me,
            "log_count": 0,
            "extras": given.extras,
        },
    )
    if run_of.scripted:
        unit.insert("job_agenda", {"job_id": id, "due_at": _due(given.start_at, now)})
    return job(unit, id)


def _due(start_at: Instant | None, now: Instant) -> Instant:
    return now if start_at is None else max(start_at, now)


def _workflow(unit: Unit, id: int) -> Workflow:
    try:
        return workflow(unit, id)
    except NotFound as error:
        raise UnknownReference("workflow_id", "workflow", id) from error


def _parameters(parameters: Mapping[str, str]) -> str:
    cleaned = {clean_text(name): clean_text(value) for name, value in parameters.items()}
    text = orjson.dumps(cleaned).decode()
    if len(text) > MAX_PARAMETERS:
        raise Invalid(Problem("parameters", "too_long", {"limit": MAX_PARAMETERS}))
    return text


def _check_start(start_at: Instant | None) -> None:
    if start_at is not None and not EARLIEST <= start_at <= LATEST:
        raise Invalid(Problem("start_at", "out_of_range"))


def update_job(unit: Unit, given: JobUpdate, me: int, now: Instant) -> Job:
    """The job as it now stands; whoever changes what it runs, or with what, is who it acts as from then on.

    Raises NotFound, UnknownReference, and Invalid: `status` ``not_a_choice`` or ``goes_back`` (from where it is, with
    params ``from`` and ``to``), ``begun`` for what may change only while the job is queued.
    """
    row = _row(unit, given.id)
    changes = _definition_changes(unit, row, given)
    if changes.keys() & {"workflow_id", "parameters"}:
        # Else anybody's script could be run with the rights of whoever made the job.
        changes["actor_id"] = me
    if given.status is not None:
        changes.update(_status_changes(row, given.status, now))
    if given.extras is not None and given.extras != row["extras"]:
        changes["extras"] = given.extras
    if given.log is not None:
        changes["log_count"] = append(unit, given.id, row["log_count"], now, (given.log,))
    if not changes:
        return _job(row)
    _change(unit, row, {**changes, "updated_at": now})
    _keep_agenda(unit, row, changes, now)
    return job(unit, given.id)


def cancel_job(unit: Unit, id: int, me: int, now: Instant) -> Job:
    """Cancelled again: no change. Raises NotFound, Invalid (``goes_back``) when the job has ended otherwise."""
    return update_job(unit, JobUpdate(id, CANCELLED), me, now)


def _definition_changes(unit: Unit, row: Mapping[str, Any], given: JobUpdate) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if given.workflow_id is not None and given.workflow_id != row["workflow_id"]:
        changes["workflow_id"] = _workflow(unit, given.workflow_id).id
    if given.start_at is not UNSET and given.start_at != row["start_at"]:
        _check_start(given.start_at)
        changes["start_at"] = given.start_at
    if given.parameters is not None:
        parameters = _parameters(given.parameters)
        if orjson.loads(parameters) != orjson.loads(row["parameters"]):
            changes["parameters"] = parameters
    if changes and row["status"] != QUEUED:
        raise Invalid(*(Problem(name, "begun", {"status": row["status"]}) for name in changes))
    return changes


def _status_changes(row: Mapping[str, Any], status: str, now: Instant) -> dict[str, Any]:
    if status not in JOB_STATUSES:
        raise Invalid(Problem("status", "not_a_choice", {"value": status}))
    was = row["status"]
    if status == was:
        return {}
    if was in ENDED or ORDER[status] <= ORDER[was]:
        raise Invalid(Problem("status", "goes_back", {"from": was, "to": status}))
    changes: dict[str, Any] = {"status": status}
    if row["started_at"] is None and status != CANCELLED:
        changes["started_at"] = now
    if status in ENDED:
        changes["ended_at"] = now
    return changes


def _change(unit: Unit, row: Mapping[str, Any], changes: Where) -> None:
    version = row["version"]
    if unit.update("job", {"id": row["id"], "version": version}, {**changes, "version": version + 1}) != 1:
        raise Conflict(f"job {row['id']} was changed meanwhile")


def _keep_agenda(unit: Unit, row: Mapping[str, Any], changes: Mapping[str, Any], now: Instant) -> None:
    """Makes the agenda follow: what has ended is off it, what was moved is due anew."""
    key = {"job_id": row["id"]}
    if changes.get("status") in ENDED:
        unit.delete("job_agenda", key)
        return
    if "workflow_id" in changes:
        unit.delete("job_agenda", key)
        if workflow(unit, changes["workflow_id"]).scripted:
            unit.insert("job_agenda", {**key, "due_at": _due(changes.get("start_at", row["start_at"]), now)})
    elif "start_at" in changes:
        unit.update("job_agenda", key, {"due_at": _due(changes["start_at"], now)})


def logs(unit: Unit, id: int, window: Window) -> tuple[list[JobLog], int]:
    """A page of the job's log, oldest first, and how many entries it has. Raises NotFound."""
    count = _row(unit, id)["log_count"]
    rows = unit.select("job_log", {"job_id": id}, ("position",), window=window)
    return [JobLog(row["position"], row["at"], row["item"]) for row in rows], count


def append(unit: Unit, id: int, count: int, now: Instant, texts: Iterable[str]) -> int:
    """Adds entries, JSON texts, after the `count` that there are; gives how many there are then. Raises Invalid."""
    rows = []
    for at, text in enumerate(texts, count + 1):
        if len(text) > MAX_LOG_ITEM:
            raise Invalid(Problem("log", "too_long", {"limit": MAX_LOG_ITEM}))
        rows.append({"job_id": id, "position": at, "at": now, "item": text})
    unit.insert_many("job_log", rows)
    return count + len(rows)


# -- what workers do --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DueJob:
    """A row of the agenda as a worker saw it; `holder` is who had it last and did not give it back."""

    tenant_id: int
    job_id: int
    due_at: Instant
    holder: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """How far a job is: at task `position` of ``tasks`` or, once it has failed for good, of ``on_error``.

    `attempt` counts the tries of this task from 0, `takeups` how often it was taken up from a dead worker; `steps`
    all steps so far; `error` is why the job failed. `creator_id` is the user whose rights it has:
    the creator, or whoever changed what it runs before it began.
    """

    job_id: int
    creator_id: int | None
    parameters: Mapping[str, str]
    tasks: tuple[WorkflowTask, ...]
    on_error: tuple[WorkflowTask, ...]
    timeout: int
    deadline: Instant | None
    phase: str = "tasks"
    position: int = 0
    attempt: int = 0
    steps: int = 0
    takeups: int = 0
    error: str | None = None

    @property
    def task(self) -> WorkflowTask | None:
        """The task whose turn it is; None when a workflow has no tasks but only ones for errors."""
        tasks = self.tasks if self.phase == "tasks" else self.on_error
        return tasks[self.position] if self.position < len(tasks) else None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a step failed. `final`: neither retries nor a fallback can help."""

    message: str
    final: bool = False


@dataclass(frozen=True, slots=True)
class Next:
    """What follows a step: the run as it then is, when to go on (None: at once), or the status it ends with."""

    run: Run
    due_at: Instant | None = None
    status: str | None = None


def after(run: Run, failure: Failure | None, now: Instant) -> Next:
    """What follows when the current step has succeeded (`failure` None) or failed."""
    if failure is None:
        return _onward(replace(run, position=run.position + 1, attempt=0, takeups=0, steps=run.steps + 1))
    task = run.task
    overdue = run.phase == "tasks" and run.deadline is not None and now >= run.deadline
    retries = () if task is None or failure.final or overdue else task.retries
    if run.attempt < len(retries):
        due_at = min(now + retries[run.attempt] * SECOND, LATEST)
        if run.phase == "tasks" and run.deadline is not None:
            due_at = min(due_at, run.deadline)
        again = replace(run, attempt=run.attempt + 1, takeups=0)
        return Next(again, due_at if due_at > now else None)
    if run.phase == "on_error":
        # The other tasks for errors still get their turn.
        return _onward(replace(run, position=run.position + 1, attempt=0, takeups=0, steps=run.steps + 1))
    message = failure.message
    if task is not None and task.fallback and not failure.final and not overdue:
        names = [other.name for other in run.tasks]
        if task.fallback in names and run.steps + 1 < MAX_STEPS:
            position = names.index(task.fallback)
            return Next(replace(run, position=position, attempt=0, takeups=0, steps=run.steps + 1))
        if run.steps + 1 >= MAX_STEPS:
            message = f"more than {MAX_STEPS} steps"
    return _onward(replace(run, phase="on_error", position=0, attempt=0, takeups=0, error=message))


def _onward(run: Run) -> Next:
    if run.task is not None:
        return Next(run)
    return Next(run, status=OK if run.phase == "tasks" else ERROR)


def due(unit: Unit, now: Instant, limit: int) -> list[DueJob]:
    """What may be taken up now, of all tenants (`unit` is of none), oldest first."""
    return [DueJob(*row) for row in unit.due_jobs(now, limit)]


def held(unit: Unit, now: Instant, until: Instant, prefix: str) -> list[DueJob]:
    """What holders with that prefix work on, of all tenants (`unit` is of none)."""
    return [DueJob(*row) for row in unit.held_jobs(now, until, prefix)]


def look_up(unit: Unit, job_id: int) -> DueJob | None:
    """The agenda's row of one job, due or not."""
    rows = unit.select("job_agenda", {"job_id": job_id})
    return DueJob(unit.tenant_id, job_id, rows[0]["due_at"], rows[0]["holder"]) if rows else None


def claim(unit: Unit, seen: DueJob, holder: str, now: Instant, until: Instant) -> Run | None:
    """Takes the job up for `holder` until then; None when somebody was faster or there is nothing left to do.

    A job that was queued begins here, with its workflow as it is now.
    """
    key = {"job_id": seen.job_id}
    there = {**key, "due_at": seen.due_at, "holder": seen.holder}
    if unit.update("job_agenda", there, {"due_at": until, "holder": holder}) != 1:
        return None
    row = _row(unit, seen.job_id)
    if row["status"] in ENDED:
        unit.delete("job_agenda", key)
        return None
    if row["progress"] is None:
        return _begin(unit, row, now)
    run = _run(row)
    return run if seen.holder is None else _taken_over(unit, row, run, now)


def _begin(unit: Unit, row: Mapping[str, Any], now: Instant) -> Run | None:
    key = {"job_id": row["id"]}
    started = {"status": RUNNING, "started_at": row["started_at"] or now, "updated_at": now}
    try:
        source = workflow(unit, row["workflow_id"])
    except NotFound:
        items = [log_item(now, "", "the workflow is gone", error=True)]
        count = append(unit, row["id"], row["log_count"], now, items)
        _change(unit, row, {**started, "status": ERROR, "ended_at": now, "log_count": count})
        unit.delete("job_agenda", key)
        return None
    if not source.scripted:
        unit.delete("job_agenda", key)
        return None
    run = Run(
        row["id"],
        row["actor_id"] or row["creator_id"],
        orjson.loads(row["parameters"]),
        source.tasks,
        source.on_error,
        source.timeout,
        now + source.timeout * SECOND if source.timeout else None,
    )
    _change(unit, row, {**started, "progress": _stored(run)})
    return run


def _taken_over(unit: Unit, row: Mapping[str, Any], run: Run, now: Instant) -> Run | None:
    """The last worker did not give the job back: it died, or is thought dead."""
    run = replace(run, takeups=run.takeups + 1)
    if run.takeups <= MAX_TAKEUPS:
        _change(unit, row, {"progress": _stored(run)})
        return run
    failure = Failure(f"{run.takeups} workers died in this step", final=True)
    items = [log_item(now, run.task.name if run.task else "", failure.message, error=True)]
    return _record(unit, row, after(run, failure, now), now, items)


def renew(unit: Unit, job_id: int, holder: str, until: Instant) -> None:
    """Makes sure that the job is still the holder's, until then. Raises LeaseLost."""
    if unit.update("job_agenda", {"job_id": job_id, "holder": holder}, {"due_at": until}) != 1:
        raise LeaseLost(str(job_id))


def finish(
    unit: Unit, run: Run, failure: Failure | None, holder: str, now: Instant, until: Instant, items: Sequence[str]
) -> Run | None:
    """Records that the current step is done or has failed, in the transaction of its effects.

    The run to go on with, or None when the job has ended or waits. Raises LeaseLost.
    """
    renew(unit, run.job_id, holder, until)
    return _record(unit, _row(unit, run.job_id), after(run, failure, now), now, items)


def give_back(unit: Unit, job_id: int, holder: str, due_at: Instant) -> None:
    """Lets another worker take the job up, at `due_at`; no error when it is not the holder's any more."""
    unit.update("job_agenda", {"job_id": job_id, "holder": holder}, {"due_at": due_at, "holder": None})


def _record(unit: Unit, row: Mapping[str, Any], following: Next, now: Instant, items: Sequence[str]) -> Run | None:
    run, key = following.run, {"job_id": row["id"]}
    changes: dict[str, Any] = {"progress": _stored(run), "updated_at": now}
    room = max(MAX_LOGS - row["log_count"], 0)
    if len(items) > room:
        # The last one says how the step ended.
        items = [*items[: max(room - 1, 0)], *items[-1:]]
    changes["log_count"] = append(unit, row["id"], row["log_count"], now, items)
    if following.status is not None:
        changes.update(status=following.status, ended_at=now)
        unit.delete("job_agenda", key)
    elif following.due_at is not None:
        unit.update("job_agenda", key, {"due_at": following.due_at, "holder": None})
    _change(unit, row, changes)
    return run if following.status is None and following.due_at is None else None


def log_item(now: Instant, task: str, message: str, *, error: bool = False) -> str:
    """An entry as our workers write it: when, ``info`` or ``error``, the task's name, the message."""
    level = "error" if error else "info"
    message = clean_text(message[:MAX_MESSAGE])
    return orjson.dumps({"time": iso_time(now), "level": level, "task": task[:255], "message": message}).decode()


PROGRESS: Final = ("timeout", "deadline", "phase", "position", "attempt", "steps", "takeups", "error")


def _stored(run: Run) -> str:
    plan = {"tasks": list(run.tasks), "on_error": list(run.on_error)}
    return orjson.dumps({**plan, **{name: getattr(run, name) for name in PROGRESS}}).decode()


def _run(row: Mapping[str, Any]) -> Run:
    kept = orjson.loads(row["progress"])
    return Run(
        row["id"],
        row["actor_id"] or row["creator_id"],
        orjson.loads(row["parameters"]),
        tasks_of(kept["tasks"]),
        tasks_of(kept["on_error"]),
        **{name: kept[name] for name in PROGRESS},
    )
