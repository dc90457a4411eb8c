"""The part of the desk that is about what a tenant sets up: custom fields, picklists, workflows and their jobs."""

from __future__ import annotations

from abc import abstractmethod

from canonical.model import CustomField, Job, JobLog, PicklistItem, Workflow
from canonical.operations import JobUpdate
from canonical.query import Window
from canonical.service import jobs, lookups, workflows
from canonical.service.workflows import Automation
from canonical.store.port import Unit
from canonical.values import Instant

WHOLE = Window()


class SetupDesk:
    """Answers in `unit`; all of a tenant's users see what it set up."""

    __slots__ = ()

    unit: Unit
    now: Instant
    announced: list[int]
    _me: int
    _automation: Automation | None

    @abstractmethod
    def _may_write(self) -> None: ...

    # -- definitions --------------------------------------------------------------------------------

    def custom_fields(self, kind: str) -> list[CustomField]:
        return lookups.custom_fields(self.unit, kind)

    def save_custom_field(self, definition: CustomField) -> CustomField:
        self._may_write()
        return lookups.save_custom_field(self.unit, definition)

    def delete_custom_field(self, kind: str, name: str, group: str = "") -> None:
        self._may_write()
        lookups.delete_custom_field(self.unit, kind, name, group)

    def picklist(self, name: str) -> list[PicklistItem]:
        return lookups.picklist(self.unit, name)

    def save_picklist_item(self, item: PicklistItem) -> PicklistItem:
        self._may_write()
        return lookups.save_picklist_item(self.unit, item)

    def delete_picklist_item(self, item_id: int) -> None:
        self._may_write()
        lookups.delete_picklist_item(self.unit, item_id)

    # -- workflows and jobs ---------------------------------------------------------------------------

    def check_scripts(self, workflow: Workflow) -> None:
        workflows.check_scripts(self._automation, workflows.checked(workflow))

    def workflows(self, window: Window = WHOLE) -> list[Workflow]:
        return workflows.workflows(self.unit, window)

    def workflow(self, id: int) -> Workflow:
        return workflows.workflow(self.unit, id)

    def save_workflow(self, workflow: Workflow) -> Workflow:
        self._may_write()
        return workflows.save_workflow(self.unit, workflow, self._me, self.now, self._automation)

    def delete_workflow(self, id: int) -> None:
        self._may_write()
        workflows.delete_workflow(self.unit, id)

    def jobs(self, status: str | None = None, window: Window = WHOLE) -> tuple[list[Job], int]:
        return jobs.jobs(self.unit, status, window)

    def job(self, id: int) -> Job:
        return jobs.job(self.unit, id)

    def create_job(self, job: Job) -> Job:
        self._may_write()
        made = jobs.create_job(self.unit, job, self._me, self.now)
        self.announced.append(made.id)
        return made

    def update_job(self, update: JobUpdate) -> Job:
        self._may_write()
        return jobs.update_job(self.unit, update, self._me, self.now)

    def cancel_job(self, id: int) -> Job:
        self._may_write()
        return jobs.cancel_job(self.unit, id, self._me, self.now)

    def job_logs(self, id: int, window: Window = WHOLE) -> tuple[list[JobLog], int]:
        return jobs.logs(self.unit, id, window)
