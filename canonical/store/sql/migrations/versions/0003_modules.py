"""Modules with their records and charts, and pages; substrings of records' values are found by index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BINARY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "module",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", BINARY_TEXT, nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_table(
        "module_record",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("module_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("creator_id", sa.BigInteger(), nullable=True),
        sa.Column("values", sa.Text(), nullable=False),
        sa.Column("search", BINARY_TEXT, nullable=True),
        sa.Column("listed", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("extras", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("module_record_by_module", "module_record", ["tenant_id", "module_id", "listed", "id"])
    op.create_index("module_record_by_owner", "module_record", ["tenant_id", "owner_id"])
    op.create_index(
        "module_record_by_update", "module_record", ["tenant_id", "module_id", "listed", "updated_at", "id"]
    )
    op.create_table(
        "record_value",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("module_id", sa.BigInteger(), nullable=False),
        sa.Column("name", BINARY_TEXT, nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("value", BINARY_TEXT, nullable=False),
        sa.Column("number", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "module_id", "name", "record_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("record_value_by_record", "record_value", ["tenant_id", "record_id"])
    op.create_table(
        "layout_page",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=False),
        sa.Column("module_id", sa.BigInteger(), nullable=False),
        sa.Column("title", BINARY_TEXT, nullable=False),
        sa.Column("description", BINARY_TEXT, nullable=False),
        sa.Column("blocks", sa.Text(), nullable=True),
        sa.Column("visible", sa.SmallInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("layout_page_by_module", "layout_page", ["tenant_id", "module_id"])
    op.create_index("layout_page_by_parent", "layout_page", ["tenant_id", "parent_id", "position", "id"])
    op.create_table(
        "saved_chart",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", BINARY_TEXT, nullable=False),
        sa.Column("config", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    _index_substrings()


def _index_substrings() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        installed = connection.exec_driver_sql("SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'").scalar()
        if installed:
            op.execute("CREATE INDEX module_record_search_trigrams ON module_record USING gin (search gin_trgm_ops)")
        return
    # As for activities: the table keeps no text of its own, and record ids, unique over all tenants, are its rowids.
    op.execute(
        "CREATE VIRTUAL TABLE module_record_search USING fts5(search, content='', tokenize='trigram case_sensitive 1')"
    )
    op.execute(
        "CREATE TRIGGER module_record_search_insert AFTER INSERT ON module_record BEGIN "
        "INSERT INTO module_record_search(rowid, search) VALUES (new.id, new.search); END"
    )
    op.execute(
        "CREATE TRIGGER module_record_search_update AFTER UPDATE OF search ON module_record BEGIN "
        "INSERT INTO module_record_search(module_record_search, rowid, search) "
        "VALUES ('delete', old.id, old.search); "
        "INSERT INTO module_record_search(rowid, search) VALUES (new.id, new.search); END"
    )
    op.execute(
        "CREATE TRIGGER module_record_search_delete AFTER DELETE ON module_record BEGIN "
        "INSERT INTO module_record_search(module_record_search, rowid, search) "
        "VALUES ('delete', old.id, old.search); END"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for event in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER module_record_search_{event}")
        op.execute("DROP TABLE module_record_search")
    for table in ("saved_chart", "layout_page", "record_value", "module_record", "module"):
        op.drop_table(table)
