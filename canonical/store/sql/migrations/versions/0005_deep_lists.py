"""Which namespaces have extras, so that indexes can say it; open activities, and activities by type, in due order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Compared and sorted by code point on every engine.
BINARY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
RECORDS = ("activity", "party", "opportunity", "case_file", "app_user")
RESTRICTED = ("activity", "party", "opportunity", "case_file")
NAMES = {
    "sqlite": "(SELECT ',' || group_concat(key, ',') || ',' FROM (SELECT key FROM json_each(extras) ORDER BY key))",
    "postgresql": "(SELECT ',' || string_agg(k, ',' ORDER BY k) || ',' FROM json_object_keys(extras::json) AS k)",
}
OPEN = "state <> 'completed'"
SEEN = ("state", "visibility", "owner_id")


def _index(name: str, table: str, columns: tuple[str, ...], where: str | None = None) -> None:
    only = None if where is None else sa.text(where)
    op.create_index(name, table, list(columns), sqlite_where=only, postgresql_where=only)


def upgrade() -> None:
    database = op.get_bind().dialect.name
    for table in RECORDS:
        op.add_column(table, sa.Column("extra_names", BINARY_TEXT, nullable=True))
        op.execute(f"UPDATE {table} SET extra_names = {NAMES[database]} WHERE extras IS NOT NULL")  # noqa: S608
    for table in RESTRICTED:
        _index(f"{table}_restricted", table, ("tenant_id", "visibility"), "visibility <> 'everyone'")
    op.drop_index("activity_in_due_order", "activity")
    op.drop_index("activity_open_by_sequence", "activity")
    _index("activity_in_due_order", "activity", ("tenant_id", "type", "due_at", "id", *SEEN, "extra_names"), OPEN)
    _index(
        "activity_open_by_sequence", "activity", ("tenant_id", "sequence", "id", "type", *SEEN, "extra_names"), OPEN
    )
    _index("activity_by_type_and_due", "activity", ("tenant_id", "type", "due_at", "id", "visibility", "owner_id"))


def downgrade() -> None:
    for name in ("activity_by_type_and_due", "activity_open_by_sequence", "activity_in_due_order"):
        op.drop_index(name, "activity")
    _index(
        "activity_in_due_order",
        "activity",
        ("tenant_id", "type", "due_at", "id", "state", "visibility", "owner_id"),
        OPEN,
    )
    _index("activity_open_by_sequence", "activity", ("tenant_id", "sequence"), OPEN)
    for table in RESTRICTED:
        op.drop_index(f"{table}_restricted", table)
    for table in RECORDS:
        op.drop_column(table, "extra_names")
