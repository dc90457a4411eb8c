"""Searches of a task's state, and of the moments that only partly have a canonical home (see `task`)."""

from __future__ import annotations

from typing import Final

from canonical.model import STATES
from canonical.query import Compare, Node, Not, Op, all_of, any_of, eq
from dialects.zurmo.errors import UnknownAttribute
from dialects.zurmo.fields.comparison import Below, Comparison, Searching, number
from dialects.zurmo.fields.nodes import extra_column, moment_node, number_node, text_node
from dialects.zurmo.settings import NAME

STATUS_OF: Final = {
    "open": "1",
    "in_progress": "2",
    "awaiting": "3",
    "rejected": "4",
    "cancelled": "4",
    "completed": "5",
}
STATE_OF: Final = {"1": "open", "2": "in_progress", "3": "awaiting", "4": "rejected", "5": "completed"}

RANK: Final = f"rank.{NAME}.status"
"""The status as a number, also one of no meaning."""
_OWN = extra_column("status")
_DONE = extra_column("done")
_LATEST = extra_column("latest")
_IS_COMPLETED = eq("state", "completed")
_HIDDEN = Compare(_OWN, Op.LIKE, "completed:%-")
_SHOWN_DONE = all_of(_IS_COMPLETED, any_of(Compare(_OWN, Op.NULL), Not(_HIDDEN)))


def _nothing_below(below: Below) -> None:
    if below:
        raise UnknownAttribute(below[0])


def search_completed(searching: Searching, below: Below, test: Comparison) -> Node:
    _nothing_below(below)
    never = Compare(extra_column("completed"), Op.NULL)
    not_completed = Compare("state", Op.NE, "completed")
    if test.operator in ("isNull", "isNotNull"):
        unset = all_of(not_completed, never) if not searching.profile.v3 else Compare("id", Op.LT, 0)
        return unset if test.operator == "isNull" else Not(unset)
    zero = not_completed if searching.profile.v3 or test.loose else all_of(not_completed, Not(never))
    return any_of(*(node for value, node in (("1", _IS_COMPLETED), ("0", zero)) if test.accepts(value)))


def search_status(searching: Searching, below: Below, test: Comparison) -> Node:
    _nothing_below(below)
    asked = test.values if test.operator == "oneOf" else (test.value,)
    if test.operator not in ("equals", "oneOf") or not all(1 <= number(value) <= len(STATE_OF) for value in asked):
        return number_node(RANK, test)
    wanted = [status for status in STATE_OF if test.accepts(status)]
    plainly = [state for state in STATES if STATUS_OF[state] in wanted]
    own = any_of(
        *(
            all_of(eq("state", state), any_of(*(Compare(_OWN, Op.LIKE, f"{state}:{status}:%") for status in wanted)))
            for state in STATES
            if wanted
        )
    )
    no_own = any_of(
        *(
            all_of(eq("state", state), any_of(Compare(_OWN, Op.NULL), Not(Compare(_OWN, Op.LIKE, f"{state}:%"))))
            for state in plainly
        )
    )
    return any_of(no_own, own)


def _text_moment(column: str, test: Comparison) -> Node:
    """A moment kept as ``YYYY-MM-DD HH:MM:SS``, which sorts as text."""
    return text_node(column, test)


def search_done(searching: Searching, below: Below, test: Comparison) -> Node:
    _nothing_below(below)
    if test.operator == "isNull":
        return all_of(Not(_SHOWN_DONE), any_of(_IS_COMPLETED, Compare(_DONE, Op.NULL)))
    stored = all_of(_SHOWN_DONE, moment_node("completed_at", test))
    kept_apart = all_of(Not(_IS_COMPLETED), _text_moment(_DONE, test))
    return any_of(stored, kept_apart)


def search_latest(searching: Searching, below: Below, test: Comparison) -> Node:
    _nothing_below(below)
    if test.operator in ("isNull", "isNotNull"):
        return moment_node("created_at", test)
    plainly = all_of(Compare(_LATEST, Op.NULL), moment_node("created_at", test))
    return any_of(plainly, all_of(Compare(_LATEST, Op.NOT_NULL), _text_moment(_LATEST, test)))
