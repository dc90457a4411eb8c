"""Workflows: what a tenant's jobs do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import orjson

from canonical.errors import Conflict, Invalid, NotFound, Problem, Unsupported
from canonical.model import Workflow, WorkflowTask
from canonical.model.workflow import QUEUED
from canonical.query import Window
from canonical.service.timed_ids import timed_id
from canonical.store.port import Unit
from canonical.values import MAX_ID, Instant, clean_text

MAX_TASKS = 100
MAX_BODY = 65_536
MAX_RETRIES = 100
MAX_SECONDS = 10 * 365 * 86_400


@dataclass(frozen=True, slots=True)
class ScriptError:
    """Where a script does not parse: line and column count from 1."""

    line: int
    column: int
    message: str


class Automation(Protocol):
    """Who checks and runs scripts; the command line joins it to the core."""

    def check(self, bodies: Sequence[str]) -> list[ScriptError | None]:
        """For each script why it does not parse, or None."""

    def announce(self, tenant_id: int, job_id: int) -> None:
        """A job is there to be taken up. A hint that may be lost: what workers go by is the agenda. Never raises."""


def check_scripts(automation: Automation | None, workflow: Workflow) -> None:
    """Raises Invalid: field ``tasks`` or ``on_error``, code ``does_not_parse``, with the task's name, line and column.

    Raises Unsupported when nobody is there to run scripts.
    """
    fields = [("tasks", task) for task in workflow.tasks] + [("on_error", task) for task in workflow.on_error]
    scripts = [(field, task) for field, task in fields if task.body]
    if not scripts:
        return
    if automation is None:
        raise Unsupported("no scripts are run here")
    found = automation.check([task.body for _, task in scripts])
    problems = [
        Problem(
            field,
            "does_not_parse",
            {"task": task.name, "line": error.line, "column": error.column, "message": error.message},
        )
        for (field, task), error in zip(scripts, found, strict=True)
        if error is not None
    ]
    if problems:
        raise Invalid(*problems)


def checked(workflow: Workflow) -> Workflow:
    """The workflow as it is stored. Raises Invalid for what is out of bounds."""
    problems = []
    for field, tasks in (("tasks", workflow.tasks), ("on_error", workflow.on_error)):
        if len(tasks) > MAX_TASKS:
            problems.append(Problem(field, "too_many", {"limit": MAX_TASKS}))
        for task in tasks:
            if len(task.body.encode("utf-8", "replace")) > MAX_BODY:
                problems.append(Problem(field, "too_long", {"task": task.name, "limit": MAX_BODY}))
            if len(task.retries) > MAX_RETRIES:
                problems.append(Problem(field, "too_many", {"task": task.name, "limit": MAX_RETRIES}))
            if not all(0 <= seconds <= MAX_SECONDS for seconds in (*task.retries, task.timeout)):
                problems.append(Problem(field, "out_of_range", {"task": task.name}))
    if not 0 <= workflow.timeout <= MAX_SECONDS:
        problems.append(Problem("timeout", "out_of_range"))
    if problems:
        raise Invalid(*problems)
    return replace(
        workflow,
        name=clean_text(workflow.name),
        tasks=tuple(map(_cleaned, workflow.tasks)),
        on_error=tuple(map(_cleaned, workflow.on_error)),
    )


def _cleaned(task: WorkflowTask) -> WorkflowTask:
    return replace(task, name=clean_text(task.name), body=clean_text(task.body), fallback=clean_text(task.fallback))


def tasks_text(tasks: Sequence[WorkflowTask]) -> str:
    """Tasks as they are stored."""
    return orjson.dumps([asdict(task) for task in tasks]).decode()


def tasks_of(stored: Sequence[Mapping[str, Any]]) -> tuple[WorkflowTask, ...]:
    return tuple(WorkflowTask(**{**task, "retries": tuple(task["retries"])}) for task in stored)


def _workflow(row: Mapping[str, Any]) -> Workflow:
    return Workflow(
        row["id"],
        row["name"],
        tasks_of(orjson.loads(row["tasks"])),
        tasks_of(orjson.loads(row["on_error"])),
        row["timeout"],
        row["created_at"],
        row["updated_at"],
        row["creator_id"],
        row["extras"],
    )


def workflows(unit: Unit, window: Window) -> list[Workflow]:
    """The tenant's workflows, oldest first."""
    return [_workflow(row) for row in unit.select("workflow", {}, ("id",), window=window)]


def workflow(unit: Unit, id: int) -> Workflow:
    """Raises NotFound."""
    return _workflow(_row(unit, id))


def _row(unit: Unit, id: int) -> dict[str, Any]:
    rows = unit.select("workflow", {"id": id}) if 0 < id <= MAX_ID else []
    if not rows:
        raise NotFound("workflow", id)
    return rows[0]


def save_workflow(unit: Unit, given: Workflow, me: int, now: Instant, automation: Automation | None) -> Workflow:
    """Creates (id 0) or replaces. Raises Invalid, NotFound, Unsupported.

    Jobs that have begun go on as they were; those that have not act as whoever changed what they run.
    """
    given = checked(given)
    check_scripts(automation, given)
    values: dict[str, Any] = {
        "name": given.name,
        "tasks": tasks_text(given.tasks),
        "on_error": tasks_text(given.on_error),
        "timeout": given.timeout,
        "extras": given.extras,
    }
    if not given.id:
        id = timed_id(unit, now)
        unit.insert("workflow", {**values, "id": id, "version": 1, "created_at": now, "creator_id": me})
        return workflow(unit, id)
    version = _row(unit, given.id)["version"]
    changed = {**values, "updated_at": now, "version": version + 1}
    if unit.update("workflow", {"id": given.id, "version": version}, changed) != 1:
        raise Conflict(f"workflow {given.id} was changed meanwhile")
    unit.update("job", {"workflow_id": given.id, "status": QUEUED, "progress": None}, {"actor_id": me})
    return workflow(unit, given.id)


def delete_workflow(unit: Unit, id: int) -> None:
    """Its jobs stay: those that have begun go on, those that have not will fail. Raises NotFound."""
    if not 0 < id <= MAX_ID or not unit.delete("workflow", {"id": id}):
        raise NotFound("workflow", id)
