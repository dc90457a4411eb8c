"""Employments: a person's further links to organisations, each with a position of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Compared and sorted by code point on every engine.
BINARY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
HIDDEN = sa.text("visibility <> 'everyone'")


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger) for name in names]


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(column, BINARY_TEXT) for name in names for column in (name, f"{name}_fold")]


def _flags(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.SmallInteger, nullable=False, server_default="0") for name in names]


def upgrade() -> None:
    op.create_table(
        "employment",
        sa.Column("tenant_id", sa.BigInteger, primary_key=True),
        sa.Column("id", sa.BigInteger, primary_key=True),
        *_numbers("version", "created_at", "updated_at", "creator_id", "modifier_id"),
        sa.Column("extras", sa.Text),
        *_numbers("person_id", "organisation_id"),
        *_texts("job_title"),
        sa.Column("stage", BINARY_TEXT),
        *_flags("active"),
        *_texts("name", "first_name", "last_name"),
        *_numbers("last_contacted_at"),
        sa.Column("visibility", BINARY_TEXT),
        *_numbers("group_id", "owner_id"),
        *_flags("owner_chosen"),
        sa.Column("extra_names", BINARY_TEXT),
    )
    op.create_index("employment_by_person", "employment", ["tenant_id", "person_id", "id"])
    op.create_index("employment_by_organisation", "employment", ["tenant_id", "organisation_id", "id"])
    op.create_index(
        "employment_restricted", "employment", ["tenant_id", "visibility"],
        sqlite_where=HIDDEN, postgresql_where=HIDDEN,
    )  # fmt: skip
    op.add_column("party", sa.Column("employment_id", sa.BigInteger, nullable=True))


def downgrade() -> None:
    op.drop_column("party", "employment_id")
    op.drop_table("employment")
