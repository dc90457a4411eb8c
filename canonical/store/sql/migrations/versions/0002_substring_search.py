"""Finding a substring of a title or body by index: FTS5 trigrams on SQLite, pg_trgm on PostgreSQL."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        available = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'"
        ).scalar()
        # Without the extension a substring search still answers, by scanning.
        if available:
            op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            for column in ("title_fold", "body_fold"):
                op.execute(f"CREATE INDEX activity_{column}_trigrams ON activity USING gin ({column} gin_trgm_ops)")
        return
    # The table keeps no text of its own; ids are unique over all tenants, so they serve as rowids.
    op.execute(
        "CREATE VIRTUAL TABLE activity_search USING fts5(title_fold, body_fold, content='', "
        "tokenize='trigram case_sensitive 1')"
    )
    op.execute(
        "INSERT INTO activity_search(rowid, title_fold, body_fold) SELECT id, title_fold, body_fold FROM activity"
    )
    # New text waits here until its transaction is about to commit: put in row by row, from a trigger, it costs ten
    # times as much, because the index then writes a segment for each.
    op.execute("CREATE TABLE activity_search_waiting (id INTEGER PRIMARY KEY, tenant_id INTEGER NOT NULL)")
    op.execute(
        "CREATE TRIGGER activity_search_insert AFTER INSERT ON activity BEGIN "
        "INSERT INTO activity_search_waiting VALUES (new.id, new.tenant_id); END"
    )
    forget = (
        "INSERT INTO activity_search(activity_search, rowid, title_fold, body_fold) "
        "SELECT 'delete', old.id, old.title_fold, old.body_fold "
        "WHERE NOT EXISTS (SELECT 1 FROM activity_search_waiting WHERE id = old.id); "
    )
    for event, follows in (
        (
            "UPDATE OF title_fold, body_fold",
            "INSERT OR IGNORE INTO activity_search_waiting VALUES (new.id, new.tenant_id)",
        ),
        ("DELETE", "DELETE FROM activity_search_waiting WHERE id = old.id"),
    ):
        name = f"activity_search_{event.partition(' ')[0].lower()}"
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON activity BEGIN {forget}{follows}; END")


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        for column in ("title_fold", "body_fold"):
            op.execute(f"DROP INDEX IF EXISTS activity_{column}_trigrams")
        return
    for event in ("insert", "update", "delete"):
        op.execute(f"DROP TRIGGER activity_search_{event}")
    op.execute("DROP TABLE activity_search_waiting")
    op.execute("DROP TABLE activity_search")
