"""The element `opportunity` and its milestones (capsule dossier, section 8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from canonical.model import Opportunity, PicklistItem
from canonical.values import fold
from dialects.capsule.errors import BadRequest
from dialects.capsule.fields.table import (
    DAY,
    ID,
    INTEGER,
    MONEY,
    PERCENT,
    TIME,
    Field,
    choice,
    read_record,
    read_simple,
    read_text,
    unchanged,
    write_simple,
)
from dialects.capsule.wire import texts
from dialects.capsule.wire.bodies import Tree

FIXED = "fixed"
_BASIS = choice(FIXED, "hour", "day", "week", "month", "quarter", "year")


class Milestones:
    """The tenant's milestones, and which one an opportunity stands at."""

    def __init__(self, items: Sequence[PicklistItem]) -> None:
        self.items = items
        self._by_name = {fold(item.value): item for item in items}

    def named(self, name: str) -> PicklistItem | None:
        return self._by_name.get(fold(name))

    def numbered(self, id: int) -> PicklistItem | None:
        return next((item for item in self.items if item.id == id), None)

    def of(self, opportunity: Opportunity) -> PicklistItem | None:
        """The milestone to show: the stored stage, or for another dialect's word the one that fits best."""
        found = self.named(opportunity.stage) if opportunity.stage else None
        if found is not None and state_of(found) == opportunity.state:
            return found
        return self.fitting(opportunity.state, opportunity.probability or 0) or found

    def fitting(self, state: str, probability: int) -> PicklistItem | None:
        """The milestone of that state whose probability is nearest."""
        items = (item for item in self.items if state_of(item) == state)
        return min(items, key=lambda item: abs(probability_of(item) - probability), default=None)


def probability_of(item: PicklistItem) -> int:
    value = item.data.get("probability")
    return value if isinstance(value, int) else 0


def is_complete(item: PicklistItem) -> bool:
    return item.data.get("complete") is True


def state_of(item: PicklistItem) -> str:
    """``open``; or for a completing milestone ``won`` with a probability, ``lost`` without any."""
    if not is_complete(item):
        return "open"
    return "won" if probability_of(item) > 0 else "lost"


def _milestone_id(opportunity: Opportunity, milestones: Milestones) -> str | None:
    item = milestones.of(opportunity)
    return None if item is None or not item.id else str(item.id)


def _milestone(opportunity: Opportunity, milestones: Milestones) -> str | None:
    item = milestones.of(opportunity)
    return opportunity.stage or None if item is None else item.value


def _probability(opportunity: Opportunity, milestones: Milestones) -> str | None:
    if opportunity.probability is not None:
        return str(opportunity.probability)
    item = milestones.of(opportunity)
    return None if item is None else str(probability_of(item))


def _duration(opportunity: Opportunity, context: object) -> str | None:
    if opportunity.duration is None or opportunity.duration_basis == FIXED:
        return None
    return str(opportunity.duration)


def _actual_close(opportunity: Opportunity, context: object) -> str | None:
    # Java's XStream does not know the element: only there when there is something.
    return None if opportunity.closed_on is None else texts.show_day(opportunity.closed_on)


FIELDS = (
    Field("id", "id", ID, read_only=True),
    Field("name", "title", required=True),
    Field("description", "body"),
    Field("partyId", "party_id", ID, read_only=True),
    Field("currency", "currency"),
    Field("value", "amount", MONEY),
    Field("durationBasis", "duration_basis", _BASIS),
    Field("duration", "duration", INTEGER, show=_duration, safe=True),
    Field("expectedCloseDate", "expected_close", DAY),
    Field("milestoneId", show=_milestone_id, safe=True),
    Field("milestone", show=_milestone),
    Field("probability", "probability", PERCENT, show=_probability, safe=True),
    Field("owner", "owner_username", kept=True),
    Field("createdOn", "created_at", TIME, read_only=True),
    Field("updatedOn", "updated_at", TIME, read_only=True),
    Field("actualCloseDate", "closed_on", DAY, read_only=True, show=_actual_close, safe=True),
)
MILESTONE_FIELDS = (
    Field("id", "id", ID, read_only=True),
    Field("name", "value"),
    Field("description", show=lambda item, context: item.data.get("description") or None),
    Field("probability", show=lambda item, context: str(probability_of(item)), safe=True),
    Field("complete", show=lambda item, context: texts.show_boolean(is_complete(item)), safe=True),
)


def parse_milestone(tree: Tree, position: int) -> PicklistItem:
    """The milestone that a server's answer shows. Raises `BadRequest`."""
    values = read_record(MILESTONE_FIELDS, tree)
    probability = tree.filled("probability")
    data = {
        "probability": 0 if probability is None else read_text("probability", INTEGER, probability),
        "complete": (tree.filled("complete") or "").strip().lower() == "true",
        "description": tree.filled("description"),
    }
    return PicklistItem("stage", values.get("value", ""), values.get("id", 0), position, data=data)


def read_opportunity(body: Tree, current: Opportunity | None, milestones: Milestones) -> dict[str, Any]:
    """Canonical values of a new opportunity, or of what changes of `current`.

    The owner stands as ``owner_username``. A change of milestone brings its probability unless one is given, and
    the state that it means. Raises `BadRequest` naming the element that is wrong.
    """
    values = read_simple(FIELDS, body, current, new=current is None, context=milestones)
    item = _given_milestone(body, current, milestones)
    if item is not None:
        values["stage"] = item.value
        values["state"] = state_of(item)
        if "probability" not in values:
            # Clients that send all they hold send the old probability too, and mean it.
            given = body.filled("probability")
            values["probability"] = probability_of(item) if given is None else read_text("probability", PERCENT, given)
    elif current is None:
        raise BadRequest("milestone is required")
    return values


def _given_milestone(body: Tree, current: Opportunity | None, milestones: Milestones) -> PicklistItem | None:
    """The milestone that the body moves the opportunity to; None when it leaves it where it is."""
    for name, shows, find in (
        ("milestoneId", _milestone_id, lambda text: milestones.numbered(texts.read_id(text))),
        ("milestone", _milestone, milestones.named),
    ):
        text = body.text(name)
        if text is None or (name == "milestoneId" and text.strip() == texts.NO_ID):
            continue
        if current is not None and unchanged(text, shows(current, milestones)):
            continue
        if not text.strip():
            if current is None or body.filled("milestone") or body.filled("milestoneId"):
                continue
            raise BadRequest(f"{name} is required")
        try:
            item = find(text)
        except ValueError:
            item = None
        if item is None:
            raise BadRequest(f"{name} is unknown")
        if current is None or str(item.id) != _milestone_id(current, milestones):
            return item
    return None


def parse_opportunity(tree: Tree) -> Opportunity:
    """The opportunity that a server's answer shows, with that server's ids. Raises `BadRequest`."""
    values = read_record(FIELDS, tree)
    opportunity = Opportunity(**values)
    opportunity.stage = tree.filled("milestone")
    opportunity.owner_chosen = bool(opportunity.owner_username)
    if opportunity.closed_on is not None:
        opportunity.state = "lost" if opportunity.probability == 0 else "won"
    return opportunity


def write_opportunity(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Elements for canonical values, to create or to update an opportunity on a server."""
    pairs = write_simple(FIELDS, values)
    if values.get("stage"):
        pairs.append(("milestone", values["stage"]))
    return pairs
