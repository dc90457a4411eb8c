"""What every record begins with, in the order of 3.1.5; the seed's order is made from it (see `modules`)."""

from __future__ import annotations

from dialects.zurmo.fields import plain
from dialects.zurmo.fields.base import Field
from dialects.zurmo.fields.references import owner, permissions, user

OWNER = owner()
PERMISSIONS = permissions()
ID = plain.identity()
CREATED_AT = plain.read_only_moment("createdDateTime", "created_at", required=True)
UPDATED_AT = plain.read_only_moment("modifiedDateTime", "updated_at", required=True)
CREATED_BY = user("createdByUser", "creator_id", "creator_username", read_only=True)
UPDATED_BY = user("modifiedByUser", "modifier_id", "modifier_username", read_only=True)

AUDIT: tuple[Field, ...] = (ID, CREATED_AT, UPDATED_AT, CREATED_BY, UPDATED_BY)
"""Of records without an owner."""
IMPORTABLE = {
    "createdDateTime": "created_at",
    "modifiedDateTime": "updated_at",
    "createdByUser": "creator_id",
    "modifiedByUser": "modifier_id",
}
"""What a create in the scenario ``importModel`` may set (zurmo dossier, section 3)."""
