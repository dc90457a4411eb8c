"""Who saw what was deleted, so that lists of deleted ids tell nobody else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("change", sa.Column("audience", sa.Text, nullable=True))


def downgrade() -> None:
    op.drop_column("change", "audience")
