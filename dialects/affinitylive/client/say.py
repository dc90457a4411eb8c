"""From canonical values to the parameters of a write, by the tables that read them on the server's side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from adapter.losses import LossReport
from canonical.model import ContactPoint
from dialects.affinitylive.fields.activity import VISIBILITY
from dialects.affinitylive.fields.people import POINT_OF
from dialects.affinitylive.fields.registry import RESOURCES
from dialects.affinitylive.fields.standing import STANDINGS
from dialects.affinitylive.fields.subjects import BILLABLE
from dialects.affinitylive.fields.table import NAMESPACE

RESOURCE: Final[Mapping[str, str]] = {
    "user": "staff",
    "organisation": "companies",
    "person": "contacts",
    "opportunity": "prospects",
    "case": "issues",
    "task": "tasks",
    **dict.fromkeys(("note", "email", "meeting", "call"), "activities"),
}
"""Where the records of each kind are made."""
OWNERS: Final[Mapping[str, str]] = {
    "tasks": "assignee_id",
    "issues": "assignee",
    "prospects": "staff_id",
    "activities": "owner_id",
}
"""Who looks after a thing, as each resource takes it; the others have nobody (dossier, section 8)."""
POINTS: Final[Mapping[str, tuple[str, ...]]] = {
    "companies": ("website", "phone", "fax", "email"),
    "contacts": ("email", "mobile", "phone", "fax"),
}
WORD: Final = "standing"
_LABELS: Final = {"phone": ("work", None), "email": ("work", None), "website": ("work", None)}
_WITH_STANDING: Final = frozenset({"companies", "contacts", "issues"})
"""Resources whose standing is a parameter; the others are led there by a progression."""


def write(resource: str, values: Mapping[str, Any], extras: Mapping[str, Any], *, creating: bool) -> dict[str, Any]:
    """The parameters that stand for one field each, and those that every resource spells in its own way."""
    given: dict[str, Any] = {}
    for row in RESOURCES[resource].fields:
        if not row.params or not (creating or row.on_update):
            continue
        if row.attribute is not None and row.attribute in values:
            value = values[row.attribute]
            if value is None and creating:
                continue
            shown = str(value or 0) if row.attribute == "probability" else row.format.show(value)
            given[row.params[0]] = ("0" if row.attribute.endswith("_at") else "") if shown is None else shown
        elif row.extra is not None and isinstance(extras.get(row.extra), str):
            given[row.params[0]] = extras[row.extra]
    if "priority" in values and (values["priority"] or not creating):
        given["priority_id"] = str(values["priority"] or 0)
    if values.get("owner_id") and resource in OWNERS and (creating or resource != "activities"):
        given[OWNERS[resource]] = str(values["owner_id"])
    if resource == "activities" and creating:
        _new_activity(values, given)
    word = standing(resource, values, extras)
    if word is not None and resource in _WITH_STANDING:
        given[WORD] = word
    return given


def _new_activity(values: Mapping[str, Any], given: dict[str, Any]) -> None:
    # The vendor makes what has no word on it private; the canonical default is everyone.
    given["visibility"] = VISIBILITY.show(values.get("visibility", "everyone"))
    for name in ("parent_id", "thread_id"):
        if values.get(name):
            given[name] = str(values[name])
    if values.get("owner_id"):
        given["owner_type"] = "staff"


def own(extras: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    return extras.get(NAMESPACE, {})


def said_extras(resource: str, extras: Mapping[str, Any]) -> frozenset[str]:
    """Those of this dialect's extras that a write says."""
    keys = {row.extra for row in RESOURCES[resource].fields if row.params and row.extra is not None} | {WORD}
    return frozenset(key for key, value in extras.items() if key in keys and isinstance(value, str))


def standing(resource: str, values: Mapping[str, Any], extras: Mapping[str, Any]) -> str | None:
    """The word for the state that values say; the one that is kept, where it fits. None where nothing is said."""
    standings = STANDINGS.get(resource)
    if standings is None or resource == "staff":
        return None
    record: Any = RESOURCES[resource].kind()
    names = {name for row in standings.rows for name in row.fits}
    if not names & values.keys() and WORD not in extras:
        return None
    for name in names & values.keys():
        setattr(record, name, values[name])
    record.extras = {NAMESPACE: extras}
    return standings.show(record)


def leading_to(resource: str, values: Mapping[str, Any], extras: Mapping[str, Any]) -> tuple[str, ...]:
    """The standings that a progression may lead to, the best first; none where no progression is wanted."""
    word = standing(resource, values, extras)
    if word is None or resource in _WITH_STANDING:
        return ()
    rows = STANDINGS[resource].rows
    fits = next(row.fits for row in rows if row.word == word)
    return word, *(row.word for row in rows if row.fits == fits and row.word != word)


def points(kind: str, given: Sequence[ContactPoint], losses: LossReport) -> dict[str, str]:
    """Contact points by parameter: the first of each; what the others would say is a loss."""
    found: dict[str, str] = {}
    for point in given:
        names = [name for name in POINTS.get(RESOURCE[kind], ()) if POINT_OF[name][0] == point.kind]
        if not names:
            continue
        name = next((n for n in names if POINT_OF[n][1] == point.label and POINT_OF[n][1]), None)
        if name is None:
            name = next((n for n in names if POINT_OF[n][1] is None), names[0])
            if point.label not in _LABELS[point.kind]:
                losses.add(kind, "points", "label_not_said")
        if name in found:
            losses.add(kind, "points", "only_first_said")
        else:
            found[name] = point.value
    return found


def settle_time(kind: str, given: dict[str, Any], values: Mapping[str, Any], losses: LossReport) -> None:
    """Takes out time that the vendor would drop without a word (dossier, section 7)."""
    counts = values.get("visibility", "everyone") == "everyone" and given.get("owner_type", "staff") == "staff"
    for name, allowed in (("billable", given.get("against_type") in BILLABLE), ("nonbillable", True)):
        if given.get(name, "0") != "0" and not (counts and allowed):
            del given[name]
            losses.add(kind, f"{name}_seconds", "time_does_not_count")
