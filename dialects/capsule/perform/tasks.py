"""Tasks: everything that the seed lists (seed 004; capsule dossier, sections 2, 5 and 7)."""

from __future__ import annotations

from collections.abc import Sequence

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.errors import NotFound
from canonical.model import CLOSED_STATES, Activity
from canonical.operations import Create, Delete, NewLink, Update
from dialects.capsule import query
from dialects.capsule.fields import writers
from dialects.capsule.fields.picklists import categories
from dialects.capsule.fields.subjects import note_losses
from dialects.capsule.fields.table import fields_shown
from dialects.capsule.fields.task import FIELDS, read_task
from dialects.capsule.perform.common import Parent, page_cap, path_id, settle_owner, url
from dialects.capsule.perform.replies import answer_for, changed, created, done, reply_list, reply_one, reply_texts
from dialects.capsule.wire.bodies import read_body

SHOWN_STATES = ("open", "completed")
READ = ("type", *fields_shown(FIELDS))
"""The fields that showing a task takes."""


def _load(call: Call, *, to_show: bool = False) -> Activity:
    id = path_id(call, "id", "task")
    task = call.desk.get(Activity, id, ("links",), READ) if to_show else call.desk.get(Activity, id)
    if task.type != "task":
        raise NotFound(Activity.KIND, id)
    return task


def _note_losses(call: Call, tasks: Sequence[Activity]) -> None:
    note_losses(tasks, call.losses)
    unsaid = [task for task in tasks if task.state not in SHOWN_STATES]
    if unsaid:
        call.losses.add("activity", "state", "open_or_completed_only", len(unsaid))


def read(call: Call) -> WireResponse:
    answer = answer_for(call)
    task = _load(call, to_show=True)
    _note_losses(call, (task,))
    return reply_one(answer, writers.TASK, task)


def listing(call: Call, parent: Parent | None = None) -> WireResponse:
    """All tasks, or those about a party, opportunity or case."""
    answer = answer_for(call)
    target = None
    if parent is not None:
        parent.load(call)
        target = parent.ref(call)
    wanted = query.tasks(query.parameters(call.request), page_cap(call), target)
    found = call.desk.find(Activity, wanted, ("links",), fields=READ).items
    _note_losses(call, found)
    return reply_list(answer, "tasks", writers.TASK, found)


def create(call: Call, parent: Parent | None = None) -> WireResponse:
    """A task, about a party, opportunity or case when it is posted below one."""
    links: tuple[NewLink, ...] = ()
    if parent is not None:
        parent.load(call)
        links = (NewLink(parent.ref(call)),)
    values = read_task(read_body(call.request, "task"), new=True)
    settle_owner(call, values)
    task = call.desk.create(Create(Activity, {"type": "task", **values}, links))
    return created(url(call, f"/api/task/{task.id}"))


def update(call: Call) -> WireResponse:
    task = _load(call)
    values = read_task(read_body(call.request, "task"), task, new=False)
    settle_owner(call, values, task)
    task = call.desk.update(Update(Activity, task.id, values), ("links",))
    return changed(call, writers.TASK, task)


def delete(call: Call) -> WireResponse:
    call.desk.delete(Delete(Activity, _load(call).id))
    return done()


def complete(call: Call) -> WireResponse:
    """Once more changes nothing, and neither does it for a task that another dialect cancelled."""
    task = _load(call)
    if task.state not in CLOSED_STATES:
        call.desk.update(Update(Activity, task.id, {"state": "completed"}))
    return done()


def reopen(call: Call) -> WireResponse:
    task = _load(call)
    if task.state in CLOSED_STATES:
        call.desk.update(Update(Activity, task.id, {"state": "open"}))
    return done()


def list_categories(call: Call) -> WireResponse:
    answer = answer_for(call)
    return reply_texts(answer, "taskCategories", "taskCategory", [item.value for item in categories(call.desk)])
