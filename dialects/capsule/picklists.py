"""The tenant's lists that Capsule names: task categories, milestones, tracks; and what a new tenant gets."""

from __future__ import annotations

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
