"""What values are legal, and what follows from a change: states, completion, names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from canonical.errors import Invalid, Problem
from canonical.model import CLOSED_STATES, STATES, VISIBILITIES, FieldSpec, KindSpec, Record, display_name
from canonical.values import EARLIEST, LATEST, MAX_ID, Instant, clean_text, iso_date, midnight

VOCABULARIES: dict[tuple[str, str], tuple[str, ...]] = {
    ("activity", "state"): STATES,
    ("opportunity", "state"): ("open", "won", "lost"),
    ("case", "state"): ("open", "closed"),
    ("party", "type"): ("person", "organisation"),
    ("party", "stage"): ("lead", "contact"),
}
OWN_FIELDS = {"id", "version", "extras", "sequence"}
"""What no operation may set: the core's own."""


def checked(spec: KindSpec, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are stored.

    Raises Invalid for what cannot be stored, `KeyError` for a field that the kind does not have.
    """
    out: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in values.items():
        field = spec.by_name[name]
        if name in OWN_FIELDS:
            raise KeyError(name)
        if value is None:
            if field.required:
                problems.append(Problem(name, "required"))
            out[name] = field.default
            continue
        problem = _problem(spec, field, value)
        if problem is not None:
            problems.append(Problem(name, problem))
        elif field.type == "text":
            out[name] = clean_text(value)
        else:
            out[name] = value
    if problems:
        raise Invalid(*problems)
    return out


def _problem(spec: KindSpec, field: FieldSpec, value: Any) -> str | None:
    match field.type:
        case "text":
            if not isinstance(value, str):
                return "not_text"
            vocabulary = VOCABULARIES.get((spec.name, field.name))
            if field.name == "visibility":
                vocabulary = VISIBILITIES
            return "not_a_choice" if vocabulary is not None and value not in vocabulary else None
        case "flag":
            return None if isinstance(value, bool) else "not_a_flag"
        case "date":
            try:
                date.fromisoformat(value)
            except (TypeError, ValueError):
                return "not_a_date"
            return None if len(value) == 10 else "not_a_date"
        case "instant":
            return None if isinstance(value, int) and EARLIEST <= value <= LATEST else "out_of_range"
    return None if isinstance(value, int) and -MAX_ID <= value <= MAX_ID else "out_of_range"


def follow(spec: KindSpec, before: Record | None, changes: dict[str, Any], now: Instant) -> None:
    """Adds to `changes` what follows from them. `before` is None for a new record."""
    if spec.name == "activity":
        _follow_state(before, changes, now)
        _follow_due(before, changes)
    elif spec.name == "party":
        _follow_name(before, changes)
    elif spec.name in ("opportunity", "case"):
        _follow_close(spec.name, before, changes, now)
    elif spec.name == "user" and changes.get("active") is False:
        changes["sessions_from"] = now
    if "owner_id" in changes and "owner_chosen" not in changes:
        changes["owner_chosen"] = True


def state_word(before: Record, changes: Mapping[str, Any]) -> str | None:
    """The word for the state that a record comes to; None where it stays in its own."""
    if "state" in changes:
        return str(changes["state"])
    if "active" in changes or "stage" in changes:
        active = changes.get("active", getattr(before, "active", True))
        return str(changes.get("stage", getattr(before, "stage", "active"))) if active else "inactive"
    return None


def _follow_due(before: Record | None, changes: dict[str, Any]) -> None:
    """A dialect that knows moments only says nothing of days: another midnight is another day, all else a moment."""
    due = changes.get("due_at", ...)
    if due is None:
        changes["due_date_only"] = False
    elif due is not ... and "due_date_only" not in changes and getattr(before, "due_date_only", False):
        changes["due_date_only"] = due == midnight(due)


def _follow_state(before: Record | None, changes: dict[str, Any], now: Instant) -> None:
    state = changes.get("state")
    was = getattr(before, "state", None)
    if state is None or state == was:
        return
    if state == "completed":
        if changes.get("completed_at") is None:
            changes["completed_at"] = now
    elif was in CLOSED_STATES or was is None:
        changes.setdefault("completed_at", None)


def _follow_name(before: Record | None, changes: dict[str, Any]) -> None:
    kind = changes.get("type", getattr(before, "type", "person"))
    if kind != "person" or "name" in changes or not changes.keys() & {"first_name", "last_name"}:
        return
    first = changes.get("first_name", getattr(before, "first_name", None))
    last = changes.get("last_name", getattr(before, "last_name", None))
    changes["name"] = display_name(first, last)


def _follow_close(kind: str, before: Record | None, changes: dict[str, Any], now: Instant) -> None:
    state = changes.get("state")
    was = getattr(before, "state", "open")
    if kind == "opportunity" and "stage" in changes and changes["stage"] != getattr(before, "stage", None):
        changes.setdefault("stage_changed_at", now)
    if state is None or state == was:
        return
    if state == "open":
        changes.setdefault("closed_on", None)
    elif changes.get("closed_on") is None:
        changes["closed_on"] = iso_date(now)
