"""The tables of records, of what hangs on them, of accounts and of the change log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Compared and sorted by code point on every engine.
BINARY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "activity",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.Column("creator_id", sa.BigInteger(), nullable=True),
        sa.Column("modifier_id", sa.BigInteger(), nullable=True),
        sa.Column("extras", sa.Text(), nullable=True),
        sa.Column("type", BINARY_TEXT, nullable=True),
        sa.Column("title", BINARY_TEXT, nullable=True),
        sa.Column("title_fold", BINARY_TEXT, nullable=True),
        sa.Column("body", BINARY_TEXT, nullable=True),
        sa.Column("body_fold", BINARY_TEXT, nullable=True),
        sa.Column("state", BINARY_TEXT, nullable=True),
        sa.Column("completed_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("due_date_only", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("start_at", sa.BigInteger(), nullable=True),
        sa.Column("end_at", sa.BigInteger(), nullable=True),
        sa.Column("location", BINARY_TEXT, nullable=True),
        sa.Column("location_fold", BINARY_TEXT, nullable=True),
        sa.Column("category", BINARY_TEXT, nullable=True),
        sa.Column("category_fold", BINARY_TEXT, nullable=True),
        sa.Column("priority", sa.BigInteger(), nullable=True),
        sa.Column("visibility", BINARY_TEXT, nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("owner_chosen", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("requester_id", sa.BigInteger(), nullable=True),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("thread_id", sa.BigInteger(), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("billable_seconds", sa.BigInteger(), nullable=True),
        sa.Column("nonbillable_seconds", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("activity_by_created", "activity", ["tenant_id", "created_at", "id", "visibility", "owner_id"])
    op.create_index(
        "activity_by_due", "activity", ["tenant_id", "type", "state", "due_at", "id", "visibility", "owner_id"]
    )
    op.create_index(
        "activity_by_owner", "activity", ["tenant_id", "owner_id", "type", "state", "due_at", "id", "visibility"]
    )
    op.create_index(
        "activity_in_due_order",
        "activity",
        ["tenant_id", "type", "due_at", "id", "state", "visibility", "owner_id"],
        sqlite_where=sa.text("state <> 'completed'"),
        postgresql_where=sa.text("state <> 'completed'"),
    )
    op.create_index(
        "activity_open_by_sequence",
        "activity",
        ["tenant_id", "sequence"],
        sqlite_where=sa.text("state <> 'completed'"),
        postgresql_where=sa.text("state <> 'completed'"),
    )
    op.create_index("activity_by_parent", "activity", ["tenant_id", "parent_id"])
    op.create_index("activity_by_sequence", "activity", ["tenant_id", "sequence"], unique=True)
    op.create_index(
        "activity_by_title", "activity", ["tenant_id", "type", "title_fold", "id", "visibility", "owner_id"]
    )
    op.create_table(
        "alias",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("dialect", BINARY_TEXT, nullable=False),
        sa.Column("kind", BINARY_TEXT, nullable=False),
        sa.Column("foreign_id", BINARY_TEXT, nullable=False),
        sa.Column("local_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "dialect", "kind", "foreign_id"),
    )
    op.create_index("alias_by_local", "alias", ["tenant_id", "dialect", "kind", "local_id"], unique=True)
    op.create_table(
        "app_user",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.Column("creator_id", sa.BigInteger(), nullable=True),
        sa.Column("modifier_id", sa.BigInteger(), nullable=True),
        sa.Column("extras", sa.Text(), nullable=True),
        sa.Column("username", BINARY_TEXT, nullable=True),
        sa.Column("username_fold", BINARY_TEXT, nullable=True),
        sa.Column("first_name", BINARY_TEXT, nullable=True),
        sa.Column("first_name_fold", BINARY_TEXT, nullable=True),
        sa.Column("last_name", BINARY_TEXT, nullable=True),
        sa.Column("last_name_fold", BINARY_TEXT, nullable=True),
        sa.Column("email", BINARY_TEXT, nullable=True),
        sa.Column("email_fold", BINARY_TEXT, nullable=True),
        sa.Column("is_admin", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("view_only", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("active", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("manager_id", sa.BigInteger(), nullable=True),
        sa.Column("job_title", BINARY_TEXT, nullable=True),
        sa.Column("job_title_fold", BINARY_TEXT, nullable=True),
        sa.Column("department", BINARY_TEXT, nullable=True),
        sa.Column("department_fold", BINARY_TEXT, nullable=True),
        sa.Column("salutation", BINARY_TEXT, nullable=True),
        sa.Column("salutation_fold", BINARY_TEXT, nullable=True),
        sa.Column("mobile_phone", BINARY_TEXT, nullable=True),
        sa.Column("mobile_phone_fold", BINARY_TEXT, nullable=True),
        sa.Column("office_phone", BINARY_TEXT, nullable=True),
        sa.Column("office_phone_fold", BINARY_TEXT, nullable=True),
        sa.Column("fax", BINARY_TEXT, nullable=True),
        sa.Column("fax_fold", BINARY_TEXT, nullable=True),
        sa.Column("time_zone", BINARY_TEXT, nullable=True),
        sa.Column("locale", BINARY_TEXT, nullable=True),
        sa.Column("language", BINARY_TEXT, nullable=True),
        sa.Column("currency", BINARY_TEXT, nullable=True),
        sa.Column("last_sign_in_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("user_by_email", "app_user", ["tenant_id", "email_fold"])
    op.create_index("user_by_username", "app_user", ["tenant_id", "username_fold"], unique=True)
    op.create_table(
        "application",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("secret_digest", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("client_id"),
    )
    op.create_table(
        "case_file",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.Column("creator_id", sa.BigInteger(), nullable=True),
        sa.Column("modifier_id", sa.BigInteger(), nullable=True),
        sa.Column("extras", sa.Text(), nullable=True),
        sa.Column("title", BINARY_TEXT, nullable=True),
        sa.Column("title_fold", BINARY_TEXT, nullable=True),
        sa.Column("body", BINARY_TEXT, nullable=True),
        sa.Column("body_fold", BINARY_TEXT, nullable=True),
        sa.Column("party_id", sa.BigInteger(), nullable=True),
        sa.Column("state", BINARY_TEXT, nullable=True),
        sa.Column("closed_on", BINARY_TEXT, nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("priority", sa.BigInteger(), nullable=True),
        sa.Column("source", BINARY_TEXT, nullable=True),
        sa.Column("source_fold", BINARY_TEXT, nullable=True),
        sa.Column("visibility", BINARY_TEXT, nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("owner_chosen", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("case_by_party", "case_file", ["tenant_id", "party_id"])
    op.create_index("case_by_title", "case_file", ["tenant_id", "title_fold", "id", "visibility", "owner_id"])
    op.create_table(
        "change",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("dialect", BINARY_TEXT, nullable=False),
        sa.Column("action", BINARY_TEXT, nullable=False),
        sa.Column("record_kind", BINARY_TEXT, nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("type", BINARY_TEXT, nullable=True),
        sa.Column("fields", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("change_by_kind", "change", ["tenant_id", "record_kind", "action", "at", "record_id"])
    op.create_table(
        "contact_point",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("party_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", BINARY_TEXT, nullable=False),
        sa.Column("label", BINARY_TEXT, nullable=True),
        sa.Column("value", BINARY_TEXT, nullable=True),
        sa.Column("value_fold", BINARY_TEXT, nullable=True),
        sa.Column("service", BINARY_TEXT, nullable=True),
        sa.Column("street", BINARY_TEXT, nullable=True),
        sa.Column("street_fold", BINARY_TEXT, nullable=True),
        sa.Column("street2", BINARY_TEXT, nullable=True),
        sa.Column("street2_fold", BINARY_TEXT, nullable=True),
        sa.Column("city", BINARY_TEXT, nullable=True),
        sa.Column("city_fold", BINARY_TEXT, nullable=True),
        sa.Column("region", BINARY_TEXT, nullable=True),
        sa.Column("region_fold", BINARY_TEXT, nullable=True),
        sa.Column("postcode", BINARY_TEXT, nullable=True),
        sa.Column("postcode_fold", BINARY_TEXT, nullable=True),
        sa.Column("country", BINARY_TEXT, nullable=True),
        sa.Column("country_fold", BINARY_TEXT, nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("extras", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("contact_point_by_party", "contact_point", ["tenant_id", "party_id", "position"])
    op.create_index("contact_point_by_value", "contact_point", ["tenant_id", "kind", "value_fold", "party_id"])
    op.create_table(
        "counter",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "name"),
    )
    op.create_table(
        "custom_field",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("kind", BINARY_TEXT, nullable=False),
        sa.Column("group", BINARY_TEXT, nullable=False),
        sa.Column("name", BINARY_TEXT, nullable=False),
        sa.Column("label", BINARY_TEXT, nullable=False),
        sa.Column("type", BINARY_TEXT, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("options", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("custom_field_once", "custom_field", ["tenant_id", "kind", "group", "name"], unique=True)
    op.create_table(
        "custom_value",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("record_kind", BINARY_TEXT, nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("group", BINARY_TEXT, nullable=False),
        sa.Column("name", BINARY_TEXT, nullable=False),
        sa.Column("value", BINARY_TEXT, nullable=False),
        sa.Column("value_fold", BINARY_TEXT, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "record_kind", "record_id", "group", "name"),
    )
    op.create_index("custom_value_by_name", "custom_value", ["tenant_id", "record_kind", "name", "record_id"])
    op.create_table(
        "link",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("record_kind", BINARY_TEXT, nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("target_kind", BINARY_TEXT, nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.Column("role", BINARY_TEXT, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index(
        "link_by_target", "link", ["tenant_id", "target_kind", "target_id", "record_kind", "role", "record_id"]
    )
    op.create_index(
        "link_once", "link", ["tenant_id", "record_kind", "record_id", "target_kind", "target_id", "role"], unique=True
    )
    op.create_table(
        "opportunity",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.Column("creator_id", sa.BigInteger(), nullable=True),
        sa.Column("modifier_id", sa.BigInteger(), nullable=True),
        sa.Column("extras", sa.Text(), nullable=True),
        sa.Column("title", BINARY_TEXT, nullable=True),
        sa.Column("title_fold", BINARY_TEXT, nullable=True),
        sa.Column("body", BINARY_TEXT, nullable=True),
        sa.Column("body_fold", BINARY_TEXT, nullable=True),
        sa.Column("party_id", sa.BigInteger(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", BINARY_TEXT, nullable=True),
        sa.Column("duration_basis", BINARY_TEXT, nullable=True),
        sa.Column("duration", sa.BigInteger(), nullable=True),
        sa.Column("stage", BINARY_TEXT, nullable=True),
        sa.Column("stage_fold", BINARY_TEXT, nullable=True),
        sa.Column("stage_changed_at", sa.BigInteger(), nullable=True),
        sa.Column("probability", sa.BigInteger(), nullable=True),
        sa.Column("state", BINARY_TEXT, nullable=True),
        sa.Column("expected_close", BINARY_TEXT, nullable=True),
        sa.Column("closed_on", BINARY_TEXT, nullable=True),
        sa.Column("source", BINARY_TEXT, nullable=True),
        sa.Column("source_fold", BINARY_TEXT, nullable=True),
        sa.Column("visibility", BINARY_TEXT, nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("owner_chosen", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("opportunity_by_party", "opportunity", ["tenant_id", "party_id"])
    op.create_index("opportunity_by_title", "opportunity", ["tenant_id", "title_fold", "id", "visibility", "owner_id"])
    op.create_table(
        "party",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.Column("creator_id", sa.BigInteger(), nullable=True),
        sa.Column("modifier_id", sa.BigInteger(), nullable=True),
        sa.Column("extras", sa.Text(), nullable=True),
        sa.Column("type", BINARY_TEXT, nullable=True),
        sa.Column("name", BINARY_TEXT, nullable=True),
        sa.Column("name_fold", BINARY_TEXT, nullable=True),
        sa.Column("first_name", BINARY_TEXT, nullable=True),
        sa.Column("first_name_fold", BINARY_TEXT, nullable=True),
        sa.Column("last_name", BINARY_TEXT, nullable=True),
        sa.Column("last_name_fold", BINARY_TEXT, nullable=True),
        sa.Column("salutation", BINARY_TEXT, nullable=True),
        sa.Column("salutation_fold", BINARY_TEXT, nullable=True),
        sa.Column("job_title", BINARY_TEXT, nullable=True),
        sa.Column("job_title_fold", BINARY_TEXT, nullable=True),
        sa.Column("department", BINARY_TEXT, nullable=True),
        sa.Column("department_fold", BINARY_TEXT, nullable=True),
        sa.Column("company", BINARY_TEXT, nullable=True),
        sa.Column("company_fold", BINARY_TEXT, nullable=True),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("about", BINARY_TEXT, nullable=True),
        sa.Column("about_fold", BINARY_TEXT, nullable=True),
        sa.Column("industry", BINARY_TEXT, nullable=True),
        sa.Column("industry_fold", BINARY_TEXT, nullable=True),
        sa.Column("category", BINARY_TEXT, nullable=True),
        sa.Column("category_fold", BINARY_TEXT, nullable=True),
        sa.Column("source", BINARY_TEXT, nullable=True),
        sa.Column("source_fold", BINARY_TEXT, nullable=True),
        sa.Column("stage", BINARY_TEXT, nullable=True),
        sa.Column("stage_word", BINARY_TEXT, nullable=True),
        sa.Column("stage_word_fold", BINARY_TEXT, nullable=True),
        sa.Column("employees", sa.BigInteger(), nullable=True),
        sa.Column("annual_revenue", sa.BigInteger(), nullable=True),
        sa.Column("active", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("last_contacted_at", sa.BigInteger(), nullable=True),
        sa.Column("visibility", BINARY_TEXT, nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("owner_chosen", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index(
        "party_by_last_name", "party", ["tenant_id", "type", "last_name_fold", "id", "visibility", "owner_id"]
    )
    op.create_index("party_by_name", "party", ["tenant_id", "type", "name_fold", "id", "visibility", "owner_id"])
    op.create_index(
        "party_in_name_order", "party", ["tenant_id", "name_fold", "id", "user_id", "visibility", "owner_id"]
    )
    op.create_index("party_by_organisation", "party", ["tenant_id", "organisation_id"])
    op.create_index("party_by_updated", "party", ["tenant_id", "updated_at", "id"])
    op.create_index("party_by_user", "party", ["tenant_id", "user_id"])
    op.create_table(
        "password",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "user_id"),
    )
    op.create_table(
        "picklist_item",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("list", BINARY_TEXT, nullable=False),
        sa.Column("value", BINARY_TEXT, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("origin", BINARY_TEXT, nullable=False),
        sa.Column("data", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("picklist_item_by_list", "picklist_item", ["tenant_id", "list", "position"])
    op.create_table(
        "tag",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", BINARY_TEXT, nullable=False),
        sa.Column("name_fold", BINARY_TEXT, nullable=False),
        sa.Column("url", BINARY_TEXT, nullable=True),
        sa.Column("keywords", BINARY_TEXT, nullable=True),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("tag_by_name", "tag", ["tenant_id", "name_fold"], unique=True)
    op.create_table(
        "tagging",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("record_kind", BINARY_TEXT, nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("tag_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "record_kind", "record_id", "tag_id"),
    )
    op.create_index("tagging_by_tag", "tagging", ["tenant_id", "tag_id", "record_kind", "record_id"])
    op.create_table(
        "tenant",
        sa.Column("id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
    )
    op.create_table(
        "tenant_host",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("host"),
    )
    op.create_table(
        "token",
        sa.Column("kind", BINARY_TEXT, nullable=False),
        sa.Column("digest", BINARY_TEXT, nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("idle", sa.BigInteger(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "digest"),
    )
    op.create_index("token_by_expiry", "token", ["expires_at"])
    op.create_index("token_by_user", "token", ["tenant_id", "user_id", "kind"])


def downgrade() -> None:
    op.drop_table("token")
    op.drop_table("tenant_host")
    op.drop_table("tenant")
    op.drop_table("tagging")
    op.drop_table("tag")
    op.drop_table("picklist_item")
    op.drop_table("password")
    op.drop_table("party")
    op.drop_table("opportunity")
    op.drop_table("link")
    op.drop_table("custom_value")
    op.drop_table("custom_field")
    op.drop_table("counter")
    op.drop_table("contact_point")
    op.drop_table("change")
    op.drop_table("case_file")
    op.drop_table("application")
    op.drop_table("app_user")
    op.drop_table("alias")
    op.drop_table("activity")
