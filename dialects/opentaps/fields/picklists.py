"""The types of activities: a list that administrators change, and what a new tenant gets."""

from __future__ import annotations

from adapter.dialect import Choices
from canonical.model import PicklistItem
from dialects.opentaps.fields.status import NAMESPACE

TYPES_LIST = f"{NAMESPACE}.activity_type"
DEFAULT_TYPES = tuple(
    PicklistItem(TYPES_LIST, value, position=at, origin=NAMESPACE)
    for at, value in enumerate(("NOTE", "EMAIL", "TASK"), 1)
)
LISTS = (Choices("activity-type", TYPES_LIST, "of activities"),)
