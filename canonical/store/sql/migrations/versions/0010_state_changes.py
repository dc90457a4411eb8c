"""The log of changes of state; ids of custom values, and who gave them when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Compared and sorted by code point on every engine.
BINARY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBERED = {
    "sqlite": "UPDATE custom_value SET id = rowid",
    "postgresql": (
        "UPDATE custom_value AS c SET id = n.number FROM (SELECT *, row_number() OVER "
        "(ORDER BY tenant_id, record_kind, record_id, position) AS number FROM custom_value) AS n "
        'WHERE (c.tenant_id, c.record_kind, c.record_id, c."group", c.name) '
        '= (n.tenant_id, n.record_kind, n.record_id, n."group", n.name)'
    ),
}


def upgrade() -> None:
    op.create_table(
        "state_change",
        sa.Column("tenant_id", sa.BigInteger, primary_key=True),
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("record_kind", BINARY_TEXT, nullable=False),
        sa.Column("record_id", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("user_id", sa.BigInteger),
        sa.Column("word", BINARY_TEXT, nullable=False),
        sa.Column("latest", sa.SmallInteger, nullable=False),
    )
    op.create_index("state_change_by_record", "state_change", ["tenant_id", "record_kind", "record_id", "id"])
    for name in ("id", "updated_at", "modifier_id"):
        op.add_column("custom_value", sa.Column(name, sa.BigInteger, nullable=True))
    op.execute(NUMBERED[op.get_bind().dialect.name])
    op.create_index("custom_value_by_id", "custom_value", ["tenant_id", "id"], unique=True)
    # Numbers of all tenants, so they are kept as counters of none.
    op.execute(
        "INSERT INTO counter (tenant_id, name, value) SELECT 0, 'custom_value', max(id) FROM custom_value "
        "WHERE id IS NOT NULL HAVING count(*) > 0"
    )


def downgrade() -> None:
    op.execute("DELETE FROM counter WHERE name = 'custom_value'")
    op.drop_index("custom_value_by_id", "custom_value")
    for name in ("modifier_id", "updated_at", "id"):
        op.drop_column("custom_value", name)
    op.drop_table("state_change")
