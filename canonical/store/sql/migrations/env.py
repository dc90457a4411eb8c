"""How Alembic runs our migrations: on the connection that `schema.upgrade` gives it."""

from __future__ import annotations

from alembic import context

from canonical.store.sql.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=False)
with context.begin_transaction():
    context.run_migrations()
