"""Names that the vendor nowhere documents: they are ignored, and told of (dossier, section 8.0)."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from itertools import islice

from dialects.affinitylive.query.build import BOUNDS, INTERACTS, RANGES
from dialects.affinitylive.query.tables import Filters
from dialects.affinitylive.wire.grammar import Items
from dialects.affinitylive.wire.parameters import Parameters

MOST = 20
"""Names of one request that are told of."""
LONGEST = 60
"""Characters of such a name."""
CONTROLS = frozenset(
    {
        *("_fields", "_filters", "_search", "_limit", "_page", "_offset", "_method", "_bearer_token", "_skip_auth"),
        *("_suppress_message", "_suppress_http_status", "_suppress_meta", "_hide_defaults"),
    }
)
"""Parameters that any request may have (dossier, sections 1 to 5)."""


WRITTEN = frozenset(
    {
        *("against_type", "against_id", "owner_type", "owner_id", "parent_id", "thread_id", "task_id", "class_id"),
        *("priority_id", "type_id", "status_id", "manager_id", "assignee_id", "staff_id", "affiliation_id", "success"),
        *("company_id", "contact_id", "resolution_id", "contract_id", "probability_id", "rate_id", "rate_charged"),
        *("is_billable", "remaining", "country_id", "physical_address_id", "postal_address_id", "password"),
        *("to", "cc", "bcc", "file", "resource", "send_invites", "block_send", "activity_priority_id"),
        *("activity_class_id", "task_priority_id", "company", "contact", "phone", "fax", "email", "mobile", "website"),
        *("position", "communication", "invoice_method", "standing", "client_id", "client_secret"),
    }
)
"""Parameters of writes that are no field of their resource (dossier, sections 7 and 8)."""


def in_write(names: Iterable[str], fields: Container[str]) -> Iterator[str]:
    """The parameters of a write that nobody documents, cut, the first few; what is shown may come back."""
    found = (
        name[:LONGEST]
        for name in names
        if name not in fields and name not in WRITTEN and name not in CONTROLS and not name.startswith("profile.")
    )
    return islice(found, MOST)


def filters(table: Filters, items: Items) -> Iterator[tuple[str, str]]:
    """Filters and orders that no table has, with what they are."""
    for item in items:
        if item.items is None:
            yield "unknown_filter", item.name
        elif item.name in ("_OR", "_AND"):
            yield from filters(table, item.items)
        elif item.name in ("order_by_asc", "order_by_desc"):
            yield from (("unknown_order", one.name) for one in item.items if one.name not in table.orders)
        elif not knows(table, item.name):
            yield "unknown_filter", item.name


def knows(table: Filters, name: str) -> bool:
    """Whether there is a filter of that name."""
    if name in table.columns or name in table.moments or name in table.objects or name in BOUNDS:
        return True
    if name in ("empty", "search") or (name in INTERACTS and table.interacts):
        return True
    base, _, suffix = name.rpartition("_")
    if suffix in ("before", "after"):
        return base in table.moments
    if suffix == "not":
        return not base.endswith("_not") and knows(table, base)
    for ending, _op in RANGES:
        if name.endswith(ending):
            column = table.columns.get(name.removesuffix(ending))
            return column is not None and column.has_range
    return False


def in_list(table: Filters, given: Parameters, more: frozenset[str] = frozenset()) -> tuple[tuple[str, str], ...]:
    """What is unknown in a request for a list: reason and name of each, cut, the first few."""
    found = [("unknown_parameter", name) for name in given.values if name not in CONTROLS and name not in more]
    found.extend(filters(table, given.filters))
    return tuple(dict.fromkeys((reason, name[:LONGEST]) for reason, name in found[:MOST]))
