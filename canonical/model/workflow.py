"""Workflows: what to do in which order; jobs: one run of a workflow each."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from canonical.model.spec import Extras
from canonical.values import Instant

QUEUED: Final = "queued"
RUNNING: Final = "running"
OK: Final = "ok"
ERROR: Final = "error"
CANCELLED: Final = "cancelled"
JOB_STATUSES: Final = (QUEUED, RUNNING, OK, ERROR, CANCELLED)
ENDED: Final = (OK, ERROR, CANCELLED)


@dataclass(frozen=True, slots=True)
class WorkflowTask:
    """One task of a workflow.

    `body` is a script, or empty for one that an outside worker does; `fallback` names the task to go on with when
    this one has failed for good; `retries` are the seconds to wait before each further try; `timeout` is how many
    seconds one try may take, 0 for the default.
    """

    name: str = ""
    body: str = ""
    fallback: str = ""
    retries: tuple[int, ...] = ()
    timeout: int = 0


@dataclass(slots=True)
class Workflow:
    """`tasks` run in order, `on_error` when a job fails for good; `timeout`: seconds for the whole job, 0 for none."""

    id: int = 0
    name: str = ""
    tasks: tuple[WorkflowTask, ...] = ()
    on_error: tuple[WorkflowTask, ...] = ()
    timeout: int = 0
    created_at: Instant = 0
    updated_at: Instant | None = None
    creator_id: int | None = None
    extras: Extras = field(default_factory=dict)

    @property
    def scripted(self) -> bool:
        """Whether any task has a body; a job of a workflow without is left to an outside worker."""
        return any(task.body for task in (*self.tasks, *self.on_error))


@dataclass(slots=True)
class Job:
    """One run of a workflow, with the rights of its creator, or of whoever changed what it runs before it began.

    `status` is one of `JOB_STATUSES` and only ever moves on: queued, running, then one of `ENDED`. Before `start_at`
    no worker takes it up. `parameters` are what the scripts see as ``params``.
    """

    id: int = 0
    workflow_id: int = 0
    status: str = QUEUED
    parameters: dict[str, str] = field(default_factory=dict)
    start_at: Instant | None = None
    created_at: Instant = 0
    updated_at: Instant | None = None
    creator_id: int | None = None
    started_at: Instant | None = None
    ended_at: Instant | None = None
    extras: Extras = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobLog:
    """One entry of a job's append-only log: `text` is any JSON value as it came, `position` counts from 1."""

    position: int
    at: Instant
    text: str

    @property
    def item(self) -> Any:
        return json.loads(self.text)
