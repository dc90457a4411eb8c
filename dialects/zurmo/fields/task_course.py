"""What becomes of a task: the vendor's rules for ``completed``, ``completedDateTime`` and ``status``.

In 3.x attributes count in the order sent (zurmo dossier, section 7): a status sets what the others say, and they may
say otherwise after it. In 2.x there is no status, and completing sets the moment at the end. Where the result goes,
`task` tells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from adapter.formats.form_body import Nested
from canonical.model import Activity
from canonical.values import sql_time
from dialects.zurmo.fields import base, plain
from dialects.zurmo.fields.base import Draft, Field, View, kept, written_back
from dialects.zurmo.fields.task_search import STATE_OF, STATUS_OF

COMPLETED: Final = "5"
UNSET: Final = ""
"""Kept as our word for ``completed`` where a client made it null."""
_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,9}\s*\Z")


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


@dataclass(slots=True)
class _Course:
    """What the vendor's memory holds while it sets one attribute after the other."""

    draft: Draft
    rows: Mapping[str, Field]
    completed: bool = False
    done: int | None = None
    status: str = "1"
    by_status: bool = False
    """Whether a status was sent."""
    flag: str | None = None
    """``completed`` as sent, while it is what counts."""
    bad: bool = False
    """Whether that is neither 1 nor 0."""

    def set(self, name: str, value: Nested) -> None:
        match name:
            case "completed":
                self._set_completed(value)
            case "completedDateTime":
                self._set_moment(value)
            case "status":
                self._set_status(value)

    def _set_completed(self, value: Nested) -> None:
        flag = plain.flag_of(value) if isinstance(value, str) else UNSET
        self.bad = flag is None
        self.completed = flag == "1"
        self.flag = value if isinstance(value, str) else None
        self.draft.scratch["completed"] = flag
        # What shows once the task is not completed any more.
        self.draft.extras["completed"] = UNSET if flag == UNSET else "0"

    def _set_moment(self, value: Nested) -> None:
        draft, row = self.draft, self.rows["completedDateTime"]
        if isinstance(value, dict):
            good, at = True, None
            plain.forget_zero(draft, row.name)
        elif draft.record is not None and value == plain.shown_moment(draft.record, row.name, self.done):
            return  # as shown: to the fraction of a second what it was
        else:
            good, at = plain.as_moment(draft, row, value)
        if good:
            self.done = draft.scratch["done"] = at

    def _set_status(self, value: Nested) -> None:
        draft, row = self.draft, self.rows["status"]
        if value == "" or (isinstance(value, dict) and draft.creating):
            base.blank(draft, row)
        elif isinstance(value, dict):
            return
        elif not _INTEGER.match(value):
            draft.fail(row.name, base.MUST_BE.format(row.label, "integer"))
        else:
            self.status = draft.scratch["status"] = str(int(value))
        self.by_status, self.bad, self.flag = True, False, None
        self.completed = self.status == COMPLETED and row.name not in draft.errors
        draft.extras["completed"] = "0"
        if self.completed and self.done is None:
            self.done = draft.now
            draft.memory["completedDateTime"] = sql_time(draft.now)
        if self.completed and self.done is not None:
            draft.extras["latest"] = sql_time(self.done)


def settle(draft: Draft, rows: Mapping[str, Field]) -> None:
    """Puts what was sent of a task's course into the draft; `rows` are its attributes by name."""
    record: Activity | None = draft.record
    if draft.creating and draft.profile.v3:
        if draft.user_id is not None:
            draft.values.setdefault("requester_id", draft.user_id)
        if "status" not in draft.sent:
            draft.memory["status"] = 1
    sent = [name for name in draft.sent if name in rows and (draft.profile.v3 or not rows[name].v3_only)]
    if not sent:
        return
    course = _Course(draft, rows)
    if record is not None:
        course.completed, course.done = record.state == "completed", completed_at(record)
        course.status = status_of(record)
    if record is not None and _as_shown(record, sent, course):
        return
    for name in sent:
        course.set(name, draft.sent[name])
        if name == "completedDateTime":
            draft.memory.pop(name, None)
    if course.bad:
        draft.fail("completed", base.NOT_FLAG.format(rows["completed"].label))
    if draft.whole:
        _settle_as_shown(draft, rows["completed"])
    elif not draft.errors:
        _store(draft, course)


def _as_shown(record: Activity, sent: list[str], course: _Course) -> bool:
    """Whether all that was sent is what is shown, and no status in it says otherwise."""
    draft, view = course.draft, View(course.draft.profile)
    if not all(written_back(course.rows[name].show(record, view), draft.sent[name]) for name in sent):
        return False
    return "status" not in sent or course.completed == (course.status == COMPLETED)


def _store(draft: Draft, course: _Course) -> None:
    """The state that it comes to, and our words where they say more than it."""
    record: Activity | None = draft.record
    was = record is not None and record.state == "completed"
    completed, done = course.completed, course.done
    if completed and not was and done is None and not draft.profile.v3:
        done = draft.now
        draft.extras["latest"] = draft.memory["completedDateTime"] = sql_time(draft.now)
    if course.flag is not None:
        draft.memory["completed"] = course.flag
    state = _state(record, course, was)
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
    word = course.status if draft.profile.v3 else STATUS_OF[state]
    hidden = state == "completed" and done is None
    odd = hidden or STATUS_OF[state] != word
    draft.extras["status"] = f"{state}:{word}:{at or ''}{'-' if hidden else ''}" if odd else None


def _state(record: Activity | None, course: _Course, was: bool) -> str:
    if course.completed:
        return "completed"
    if record is not None and not was and course.status == status_of(record):
        return record.state
    if course.by_status or (was and course.draft.profile.v3):
        # Status 5 that is not completed, or one of no meaning, is open.
        state = STATE_OF.get(course.status, "open")
        return "open" if state == "completed" else state
    return "open" if record is None or was else record.state


def _settle_as_shown(draft: Draft, row: Field) -> None:
    """What a server shows, with its status kept where that says something else than the rest."""
    scratch = draft.scratch
    if scratch.get("completed", UNSET) is None:
        draft.fail(row.name, base.NOT_FLAG.format(row.label))
    draft.extras.pop("completed", None)
    draft.extras.pop("latest", None)
    status, done = scratch.get("status"), scratch.get("done")
    state = STATE_OF.get(status or "1", "open")
    if scratch.get("completed") == "1":
        state = "completed"
    elif state == "completed" and "completed" in scratch:
        state = "open"
    draft.values["state"] = state
    if state == "completed" and done is not None:
        draft.values["completed_at"] = done
    elif done is not None:
        draft.extras["done"] = sql_time(done)
    if status is not None and STATUS_OF[state] != status:
        at = done if state == "completed" else None
        draft.extras["status"] = f"{state}:{status}:{at or ''}"
