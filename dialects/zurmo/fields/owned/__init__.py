"""Contact points as the vendor has them: e-mail and address objects, phone numbers, one website.

The label says which is which: ``secondary`` for the second e-mail and address of a contact, ``billing`` and
``shipping`` for an account's, ``mobile``, ``work`` and ``fax`` for numbers. What other dialects add without these
labels fills the first free place. An object with nothing in it that a contact point could hold (an e-mail of only
``optOut``) is kept in the record's extras under the attribute's name.
"""

from __future__ import annotations

from dialects.zurmo.fields.owned.objects import (
    ADDRESS,
    BILLING_ADDRESS,
    PRIMARY_ADDRESS,
    PRIMARY_EMAIL,
    SECONDARY_ADDRESS,
    SECONDARY_EMAIL,
    SHIPPING_ADDRESS,
    any_address,
    any_email,
    checked_address,
    checked_email,
)
from dialects.zurmo.fields.owned.points import (
    first_address,
    first_email,
    first_site,
    labelled,
    second_address,
    second_email,
    unseen,
)
from dialects.zurmo.fields.owned.singles import MOBILE_PHONE, OFFICE_FAX, OFFICE_PHONE, WEBSITE, WORK_PHONE

__all__ = [
    "ADDRESS",
    "BILLING_ADDRESS",
    "MOBILE_PHONE",
    "OFFICE_FAX",
    "OFFICE_PHONE",
    "PRIMARY_ADDRESS",
    "PRIMARY_EMAIL",
    "SECONDARY_ADDRESS",
    "SECONDARY_EMAIL",
    "SHIPPING_ADDRESS",
    "WEBSITE",
    "WORK_PHONE",
    "any_address",
    "any_email",
    "checked_address",
    "checked_email",
    "first_address",
    "first_email",
    "first_site",
    "labelled",
    "second_address",
    "second_email",
    "unseen",
]
