"""The digits of phone numbers from the last to the first, so that a number is found by its end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Compared and sorted by code point on every engine.
BINARY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INDEX = "contact_point_by_digits"
BATCH = 5_000
MOST = 40
NEXT = sa.text(
    "SELECT tenant_id, id, value FROM contact_point WHERE kind = 'phone' AND value IS NOT NULL "
    "AND (tenant_id > :tenant OR (tenant_id = :tenant AND id > :id)) ORDER BY tenant_id, id LIMIT :limit"
)
SET = sa.text("UPDATE contact_point SET digits_back = :digits WHERE tenant_id = :tenant AND id = :id")


def upgrade() -> None:
    op.add_column("contact_point", sa.Column("digits_back", BINARY_TEXT, nullable=True))
    connection = op.get_bind()
    last = {"tenant": -1, "id": 0}
    while rows := connection.execute(NEXT, {**last, "limit": BATCH}).fetchall():
        last = {"tenant": rows[-1][0], "id": rows[-1][1]}
        found = [(tenant, id, "".join(c for c in value if "0" <= c <= "9")) for tenant, id, value in rows]
        params = [
            {"tenant": tenant, "id": id, "digits": digits[::-1][:MOST]} for tenant, id, digits in found if digits
        ]
        if params:
            connection.execute(SET, params)
    only = sa.text("digits_back IS NOT NULL")
    columns = ["tenant_id", "digits_back", "party_id"]
    op.create_index(INDEX, "contact_point", columns, sqlite_where=only, postgresql_where=only)


def downgrade() -> None:
    op.drop_index(INDEX, "contact_point")
    op.drop_column("contact_point", "digits_back")
