"""Accounts: organisations."""

from __future__ import annotations

from dialects.zurmo.fields import common, owned, plain
from dialects.zurmo.fields.base import Field
from dialects.zurmo.fields.contact import ANY
from dialects.zurmo.fields.references import account

FIELDS: tuple[Field, ...] = (
    common.OWNER,
    common.PERMISSIONS,
    *common.AUDIT,
    plain.decimal("annualRevenue", "annual_revenue", audited=False),
    plain.text_area("description", "about"),
    plain.whole("employees", "employees", audited=False),
    plain.read_only_moment("latestActivityDateTime", "last_contacted_at", v3_only=True, audited=False),
    plain.text("name", "name", required=True),
    owned.OFFICE_PHONE,
    owned.OFFICE_FAX,
    owned.WEBSITE,
    owned.BILLING_ADDRESS,
    plain.dropdown("industry", "industry", 1, "Industries"),
    owned.PRIMARY_EMAIL,
    owned.SECONDARY_EMAIL,
    owned.SHIPPING_ADDRESS,
    plain.dropdown("type", "category", 4, "AccountTypes"),
)
SEARCHED: tuple[Field, ...] = (
    *ANY[1:],
    # Written and searched, never shown (zurmo dossier, section 8).
    account("account", "organisation_id", "organisation", label="Parent Account"),
)
