"""The element `task`: an activity of type task (seed 004; capsule dossier, sections 3, 4 and 10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.fields.expression import Told
from canonical.model import CLOSED_STATES, Activity
from canonical.values import Instant, Ref, midnight
from dialects.capsule.errors import BadRequest
from dialects.capsule.fields.subjects import id_field, name_field, read_links
from dialects.capsule.fields.table import (
    ID,
    TIME,
    Field,
    read_record,
    read_simple,
    read_text,
    unchanged,
    write_simple,
)
from dialects.capsule.wire import texts
from dialects.capsule.wire.bodies import Tree

OPEN = "OPEN"
COMPLETED = "COMPLETED"
STATES = {OPEN: "open", COMPLETED: "completed"}


def _due_date(task: Activity, context: object) -> str | None:
    return texts.show_time(task.due_at) if task.due_at is not None and task.due_date_only else None


def _moment(task: Activity) -> Instant | None:
    """The due of a task that has a time, with the seconds that another dialect gave it: writing back what is shown
    must not round it."""
    return None if task.due_at is None or task.due_date_only else texts.cut_to_second(task.due_at)


def _due_date_time(task: Activity, context: object) -> str | None:
    return None if task.due_at is None or task.due_date_only else texts.show_time(task.due_at)


def status(task: Activity, context: object = None) -> str:
    """Capsule knows two states; whoever cancelled a task is done with it."""
    return COMPLETED if task.state in CLOSED_STATES else OPEN


def _completed_on(task: Activity, context: object) -> str | None:
    if task.completed_at is None or task.state not in CLOSED_STATES:
        return None
    return texts.show_time(task.completed_at)


FIELDS = (
    Field("id", "id", ID, read_only=True),
    Field("description", "title", required=True),
    Field("detail", "body"),
    Field("category", "category"),
    Field("dueDate", show=Told(_due_date, frozenset({"due_at", "due_date_only"})), safe=True),
    Field("dueDateTime", show=Told(_due_date_time, frozenset({"due_at", "due_date_only"})), safe=True),
    Field("owner", "owner_username", kept=True),
    id_field("party", "party"),
    name_field("party", "party"),
    id_field("opportunity", "opportunity"),
    name_field("opportunity", "opportunity"),
    id_field("case", "case"),
    name_field("case", "case"),
    Field("status", show=Told(status, frozenset({"state"})), safe=True),
    Field("completedOn", show=Told(_completed_on, frozenset({"completed_at", "state"})), read_only=True, safe=True),
    Field("createdOn", "created_at", TIME, read_only=True),
    Field("updatedOn", "updated_at", TIME, read_only=True),
)


def read_task(body: Tree, current: Activity | None = None, *, new: bool) -> dict[str, Any]:
    """Canonical values of a `new` task, or of what changes; of `current`, where it is known.

    The owner stands as ``owner_username``. Raises `BadRequest` naming the element that is wrong.
    """
    values = read_simple(FIELDS, body, current, new=new)
    values.update(_read_due(body, current, new=new))
    given = body.text("status")
    if given is not None and (current is None or not unchanged(given.upper(), status(current))):
        if given.strip():
            values["state"] = read_status(given)
        elif not new:
            raise BadRequest("status is required")
    return values


def read_status(text: str) -> str:
    """The canonical state for OPEN or COMPLETED in any letter case. Raises `BadRequest`."""
    try:
        return STATES[text.strip().upper()]
    except KeyError:
        raise BadRequest("status is invalid") from None


def _read_due(body: Tree, current: Activity | None, *, new: bool) -> dict[str, Any]:
    """The due of a body; with both elements `dueDateTime` wins (capsule dossier, section 3)."""
    moment = body.text("dueDateTime")
    if moment is not None and moment.strip():
        at = read_text("dueDateTime", TIME, moment)
        if current is not None and _moment(current) == at:
            return {}
        return {"due_at": texts.cut_to_minute(at), "due_date_only": False}
    day = body.text("dueDate")
    if day is not None and day.strip():
        at = read_text("dueDate", TIME, day)
        return {"due_at": midnight(at), "due_date_only": True}
    # A task has a due here; only where another dialect made one without any is there nothing to take away.
    emptied = current is not None and (
        (moment is not None and _due_date_time(current, None) is not None)
        or (day is not None and _due_date(current, None) is not None)
    )
    if new or emptied:
        raise BadRequest("dueDate is required")
    return {}


def parse_task(tree: Tree) -> Activity:
    """The task that a server's answer shows, with that server's ids. Raises `BadRequest`."""
    values = read_record(FIELDS, tree)
    task = Activity(**values)
    moment, day = tree.filled("dueDateTime"), tree.filled("dueDate")
    if moment is not None:
        task.due_at = read_text("dueDateTime", TIME, moment)
    elif day is not None:
        task.due_at, task.due_date_only = read_text("dueDate", TIME, day), True
    task.state = read_status(tree.filled("status") or OPEN)
    completed = tree.filled("completedOn")
    if completed is not None:
        task.completed_at = read_text("completedOn", TIME, completed)
    task.links = read_links(tree, Ref("activity", task.id))
    return task


def write_task(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Elements for canonical values, to create or to update a task on a server."""
    pairs = write_simple(FIELDS, values)
    if values.get("due_at") is not None:
        name = "dueDate" if values.get("due_date_only") else "dueDateTime"
        pairs.append((name, texts.show_time(values["due_at"])))
    if "state" in values:
        pairs.append(("status", COMPLETED if values["state"] in CLOSED_STATES else OPEN))
    order = {field.name: index for index, field in enumerate(FIELDS)}
    return sorted(pairs, key=lambda pair: order[pair[0]])
