"""The tenant's lists that Capsule names: task categories, milestones, tracks; and what a new tenant gets."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from adapter.dialect import Choices, Options
from canonical.model import PicklistItem
from canonical.operations import Desk
from dialects.capsule.fields.opportunity import Milestones

ORIGIN = "capsule"
CATEGORIES = "task_category"
STAGES = "stage"
TRACKS = "track"


def _stage(position: int, name: str, probability: int, complete: bool, description: str) -> PicklistItem:
    data = {"probability": probability, "complete": complete, "description": description}
    return PicklistItem(STAGES, name, position=position, origin=ORIGIN, data=data)


# As in the vendor's own samples (capsule dossier, sections 4 and 8).
DEFAULTS = (
    *(
        PicklistItem(CATEGORIES, name, position=position, origin=ORIGIN)
        for position, name in enumerate(("Call", "Email", "Follow-up", "Meeting", "Milestone", "Send"), 1)
    ),
    _stage(1, "New", 10, False, "A new opportunity"),
    _stage(2, "Bid", 50, False, "An offer was made"),
    _stage(3, "Won", 100, True, "The opportunity was won"),
    _stage(4, "Lost", 0, True, "The opportunity was lost"),
)


def own_items(desk: Desk, name: str) -> list[PicklistItem]:
    """The items of a list that are Capsule's or the tenant's; other dialects' defaults are not."""
    return [item for item in desk.picklist(name) if item.origin in (ORIGIN, "")]


def categories(desk: Desk) -> list[PicklistItem]:
    return own_items(desk, CATEGORIES)


def milestones(desk: Desk) -> Milestones:
    return Milestones(own_items(desk, STAGES))


def tracks(desk: Desk) -> list[PicklistItem]:
    return own_items(desk, TRACKS)


# -- what an operator makes, as the account's administrators did in the vendor's settings pages -----------------------

_YES_NO = {"yes": True, "no": False}
_RULES = ("OPPORTUNITY", "CASEFILE")
_DIRECTIONS = ("START_DATE", "END_DATE")


def _chosen(key: str, value: str, legal: Collection[str]) -> str:
    if value not in legal:
        raise ValueError(f"{key} must be one of: {', '.join(legal)}")
    return value


def _whole(key: str, text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= most):
        raise ValueError(f"{key}: a whole number from 0 to {most} is needed")
    return int(text)


def _unknown(key: str) -> ValueError:
    return ValueError(f"{key}: there is no such option")


def _milestone(options: Options) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, value in options:
        match key:
            case "probability":
                data[key] = _whole(key, value, 100)
            case "complete":
                data[key] = _YES_NO[_chosen(key, value, _YES_NO)]
            case "description":
                data[key] = value
            case _:
                raise _unknown(key)
    return data


def _track(options: Options) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, value in options:
        match key:
            case "captureRule":
                data[key] = _chosen(key, value, _RULES)
            case "direction":
                data[key] = _chosen(key, value, _DIRECTIONS)
            case "task":
                days, category, description = (*value.split(":", 2), "", "")[:3]
                if not description.strip():
                    raise ValueError("task: it looks like 3:Call:Ring the customer")
                step = {"description": description, "category": category or None, "days": _whole(key, days, 36_500)}
                data.setdefault("tasks", []).append(step)
            case _:
                raise _unknown(key)
    return data


LISTS = (
    Choices("milestone", STAGES, "probability=0..100, complete=yes|no, description=TEXT", _milestone),
    Choices("category", CATEGORIES, "of tasks"),
    Choices(
        "track",
        TRACKS,
        f"captureRule={'|'.join(_RULES)}, direction={'|'.join(_DIRECTIONS)}, task=DAYS:CATEGORY:DESCRIPTION, repeated",
        _track,
    ),
)
