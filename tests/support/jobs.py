"""Workflows and jobs in tests: making them, and running them with a clock that the test moves."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from adapter.jobs.runner import Runner
from adapter.jobs.scripts import Checker, Limits
from canonical.model import Job, Workflow, WorkflowTask
from canonical.query import Window
from canonical.service.workflows import ScriptError
from canonical.values import SECOND, Instant
from tests.support.world import World

CHECKER = Checker()


class ScriptsChecked:
    """Checks scripts as the server does, and remembers which jobs it was told of."""

    def __init__(self) -> None:
        self.announced: list[tuple[int, int]] = []

    def check(self, bodies: Sequence[str]) -> list[ScriptError | None]:
        return CHECKER.check(bodies)

    def announce(self, tenant_id: int, job_id: int) -> None:
        self.announced.append((tenant_id, job_id))


def task(body: str = "", name: str = "step", **values: Any) -> WorkflowTask:
    return WorkflowTask(name, body, **{**values, "retries": tuple(values.get("retries", ()))})


class Jobs:
    """A world's workflows and jobs. `now` is the runners' time; it starts at the world's and stands still."""

    def __init__(self, world: World, limits: Limits | None = None) -> None:
        self.world = world
        self.automation = ScriptsChecked()
        world.core.automation = self.automation
        self.limits = limits
        self.now: Instant = world.time()

    def runner(self, stop: threading.Event | None = None) -> Runner:
        return Runner(self.world.core, lambda: self.now, self.world.log, stop=stop, limits=self.limits)

    def workflow(self, *tasks: WorkflowTask, token: str = "ann-token", **values: Any) -> Workflow:
        made = Workflow(name="test", tasks=tasks, **values)
        return self.world.write(lambda desk: desk.save_workflow(made), token)

    def start(self, *tasks: WorkflowTask, token: str = "ann-token", job: Any = None, **values: Any) -> int:
        """A job of a new workflow of these tasks; its id."""
        workflow = self.workflow(*tasks, token=token, **values)
        made = Job(workflow_id=workflow.id, **(job or {}))
        return self.world.write(lambda desk: desk.create_job(made), token).id

    def run_due(self) -> int:
        """Runs what is due now, until nothing is; gives how many take-ups that were."""
        count = 0
        while due := self.runner().due():
            count += sum(self.runner().run(seen.tenant_id, seen.job_id) for seen in due)
        return count

    def run(self, *tasks: WorkflowTask, **values: Any) -> Job:
        """Starts a job of these tasks, runs what is due, and gives the job as it then is."""
        id = self.start(*tasks, **values)
        self.run_due()
        return self.job(id)

    def job(self, id: int) -> Job:
        return self.world.desk().job(id)

    def log(self, id: int) -> list[Any]:
        return [entry.item for entry in self.world.desk().job_logs(id, Window())[0]]

    def said(self, id: int) -> list[str]:
        return [item["message"] for item in self.log(id)]

    def errors(self, id: int) -> list[str]:
        return [item["message"] for item in self.log(id) if item["level"] == "error"]

    def wait(self, seconds: float) -> None:
        """Moves the clock on."""
        self.now += int(seconds * SECOND)


@contextmanager
def jobs_in(folder: Path, limits: Limits | None = None) -> Iterator[Jobs]:
    with World(folder) as world:
        yield Jobs(world, limits)
