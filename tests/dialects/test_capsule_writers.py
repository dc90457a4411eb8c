"""Capsule's writers are made from the field tables: what they write is what the tables say."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.losses import LossReport
from canonical.model import STATES, Activity, Link
from canonical.values import EARLIEST, LATEST, Ref, iso_time
from dialects.capsule.fields import task as task_fields
from dialects.capsule.fields import writers
from dialects.capsule.fields.subjects import note_losses, subjects
from dialects.capsule.fields.table import Field, fields_shown
from dialects.capsule.fields.writer import Writer
from dialects.capsule.perform import tasks

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)
MOMENTS = st.none() | st.integers(EARLIEST, LATEST)
IDS = st.integers(1, 9)
LINKS = st.builds(
    lambda kind, id, role, name: Link(1, Ref("activity", 7), Ref(kind, id), role, target_name=name),
    st.sampled_from(["party", "opportunity", "case", "user"]),
    IDS,
    st.sampled_from(["", "assignee", "buyer"]),
    st.none() | TEXTS,
)
TASKS = st.builds(
    Activity,
    id=IDS,
    title=TEXTS,
    body=st.none() | TEXTS,
    category=st.none() | TEXTS,
    state=st.sampled_from(STATES),
    completed_at=MOMENTS,
    due_at=MOMENTS,
    due_date_only=st.booleans(),
    owner_username=TEXTS,
    created_at=st.integers(EARLIEST, LATEST),
    updated_at=st.integers(EARLIEST, LATEST),
    links=st.lists(LINKS, max_size=4),
)


def shown_link(task: Activity, kind: str) -> Link | None:
    """The first plain one, else the first in a role other than the assignee's."""
    links = [link for link in task.links if link.target.kind == kind and link.role != "assignee"]
    return min(links, key=lambda link: link.role != "", default=None)


def expected(task: Activity) -> dict[str, str]:
    """A task's elements, said once more in plain words."""
    closed = task.state in ("completed", "cancelled")
    due = None if task.due_at is None else iso_time(task.due_at)
    said: dict[str, str | None] = {
        "id": str(task.id),
        "description": task.title,
        "detail": task.body or None,
        "category": task.category or None,
        "dueDate": due if task.due_date_only else None,
        "dueDateTime": None if task.due_date_only else due,
        "owner": task.owner_username or None,
    }
    for kind in ("party", "opportunity", "case"):
        link = shown_link(task, kind)
        said[f"{kind}Id"] = None if link is None else str(link.target.id)
        said[f"{kind}Name"] = None if link is None else link.target_name or None
    said["status"] = "COMPLETED" if closed else "OPEN"
    said["completedOn"] = iso_time(task.completed_at) if closed and task.completed_at is not None else None
    said["createdOn"], said["updatedOn"] = iso_time(task.created_at), iso_time(task.updated_at)
    return {name: text for name, text in said.items() if text is not None}


@given(TASKS)
def test_a_task_is_written_as_its_table_says(task: Activity) -> None:
    shown = writers.TASK.json(task)
    assert list(shown.items()) == list(expected(task).items())
    root = ElementTree.fromstring(writers.TASK.xml(task))  # noqa: S314
    assert root.tag == "task"
    carried = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
    assert [(child.tag, child.text or "") for child in root] == [
        (name, carried.sub("\ufffd", text)) for name, text in expected(task).items()
    ]


@given(TASKS)
def test_the_fields_that_are_read_are_all_that_is_shown(task: Activity) -> None:
    read = {name: getattr(task, name) for name in (*tasks.READ, "links")}
    assert writers.TASK.json(Activity(**read)) == writers.TASK.json(task)
    assert {field.name for field in fields(Activity)} > read.keys()


def test_a_row_that_does_not_say_what_it_reads_is_refused() -> None:
    rows = [replace(row, show=task_fields.status) if row.name == "status" else row for row in task_fields.FIELDS]
    with pytest.raises(ValueError, match="status does not say what it reads"):
        fields_shown(rows)


@given(st.lists(LINKS, max_size=5))
def test_links_that_are_not_shown_are_counted(links: list[Link]) -> None:
    losses = LossReport()
    note_losses([Activity(links=links)], losses)
    shown = subjects(links)
    if len(links) > 1:
        assert len(losses) == len(links) - sum(kind != "user" for kind in shown)
    else:
        assert len(losses) == sum(link.role == "assignee" for link in links)


def test_children_may_be_text_or_elements() -> None:
    rows: Any = (Field("a", show=lambda record, context: record), Field("b", show=lambda record, context: context))
    writer = Writer("x", rows)
    assert writer.json([("c", "1"), ("c", "2"), ("d", [])], "<") == {"a": {"c": ["1", "2"], "d": ""}, "b": "<"}
    assert writer.xml([("c", "1"), ("c", "2"), ("d", [])], "<") == ("<x><a><c>1</c><c>2</c><d/></a><b>&lt;</b></x>")
    assert (writer.json(None), writer.xml(None)) == ({}, "<x></x>")
