"""Tasks: ``completed``, ``completedDateTime``, ``status`` and ``latestDateTime`` on one canonical state.

The canonical state is what all dialects share. Where the vendor's own words say something it cannot (3.x:
``completed`` 1 while ``status`` stays 1, zurmo dossier, section 7), they are kept in two extras:

- ``status``: ``<state>:<status>:<completed_at>``, good as long as the record has that state and moment, with a ``-``
  at the end while ``completedDateTime`` is not to be shown;
- ``done``: the ``completedDateTime`` of a task that is not completed.
"""

from __future__ import annotations

import re
from typing import Final

from adapter.formats.form_body import Nested
from canonical.model import Activity
from canonical.query import eq
from canonical.values import sql_time
from dialects.zurmo.fields import base, common, plain
from dialects.zurmo.fields.base import Draft, Field, View, kept
from dialects.zurmo.fields.inline import SHOW, shortcut
from dialects.zurmo.fields.references import project, user
from dialects.zurmo.fields.task_search import (
    RANK,
    STATE_OF,
    STATUS_OF,
    search_completed,
    search_done,
    search_latest,
    search_status,
)
from dialects.zurmo.query.nodes import extra_column, text_node
from dialects.zurmo.settings import NAME_LENGTH

COMPLETED: Final = "5"
_INTEGER = re.compile(r"-?[0-9]{1,9}\Z")


def _own(record: Activity) -> tuple[str, bool] | None:
    """Our own status, while it fits the record, and whether completedDateTime is hidden."""
    held = kept(record, "status")
    if not isinstance(held, str):
        return None
    state, _, more = held.partition(":")
    status, _, stamp = more.partition(":")
    hidden = stamp.endswith("-")
    if state != record.state or stamp.removesuffix("-") != str(record.completed_at or ""):
        return None
    return status, hidden


def status_of(record: Activity) -> str:
    """The vendor's status, "1" to "5"."""
    own = _own(record)
    return own[0] if own is not None else STATUS_OF.get(record.state, "1")


def completed_at(record: Activity) -> int | None:
    """The instant of completedDateTime."""
    if record.state == "completed":
        own = _own(record)
        return None if own is not None and own[1] else record.completed_at
    done = kept(record, "done")
    return plain.read_moment(done) if isinstance(done, str) else None


def _show_completed(record: Activity, view: View) -> str | None:
    if record.state == "completed":
        return "1"
    # Null until it is set in 2.x, "0" from the start in 3.x (recordings 007, 060).
    return kept(record, "completed", "0" if view.profile.v3 else None)  # type: ignore[no-any-return]


def _show_completed_at(record: Activity, view: View) -> str | None:
    return plain.shown_moment(record, "completedDateTime", completed_at(record))


def _show_latest(record: Activity, view: View) -> str:
    held = kept(record, "latest")
    return held if isinstance(held, str) else sql_time(record.created_at)


def _take_completed(draft: Draft, row: Field, value: Nested) -> None:
    flag = plain.as_flag(draft, row, value)
    if flag is not None:
        draft.scratch["completed"] = flag


def _take_completed_at(draft: Draft, row: Field, value: Nested) -> None:
    good, at = plain.as_moment(draft, row, value)
    if good:
        draft.scratch["done"] = at


def _take_status(draft: Draft, row: Field, value: Nested) -> None:
    if not isinstance(value, str) or not (value == "" or _INTEGER.match(value)):
        draft.fail(row.name, base.MUST_BE.format(row.label, "integer"))
    elif value == "":
        draft.fail(row.name, base.BLANK.format(row.label))
    else:
        draft.scratch["status"] = str(int(value))


def settle(draft: Draft) -> None:
    """What the vendor's rules make of completed, status and completedDateTime (zurmo dossier, section 7)."""
    record: Activity | None = draft.record
    scratch = draft.scratch
    if draft.partial:
        _settle_blindly(draft)
        return
    if record is None and draft.profile.v3:
        if draft.user_id is not None:
            draft.values.setdefault("requester_id", draft.user_id)
        if "status" not in draft.sent:
            draft.memory["status"] = 1
    if not scratch:
        return
    was = record is not None and record.state == "completed"
    status = "1" if record is None else status_of(record)
    done = scratch["done"] if "done" in scratch else None if record is None else completed_at(record)
    completed = was
    if "completed" in scratch:
        completed = scratch["completed"] == "1"
        # What shows once the task is not completed any more.
        draft.extras["completed"] = "0"
        if completed and not was and not draft.profile.v3 and done is None:
            done = draft.now
            draft.extras["latest"] = draft.memory["completedDateTime"] = sql_time(draft.now)
    if "status" in scratch and scratch["status"] != (None if record is None else status):
        status = scratch["status"]
        if status == COMPLETED:
            completed, done = True, draft.now
            draft.extras["latest"] = draft.memory["completedDateTime"] = sql_time(draft.now)
            draft.extras["completed"] = "0"
        elif not (record is None and completed):
            completed = False
    state = _state(record, status, completed, was, draft)
    at = None
    if state == "completed":
        at = done if done is not None else (record.completed_at if record is not None and was else None) or draft.now
        draft.extras["done"] = None
        draft.values["completed_at"] = at
    else:
        draft.extras["done"] = None if done is None else sql_time(done)
        if was:
            draft.values["completed_at"] = None
    draft.values["state"] = state
    word = status if draft.profile.v3 else STATUS_OF[state]
    hidden = state == "completed" and done is None
    odd = hidden or STATUS_OF[state] != word
    draft.extras["status"] = f"{state}:{word}:{at or ''}{'-' if hidden else ''}" if odd else None


def _settle_blindly(draft: Draft) -> None:
    """The plain meaning of what was sent, the record not being at hand."""
    scratch = draft.scratch
    if scratch.get("completed") == "1":
        draft.values["state"] = "completed"
    elif "status" in scratch:
        draft.values["state"] = STATE_OF.get(scratch["status"], "open")
    elif "completed" in scratch:
        draft.values["state"] = "open"
    if draft.values.get("state") == "completed":
        if scratch.get("done") is not None:
            draft.values["completed_at"] = scratch["done"]
    elif scratch.get("done") is not None:
        draft.extras["done"] = sql_time(scratch["done"])
    if draft.whole and "completed" in scratch:
        draft.extras["completed"] = "0"


def _state(record: Activity | None, status: str, completed: bool, was: bool, draft: Draft) -> str:
    if completed:
        return "completed"
    if "status" in draft.scratch or (was and draft.profile.v3):
        # Status 5 that is not completed, or one of no meaning, is open.
        state = STATE_OF.get(status, "open")
        return "open" if state == "completed" else state
    return "open" if record is None or was else record.state


def _show_name(record: Activity, view: View) -> str | None:
    return base.shortened(record, view, "title", record.title, view.profile.name_length)


def _take_name(draft: Draft, row: Field, value: Nested) -> None:
    text = plain.as_text(draft, row, value)
    if text is None:
        return
    if len(text) > draft.profile.name_length:
        draft.fail(row.name, base.TOO_LONG.format(row.label, draft.profile.name_length))
    else:
        draft.values["title"] = text


FIELDS: tuple[Field, ...] = (
    common.OWNER,
    common.PERMISSIONS,
    *common.AUDIT,
    Field(
        "latestDateTime",
        show=shortcut(f"{SHOW} if mine else sql_time(record.created_at)", _show_latest),
        search=search_latest,
        sort="created_at",
        element="DateTime",
        read_only=True,
        required=True,
    ),
    Field(
        "completedDateTime",
        show=shortcut(
            f"{SHOW} if mine else None if record.state != 'completed' or (at := record.completed_at) is None "
            "else sql_time(at)",
            _show_completed_at,
        ),
        take=_take_completed_at,
        search=search_done,
        sort="completed_at",
        label="Completed On",
        element="DateTime",
    ),
    Field(
        "completed",
        show=shortcut(
            f"'1' if record.state == 'completed' else {SHOW} if mine else '0' if view.profile.v3 else None",
            _show_completed,
        ),
        take=_take_completed,
        search=search_completed,
        order=(eq("state", "completed"), extra_column("completed")),
        columns=("state",),
        element="CheckBox",
        echo=lambda shown, sent: shown,
    ),
    # Plain text in 2.x, hence found by its beginning there (zurmo dossier, section 5).
    plain.text_area("description", "body", seed_operator="startsWith"),
    plain.moment("dueDateTime", "due_at", label="Due On"),
    Field(
        "name",
        show=shortcut(
            f"name if (name := record.title) is not None and len(name) <= {NAME_LENGTH} else {SHOW}", _show_name
        ),
        take=_take_name,
        search=plain.column_search("title", text_node),
        sort="title",
        default_operator="startsWith",
        required=True,
        missing=base.blank,
    ),
    Field(
        "status",
        show=shortcut(
            f"'1' if record.state == 'open' and not mine else {SHOW}", lambda record, view: status_of(record)
        ),
        take=_take_status,
        search=search_status,
        sort=RANK,
        columns=("state",),
        element="TaskStatusDropDown",
        required=True,
        v3_only=True,
    ),
    user("requestedByUser", "requester_id", "requester_username", v3_only=True),
    project(),
)

READS: Final = (
    *("type", "extras", "title", "body", "state", "completed_at", "due_at", "created_at", "updated_at"),
    *("visibility", "group_id", "owner_id", "creator_id", "modifier_id", "requester_id"),
    *("owner_username", "creator_username", "modifier_username", "requester_username"),
)
"""What the rows above look at to show a task: the rest need not be read."""
