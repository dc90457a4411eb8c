"""What activities can be filtered and ordered by: the seed's table and what the docs add (dossier, section 5)."""

from __future__ import annotations

from canonical.query import FALSE, Compare, Has, Node, Not, Op, Sort, all_of, any_of, eq, one_of
from dialects.affinitylive.fields.activity import TYPE_OF_MEDIUM, VISIBILITY_WORDS
from dialects.affinitylive.fields.lookups import DEFAULT
from dialects.affinitylive.fields.subjects import INTERACT_TYPES
from dialects.affinitylive.query import columns as by
from dialects.affinitylive.query.columns import Column
from dialects.affinitylive.query.filters import CREATED, DATES, ID, ORDERS, PRIORITY, Filters
from dialects.affinitylive.query.subjects import (
    OWNER,
    OWNER_ID,
    OWNER_TYPE,
    against_columns,
    against_object,
    linked_against,
    owner_object,
)
from dialects.affinitylive.wire.grammar import Items

_KNOWN = tuple(type_ for type_ in TYPE_OF_MEDIUM.values() if type_ != "note")


def _medium(word: str) -> Node | None:
    """A note is also whatever has no medium of its own."""
    if word == "note":
        return Not(one_of("type", _KNOWN))
    type_ = TYPE_OF_MEDIUM.get(word)
    return None if type_ is None else eq("type", type_)


def _visibility(word: str) -> Node | None:
    values = VISIBILITY_WORDS.get(word)
    return None if values is None else one_of("visibility", values)


def _type(items: Items) -> Node | None:
    """[seed] lists ``type`` without a word on it: read as media, or as types of interacts; else it is ignored, as the
    vendor ignores ``type(time)`` (dossier, section 5)."""
    words = [item.name.strip().lower() for item in items]
    if words and all(word in TYPE_OF_MEDIUM for word in words):
        return any_of(*(node for word in words if (node := _medium(word)) is not None))
    return took_part(tuple(words)) if words and all(word in INTERACT_TYPES for word in words) else None


def took_part(types: tuple[str, ...]) -> Node:
    """There is an interact of one of the types."""
    return Has("links", all_of(one_of("role", types), one_of("target_kind", ("user", "party"))))


_STAFF_KEPT = by.kept_key("staff")
_NOBODY = any_of(eq("type", "event"), Compare(by.kept_key("owner_type"), Op.NOT_NULL))
_BY_OWNER = all_of(Compare(_STAFF_KEPT, Op.NULL), Not(_NOBODY))
_UNLOGGED = all_of(Compare(_STAFF_KEPT, Op.NULL), _NOBODY)
_KEPT_STAFF = by.extra_number("staff", unset=-1)


def _staff_among(values: tuple[str, ...]) -> Node:
    ids = by.integers(values)
    nodes = [all_of(_BY_OWNER, one_of("owner_id", ids)), _KEPT_STAFF.among(values)] if ids else []
    return any_of(*nodes, *([_UNLOGGED] if 0 in ids else []))


def _staff_range(op: Op, n: int) -> Node:
    kept = all_of(Compare(_STAFF_KEPT, Op.NOT_NULL), by.text_range(_STAFF_KEPT, op, n))
    nobody = _UNLOGGED if {Op.GT: n < 0, Op.GE: n <= 0, Op.LT: n > 0, Op.LE: n >= 0}[op] else None
    return any_of(all_of(_BY_OWNER, Compare("owner_id", op, n)), kept, *([nobody] if nobody is not None else []))


_TIMED = any_of(Compare("billable_seconds", Op.GT, 0), Compare("nonbillable_seconds", Op.GT, 0))
_UNTIMED = Not(_TIMED)


def _allocated(values: tuple[str, ...]) -> Node:
    """An allocation has its activity's id; 0 is none."""
    ids = by.integers(values)
    return any_of(all_of(one_of("id", ids), _TIMED) if ids else FALSE, *([_UNTIMED] if 0 in ids else []))


_STAFF = Column(_staff_among, _staff_range, _UNLOGGED)
_PARENT = by.reference("parent_id")
_THREAD = by.self_reference("thread_id")
_CLASS = by.extra_number("class", DEFAULT)
_TASK = by.extra_number("task")
_LOGGED = by.either_moment(by.moment("start_at"), CREATED)

ACTIVITIES = Filters(
    columns={
        "id": ID,
        "owner_type": OWNER_TYPE,
        "owner_id": OWNER_ID,
        "owner": OWNER,
        "invitation": by.flag("invitation"),
        "read": by.flag("read"),
        "parent_id": _PARENT,
        "parent": _PARENT,
        "thread_id": _THREAD,
        "thread": _THREAD,
        "staff_id": _STAFF,
        "staff": _STAFF,
        "priority_id": PRIORITY,
        "priority": PRIORITY,
        "activity_priority": PRIORITY,
        "activity_priority_id": PRIORITY,
        "class_id": _CLASS,
        "class": _CLASS,
        "activity_class": _CLASS,
        "activity_class_id": _CLASS,
        "task_id": _TASK,
        "task": _TASK,
        "rate": by.extra_number("rate"),
        "rate_id": by.extra_number("rate"),
        "time_allocation": Column(_allocated, empty=_UNTIMED),
        "message_id": by.text(by.kept_key("message_id")),
        "visibility": by.vocabulary(_visibility),
        "medium": by.vocabulary(_medium),
        "details": by.text("location"),
        "billable": by.number("billable_seconds"),
        "nonbillable": by.number("nonbillable_seconds"),
        **against_columns(linked_against),
    },
    moments={
        **DATES,
        "date_started": by.moment("start_at"),
        "date_ended": by.moment("end_at"),
        "date_due": by.moment("due_at"),
        "date_logged": _LOGGED,
    },
    orders={
        **ORDERS,
        "date_started": (Sort("start_at"),),
        "date_ended": (Sort("end_at"),),
        "date_due": (Sort("due_at"),),
        "date_logged": (Sort("start_at", fallback="created_at"),),
        "billable": (Sort("billable_seconds"),),
        "nonbillable": (Sort("nonbillable_seconds"),),
    },
    objects={"against": against_object(linked_against), "owner": owner_object, "type": _type},
    against=linked_against,
    interacts=True,
)  # fmt: skip
