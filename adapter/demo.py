"""The demo world of ``make serve``: small, and the same every time."""

from __future__ import annotations

from collections.abc import Sequence

from canonical.model import Activity, Case, ContactPoint, Opportunity, Party, PicklistItem
from canonical.operations import Create, NewLink
from canonical.service.core import CanonicalCore
from canonical.service.desk import CoreDesk
from canonical.values import MICROS, Instant, Ref, instant

TENANT = "acme"
MOMENT = instant(2014, 1, 20, 20, 42, 56)
TOKEN = "demo-token-of-super"  # noqa: S105, everybody may know it
GREETING = (
    "demo world: tenant acme (acme.com), administrator super with password super and API token "
    f"{TOKEN}; user dana with password dana and API token demo-token-of-dana"
)


def build(core: CanonicalCore, picklists: Sequence[PicklistItem], now: Instant = MOMENT) -> None:
    """Adds the tenant, its users and a few records."""
    core.directory.add_tenant(TENANT, ["acme.com"], picklists, now)
    people = {"first_name": "Super", "last_name": "User", "email": "super@acme.example", "is_admin": True}
    core.directory.add_user(TENANT, "super", "super", now, token=TOKEN, values=people)
    dana = {"first_name": "Dana", "last_name": "Doe", "email": "dana@acme.example"}
    core.directory.add_user(TENANT, "dana", "dana", now, token="demo-token-of-dana", values=dana)  # noqa: S106
    core.directory.add_application("demo@acme.example", TENANT, "demo-secret", "super")
    principal = core.accounts.by_token("api", TOKEN, now)
    if principal is not None:
        core.write(principal, "", now, records)


def records(desk: CoreDesk) -> None:
    """An organisation with a person, an opportunity, a case and two activities."""
    company = desk.create(
        Create(
            Party,
            {"type": "organisation", "name": "Fjord AS", "industry": "Retail"},
            points=(
                ContactPoint("email", "info@fjord.example", "work"),
                ContactPoint("address", label="office", street="1 Quay St", city="Bergen", country="Norway"),
            ),
        )
    )
    person = desk.create(
        Create(
            Party,
            {"first_name": "Zoë", "last_name": "Lund", "organisation_id": company.id, "job_title": "Buyer"},
            points=(ContactPoint("email", "zoe@fjord.example", "work"), ContactPoint("phone", "+47 555 01", "mobile")),
        )
    )
    deal = {"title": "New shop", "party_id": company.id, "amount": 1500 * MICROS, "currency": "USD"}
    desk.create(Create(Opportunity, {**deal, "stage": "New", "probability": 10, "expected_close": "2030-12-31"}))
    desk.create(Create(Case, {"title": "Broken till", "party_id": person.id}))
    due = {"due_at": instant(2030, 6, 3, 9, 30), "category": "Call"}
    about = (NewLink(Ref("party", person.id)),)
    desk.create(Create(Activity, {"type": "task", "title": "Ring Zoë", **due}, links=about))
    note = {"type": "note", "title": "Met at the fair", "start_at": desk.now}
    desk.create(Create(Activity, note, links=about))
