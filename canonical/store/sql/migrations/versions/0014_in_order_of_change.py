"""Activities in the order of their last change, and open ones by category in due order, from an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

OPEN = sa.text("state <> 'completed'")
IN_DUE_ORDER = ("tenant_id", "type", "due_at", "id", "state", "visibility", "owner_id", "extra_names")


def _in_due_order(*more: str) -> None:
    op.drop_index("activity_in_due_order", "activity")
    columns = [*IN_DUE_ORDER, *more]
    op.create_index("activity_in_due_order", "activity", columns, sqlite_where=OPEN, postgresql_where=OPEN)


def upgrade() -> None:
    _in_due_order("category")
    changed = ["tenant_id", "type", "updated_at", "id", "visibility", "owner_id"]
    op.create_index("activity_by_updated", "activity", changed)


def downgrade() -> None:
    op.drop_index("activity_by_updated", "activity")
    _in_due_order()
