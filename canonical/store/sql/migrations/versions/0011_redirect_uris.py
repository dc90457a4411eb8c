"""Where an OAuth application may have its users sent back to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("application", sa.Column("redirect_uris", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("application", "redirect_uris")
