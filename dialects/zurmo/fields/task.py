"""Tasks: ``completed``, ``completedDateTime``, ``status`` and ``latestDateTime`` on one canonical state.

The canonical state is what all dialects share. Where the vendor's own words say something it cannot (3.x:
``completed`` 1 while ``status`` stays 1, zurmo dossier, section 7), they are kept in two extras:

- ``status``: ``<state>:<status>:<completed_at>``, good as long as the record has that state and moment, with a ``-``
  at the end while ``completedDateTime`` is not to be shown;
- ``done``: the ``completedDateTime`` of a task that is not completed.
"""

from __future__ import annotations

from typing import Final

from adapter.fields.expression import HERE, NOTHING, Attribute, Both, Call, Constant, If, Part, Told
from adapter.formats.form_body import Nested
from canonical.model import Activity
from canonical.query import eq
from canonical.values import sql_time
from dialects.zurmo.fields import base, common, plain
from dialects.zurmo.fields import task_course as course
from dialects.zurmo.fields.base import MINE, Draft, Field, View, kept, short_text, sql_moment
from dialects.zurmo.fields.nodes import extra_column, text_node
from dialects.zurmo.fields.references import project, user
from dialects.zurmo.fields.task_search import (
    RANK,
    search_completed,
    search_done,
    search_latest,
    search_status,
)
from dialects.zurmo.settings import NAME_LENGTH


def _show_completed(record: Activity, view: View) -> str | None:
    if record.state == "completed":
        return "1"
    # Null until it is set in 2.x, "0" from the start in 3.x (recordings 007, 060).
    held: str | None = kept(record, "completed", "0" if view.profile.v3 else None)
    return held or None


def _show_completed_at(record: Activity, view: View) -> str | None:
    return plain.shown_moment(record, "completedDateTime", course.completed_at(record))


def _show_latest(record: Activity, view: View) -> str:
    held = kept(record, "latest")
    return held if isinstance(held, str) else sql_time(record.created_at)


def _later(draft: Draft, row: Field, value: Nested) -> None:
    """Taken by `settle`: these attributes count in the order sent."""


def _show_name(record: Activity, view: View) -> str | None:
    return base.shortened(record, view, "title", record.title, view.profile.name_length)


def _take_name(draft: Draft, row: Field, value: Nested) -> None:
    text = plain.as_text(draft, row, value)
    if text is None:
        return
    if len(text) > draft.profile.name_length and not draft.whole:
        draft.fail(row.name, base.TOO_LONG.format(row.label, draft.profile.name_length))
    else:
        draft.values["title"] = text


_COMPLETED = Both(Attribute("state"), "==", Constant("completed"))
_STATUS = Told(lambda record, view: course.status_of(record))
FIELDS: tuple[Field, ...] = (
    common.OWNER,
    common.PERMISSIONS,
    *common.AUDIT,
    Field(
        "latestDateTime",
        show=If(MINE, Told(_show_latest), Call(sql_time, Attribute("created_at"))),
        search=search_latest,
        sort="created_at",
        element="DateTime",
        read_only=True,
        required=True,
    ),
    Field(
        "completedDateTime",
        show=If(MINE, Told(_show_completed_at), If(_COMPLETED, sql_moment("completed_at"), NOTHING)),
        take=_later,
        search=search_done,
        sort="completed_at",
        label="Completed On",
        element="DateTime",
    ),
    Field(
        "completed",
        show=If(
            _COMPLETED,
            Constant("1"),
            If(MINE, Told(_show_completed), If(Part(HERE, "profile.v3"), Constant("0"), NOTHING)),
        ),
        take=_later,
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
        show=short_text("title", NAME_LENGTH, Told(_show_name), Told(_show_name)),
        take=_take_name,
        search=plain.column_search("title", text_node),
        sort="title",
        default_operator="startsWith",
        required=True,
        missing=base.blank,
        clear=base.clear_column("title"),
    ),
    Field(
        "status",
        show=If(MINE, _STATUS, If(Both(Attribute("state"), "==", Constant("open")), Constant("1"), _STATUS)),
        take=_later,
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

_COURSE: Final = {row.name: row for row in FIELDS if row.take is _later}


def settle(draft: Draft) -> None:
    """What the vendor's rules make of completed, status and completedDateTime (zurmo dossier, section 7)."""
    course.settle(draft, _COURSE)


READS: Final = (
    *("type", "extras", "title", "body", "state", "completed_at", "due_at", "created_at", "updated_at"),
    *("visibility", "group_id", "owner_id", "creator_id", "modifier_id", "requester_id"),
    *("owner_username", "creator_username", "modifier_username", "requester_username"),
)
"""What the rows above look at to show a task: the rest need not be read."""
