"""Since when what a user signed in for is good."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("app_user", sa.Column("sessions_from", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("app_user", "sessions_from")
