"""Whose rights a job has when somebody else changed what it runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job", sa.Column("actor_id", sa.BigInteger, nullable=True))


def downgrade() -> None:
    op.drop_column("job", "actor_id")
