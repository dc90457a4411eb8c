"""Picklists: the vendor's own, those that its administrators make, and what a new tenant gets (zurmo dossier, 8)."""

from __future__ import annotations

from typing import Final

from adapter.dialect import Choices
from canonical.model import PicklistItem
from dialects.zurmo.settings import NAME

LISTS: Final = {
    "AccountContactAffiliationRoles": "affiliation_role",
    "AccountTypes": "account_type",
    "Industries": "industry",
    "LeadSources": "lead_source",
    "MeetingCategories": "meeting_category",
    "ProductStages": "product_stage",
    "SalesStages": "stage",
    "Titles": "salutation",
}
"""The vendor's name of a picklist, and the core's, in the vendor's order. Any other name is a list of our own."""
OWN_NAMES: Final = f"{NAME}:names"
MAX_NAME = 64

DEFAULTS: Final[tuple[PicklistItem, ...]] = tuple(
    PicklistItem(LISTS[name], value, position=at, origin=NAME)
    for name, values in (
        ("AccountContactAffiliationRoles", "Billing|Shipping|Support|Technical|Administrative|Project Manager"),
        ("AccountTypes", "Prospect|Customer|Vendor"),
        (
            "Industries",
            "Automotive|Banking|Business Services|Energy|Financial Services|Insurance|Manufacturing|Retail|Technology",
        ),
        ("LeadSources", "Self-Generated|Inbound Call|Tradeshow|Word of Mouth"),
        ("MeetingCategories", "Meeting|Call"),
        ("ProductStages", "Open|Lost|Won"),
        ("SalesStages", "Prospecting|Qualification|Negotiating|Verbal|Closed Won|Closed Lost"),
        ("Titles", "Mr.|Mrs.|Ms.|Dr."),
    )
    for at, value in enumerate(values.split("|"), 1)
)
CHOICES: Final = tuple(Choices(name, list, "a picklist of the vendor's") for name, list in LISTS.items())


def own_list(name: str) -> Choices | None:
    """A list that the vendor's administrators made for a custom field."""
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        return None
    return Choices(name, list_name(name), "", named_in=OWN_NAMES)


def list_name(name: str) -> str:
    """The core's name of a picklist."""
    return LISTS.get(name) or f"{NAME}:{name[:MAX_NAME]}"
