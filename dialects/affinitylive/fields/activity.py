"""Activities of every medium: all canonical types but ``task``, which are at /tasks (dossier, section 4)."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from adapter.fields.expression import Attribute, Both, Constant, If
from canonical.model import Activity
from canonical.operations import Include
from canonical.query import Compare, Op
from dialects.affinitylive.fields import subjects
from dialects.affinitylive.fields.formats import (
    COUNT,
    DECIMAL,
    MOMENT,
    ONE_ZERO,
    TEXT,
    YES_NO,
    Format,
    show_moment,
    words,
)
from dialects.affinitylive.fields.lookups import class_id, kept_id
from dialects.affinitylive.fields.table import (
    IDENTITY,
    Field,
    Resource,
    Sight,
    Target,
    column,
    derived,
    kept,
    linked,
    own,
)

TYPE_OF_MEDIUM = {
    "meeting": "meeting",
    "note": "note",
    "email": "email",
    "call": "call",
    "report": "report",
    "postal": "letter",
    "fax": "fax",
    "sms": "sms",
    "event_log": "event",
}
MEDIUM_OF_TYPE = {type_: medium for medium, type_ in TYPE_OF_MEDIUM.items()}
# A canonical type without a medium is shown as a note and keeps its own word.
MEDIUM = words(MEDIUM_OF_TYPE, TYPE_OF_MEDIUM, "note")

VISIBILITY = words(
    {"everyone": "all", "confidential": "confidential"},
    {"all": "everyone", "private": "private", "confidential": "confidential"},
    "private",
)
VISIBILITY_WORDS = {"all": ("everyone",), "private": ("private", "owner", "group"), "confidential": ("confidential",)}
"""What shows under each word."""

CONFIDENTIAL = "Confidential"
PREVIEW = 250  # characters of preview_body
NOT_TASKS = Compare("type", Op.NE, "task")
FLAG_TEXT = Format(lambda value: value, lambda text: "1" if YES_NO.read(text) else "0")


# -- what it says ------------------------------------------------------------------------------------


title = If(Attribute("masked"), Constant(CONFIDENTIAL), Attribute("title"))
"""The subject; others than those who take part get it replaced (dossier, section 7)."""
body = If(Attribute("masked"), Constant(CONFIDENTIAL), TEXT.of(Attribute("body")))


def title_field(name: str) -> Field:
    return Field(name, True, show=title, attribute="title", params=(name,))


def body_field(name: str) -> Field:
    return Field(name, show=body, attribute="body", params=(name,))


def _preview(record: Any, sight: Sight) -> str:
    text: str = body(record, sight)
    return text[:PREVIEW]


def _html(record: Any, sight: Sight) -> str:
    return escape(body(record, sight)).replace("\r\n", "\n").replace("\n", "<br />\n")


# -- references --------------------------------------------------------------------------------------


def thread_of(record: Any) -> int:
    """The thread's first activity; a root is its own."""
    return int(record.thread_id or record.id)


def logger(record: Any) -> int | None:
    """Who logged it: as kept, else the owner of what a person made; the system's events have none.

    [noojee] reads staff 0 as "made by the system" (dossier, section 9).
    """
    if own(record, "staff") is not None:
        return kept_id(record, "staff")
    if record.type == "event" or own(record, "owner_type") is not None or record.owner_id is None:
        return None
    return int(record.owner_id)


def _extra_target(key: str, resource: str) -> Any:
    def target(record: Any, sight: Sight) -> Target | None:
        id = kept_id(record, key)
        return None if id is None else (resource, id)

    return target


def _staff(record: Any, sight: Sight) -> Target | None:
    id = logger(record)
    return None if id is None else ("staff", id)


def _priority(record: Any, sight: Sight) -> Target | None:
    return ("priorities", record.priority) if record.priority else None


def _class(record: Any, sight: Sight) -> Target | None:
    return "classes", class_id(record)


def _time(record: Any, sight: Sight) -> Target | None:
    return ("allocations", record.id) if record.billable_seconds or record.nonbillable_seconds else None


def _logged(record: Any, sight: Sight) -> str | None:
    return show_moment(record.created_at if record.start_at is None else record.start_at)


def _permissions(record: Any, sight: Sight) -> dict[str, str]:
    mine = ONE_ZERO.show(record.owner_id == sight.me)
    return {"can_edit_time": mine, "can_edit_billable": mine}


def tags(record: Any, sight: Sight) -> list[dict[str, str]]:
    return [{"id": str(tag.id), "name": tag.name} for tag in record.tags]


def _against_fields() -> tuple[Field, ...]:
    def bare(record: Any, sight: Sight) -> str:
        word, id = subjects.against(record, sight)
        return f"/{word}/{id}"

    links = tuple(dict.fromkeys(subjects.RESOURCE_OF_TYPE.values()))
    include: Include = ("links",)
    return (
        linked("against", links, subjects.against_target, show=bare, include=include),
        derived("against_type", lambda r, s: subjects.against(r, s)[0], include=include),
        derived("against_id", lambda r, s: subjects.against(r, s)[1], include=include),
        derived("breadcrumbs", subjects.breadcrumbs, in_all=False, include=include,
                prepare=subjects.prepare_breadcrumbs),
    )  # fmt: skip


AGAINST = _against_fields()
"""``against``, ``against_type``, ``against_id`` and ``breadcrumbs``: activities and tasks have them alike."""


def _owner(record: Any, sight: Sight) -> str:
    word, id = subjects.owner(record, sight)
    return f"/{word}/{id}"


FIELDS: tuple[Field, ...] = (
    derived("id", IDENTITY, default=True),
    title_field("subject"),
    derived("parent", Both(Constant("/activities/"), "+", COUNT.of(Attribute("parent_id")))),
    derived("parent_id", COUNT.of(Attribute("parent_id"))),
    derived("thread", lambda r, s: f"/activities/{thread_of(r)}"),
    derived("thread_id", lambda r, s: str(thread_of(r))),
    *AGAINST,
    linked("owner", ("staff", "affiliations"), subjects.owner_target, show=_owner),
    derived("owner_type", lambda r, s: subjects.owner(r, s)[0]),
    derived("owner_id", lambda r, s: subjects.owner(r, s)[1]),
    column("medium", "type", MEDIUM, on_update=False),
    column("visibility", "visibility", VISIBILITY),
    body_field("body"),
    column("details", "location"),
    kept("message_id"),
    column("date_created", "created_at", MOMENT, params=()),
    column("date_started", "start_at", MOMENT),
    column("date_ended", "end_at", MOMENT),
    column("date_due", "due_at", MOMENT),
    column("date_modified", "updated_at", MOMENT, params=()),
    derived("date_logged", _logged),
    linked("staff", "staff", _staff),
    linked("priority", "priorities", _priority),
    linked("class", "classes", _class),
    linked("task", "tasks", _extra_target("task", "tasks")),
    linked("rate", "rates", _extra_target("rate", "rates")),
    kept("rate_charged", "0.00", DECIMAL),
    column("billable", "billable_seconds", COUNT),
    column("nonbillable", "nonbillable_seconds", COUNT),
    derived(
        "confidential", If(Both(Attribute("visibility"), "==", Constant("confidential")), Constant(1), Constant(0))
    ),
    derived("interacts", subjects.interacts, in_all=False, include=("links",)),
    kept("read", "0", FLAG_TEXT),
    kept("invitation", "0", FLAG_TEXT),
    derived("preview_body", _preview),
    derived("html_body", _html),
    linked("activity_priority", "priorities", _priority),
    linked("activity_class", "classes", _class),
    linked("time_allocation", "allocations", _time),
    derived("tag", tags, include=("tags",)),
    derived("scheduled", lambda r, s: YES_NO.show(r.start_at is not None and r.start_at > s.now)),
    derived("standing", lambda r, s: "unapproved" if r.billable_seconds or r.nonbillable_seconds else ""),
    derived("invoice_id", Constant("0")),
    derived("contract_period_id", Constant("0")),
    derived("is_billable", lambda r, s: YES_NO.show(r.billable_seconds)),
    derived("permissions", _permissions),
)


def load(sight: Sight, ids: Iterable[int], include: Include) -> dict[int, Any]:
    """Activities by id; a task is none here."""
    return {id: record for id, record in sight.many(Activity, ids, include).items() if record.type != "task"}


def _load_time(sight: Sight, ids: Iterable[int], include: Include) -> dict[int, Any]:
    return dict(sight.many(Activity, ids, tuple(sorted({*include, "links"}))))


def charged(record: Any) -> float:
    """What the billable time costs at the rate charged, in units of money."""
    rate = own(record, "rate_charged")
    return float(rate) * int(record.billable_seconds) / 3600 if isinstance(rate, str) else 0.0


ACTIVITIES = Resource("activities", "activity", FIELDS, load, Activity, NOT_TASKS)
ALLOCATIONS = Resource(
    "allocations",
    "time_allocation",
    (
        derived("id", IDENTITY, default=True),
        derived("against", lambda r, s: f"/activity/{r.id}"),
        derived("standing", lambda r, s: "unapproved"),
        column("billable", "billable_seconds", COUNT, params=()),
        column("nonbillable", "nonbillable_seconds", COUNT, params=()),
        derived("charged", lambda r, s: f"{charged(r):.2f}"),
        derived("comments", lambda r, s: ""),
        derived("date_locked", lambda r, s: None),
        column("date_created", "created_at", MOMENT, params=()),
    ),
    _load_time,
    Activity,
)
