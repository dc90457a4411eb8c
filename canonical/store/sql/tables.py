"""The tables. Those of records are built from the kinds' field descriptions; every one leads with `tenant_id`.

Instants are BIGINT microseconds, flags 0/1, money BIGINT millionths, dates ``YYYY-MM-DD`` text, extras JSON text.
A folded text field has a second column ``<name>_fold`` with the form in which it is compared; ``extra_names`` holds
the namespaces that have extras, ``,one,two,``, so that an index can tell who has none.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from canonical.model import KINDS, FieldSpec
from canonical.model.visibility import READ_BY_ALL, SEEN_BY_ALL, UNTOLD, VISIBILITIES

metadata = sa.MetaData()

# Compared and sorted by code point on every engine, so that a sort is the same everywhere.
BINARY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

TABLE_NAMES: Final = {
    "activity": "activity",
    "party": "party",
    "opportunity": "opportunity",
    "case": "case_file",
    "user": "app_user",
    "employment": "employment",
}


def _column(spec: FieldSpec) -> list[sa.Column[object]]:
    if spec.name == "id":
        return [sa.Column("id", sa.BigInteger, nullable=False)]
    if spec.type in ("text", "date"):
        columns: list[sa.Column[object]] = [sa.Column(spec.name, BINARY_TEXT)]
        if spec.folded:
            columns.append(sa.Column(f"{spec.name}_fold", BINARY_TEXT))
        return columns
    if spec.type == "flag":
        return [sa.Column(spec.name, sa.SmallInteger, nullable=False, server_default="0")]
    if spec.type == "extras":
        return [sa.Column(spec.name, sa.Text)]
    return [sa.Column(spec.name, sa.BigInteger)]


def _record_table(kind: str) -> sa.Table:
    columns = [column for spec in KINDS[kind].fields for column in _column(spec)]
    return sa.Table(
        TABLE_NAMES[kind],
        metadata,
        sa.Column("tenant_id", sa.BigInteger, primary_key=True),
        *(column if column.name != "id" else sa.Column("id", sa.BigInteger, primary_key=True) for column in columns),
        sa.Column("extra_names", BINARY_TEXT),
    )


RECORDS: dict[str, sa.Table] = {kind: _record_table(kind) for kind in KINDS}
activity = RECORDS["activity"]
party = RECORDS["party"]
opportunity = RECORDS["opportunity"]
case = RECORDS["case"]
user = RECORDS["user"]
employment = RECORDS["employment"]


def _index(name: str, table: sa.Table, *columns: str, unique: bool = False, where: str | None = None) -> None:
    only = None if where is None else sa.text(where)
    sa.Index(name, *(table.c[column] for column in columns), unique=unique, sqlite_where=only, postgresql_where=only)


# One index for each filter and sort that a dialect offers, tenant first. `visibility` and `owner_id` at the end
# let a page's keys be found in the index alone.
_index("activity_by_title", activity, "tenant_id", "type", "title_fold", "id", "visibility", "owner_id")
_index("activity_by_due", activity, "tenant_id", "type", "state", "due_at", "id", "visibility", "owner_id")
# What is open in the order of its due and of the sequence, however much is done: done is what most of the old ones
# are. With all that a list asks of a record, so that a deep page passes over its rows in the index alone.
_index(
    "activity_in_due_order",
    activity,
    *("tenant_id", "type", "due_at", "id", "state", "visibility", "owner_id", "extra_names", "category"),
    where="state <> 'completed'",
)
_index(
    "activity_open_by_sequence",
    activity,
    *("tenant_id", "sequence", "id", "type", "state", "visibility", "owner_id", "extra_names"),
    where="state <> 'completed'",
)
_index("activity_by_type_and_due", activity, "tenant_id", "type", "due_at", "id", "visibility", "owner_id")
_index("activity_by_owner", activity, "tenant_id", "owner_id", "type", "state", "due_at", "id", "visibility")
_index("activity_by_sequence", activity, "tenant_id", "sequence", unique=True)
_index("activity_by_created", activity, "tenant_id", "created_at", "id", "visibility", "owner_id")
_index("activity_by_updated", activity, "tenant_id", "type", "updated_at", "id", "visibility", "owner_id")
_index("activity_by_parent", activity, "tenant_id", "parent_id")
_index("party_by_name", party, "tenant_id", "type", "name_fold", "id", "visibility", "owner_id")
_index("party_in_name_order", party, "tenant_id", "name_fold", "id", "user_id", "visibility", "owner_id")
_index("party_by_last_name", party, "tenant_id", "type", "last_name_fold", "id", "visibility", "owner_id")
_index("party_by_organisation", party, "tenant_id", "organisation_id")
_index("party_by_updated", party, "tenant_id", "updated_at", "id")
_index("party_by_user", party, "tenant_id", "user_id")
_index("opportunity_by_title", opportunity, "tenant_id", "title_fold", "id", "visibility", "owner_id")
_index("opportunity_by_party", opportunity, "tenant_id", "party_id")
_index("case_by_title", case, "tenant_id", "title_fold", "id", "visibility", "owner_id")
_index("case_by_party", case, "tenant_id", "party_id")
_index("employment_by_person", employment, "tenant_id", "person_id", "id")
_index("employment_by_organisation", employment, "tenant_id", "organisation_id", "id")
_index("user_by_username", user, "tenant_id", "username_fold", unique=True)
_index("user_by_email", user, "tenant_id", "email_fold")

HIDDEN: Final = tuple(word for word in VISIBILITIES if word not in SEEN_BY_ALL)
"""The visibilities of records that not everyone sees; see `canonical.model.visibility`."""
MASKED: Final = tuple(word for word in VISIBILITIES if word not in READ_BY_ALL)
"""The visibilities of records whose text not everyone reads who sees them."""
UNTOLD_WORDS: Final = tuple(sorted(UNTOLD))
"""The visibilities of records of which nobody else learns that they are there."""
for _kind, _table in RECORDS.items():
    if "visibility" in KINDS[_kind].by_name:
        _index(f"{_table.name}_restricted", _table, "tenant_id", "visibility", where="visibility <> 'everyone'")

tenant = sa.Table(
    "tenant",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("slug", sa.Text, nullable=False, unique=True),
    sa.Column("settings", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)
tenant_host = sa.Table(
    "tenant_host",
    metadata,
    sa.Column("host", sa.Text, primary_key=True),
    sa.Column("tenant_id", sa.BigInteger, nullable=False),
)
counter = sa.Table(
    "counter",
    metadata,
    sa.Column("tenant_id", sa.BigInteger, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)
link = sa.Table(
    "link",
    metadata,
    sa.Column("tenant_id", sa.BigInteger, primary_key=True),
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("record_kind", BINARY_TEXT, nullable=False),
    sa.Column("record_id", sa.BigInteger, nullable=False),
    sa.Column("target_kind", BINARY_TEXT, nullable=False),
    sa.Column("target_id", sa.BigInteger, nullable=False),
    sa.Column("role", BINARY_TEXT, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
)
_index("link_once", link, "tenant_id", "record_kind", "record_id", "target_kind", "target_id", "role", unique=True)
_index("link_by_target", link, "tenant_id", "target_kind", "target_id", "record_kind", "role", "record_id")
point = sa.Table(
    "contact_point",
    metadata,
    sa.Column("tenant_id", sa.BigInteger, primary_key=True),
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("party_id", sa.BigInteger, nullable=False),
    sa.Column("kind", BINARY_TEXT, nullable=False),
    sa.Column("label", BINARY_TEXT),
    sa.Column("value", BINARY_TEXT),
    sa.Column("value_fold", BINARY_TEXT),
    sa.Column("digits_back", BINARY_TEXT),
    sa.Column("service", BINARY_TEXT),
    *(
        sa.Column(name, BINARY_TEXT)
        for part in ("street", "street2", "city", "region", "postcode", "country")
        for name in (part, f"{part}_fold")
    ),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("extras", sa.Text),
)
_index("contact_point_by_party", point, "tenant_id", "party_id", "position")
_index("contact_point_by_digits", point, "tenant_id", "digits_back", "party_id", where="digits_back IS NOT NULL")
_index("contact_point_by_value", point, "tenant_id", "kind", "value_fold", "party_id")
tag = sa.Table(
    "tag",
    metadata,
    sa.Column("tenant_id", sa.BigInteger, primary_key=True),
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("name", BINARY_TEXT, nullable=False),
    sa.Column("name_fold", BINARY_TEXT, nullable=False),
    sa.Column("url", BINARY_TEXT),
    sa.Column("keywords", BINARY_TEXT),
    sa.Column("parent_id", sa.BigInteger),
)
_index("tag_by_name", tag, "tenant_id", "name_fold", unique=True)
tagging = sa.Table(
    "tagging",
    metadata,
    sa.Column("tenant_id", sa.BigInteger, primary_key=True),
    sa.Column("record_kind", BINARY_TEXT, primary_key=True),
    sa.Column("record_id", sa.BigInteger, primary_key=True),
    sa.Column("tag_id", sa.BigInteger, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
)
_index("tagging_by_tag", tagging, "tenant_id", "tag_id", "record_kind", "record_id")
custom_value = sa.Table(
    "custom_value",
    metadata,
    sa.Column("tenant_id", sa.BigInteger, primary_key=True),
    sa.Column("record_kind", BINARY_TEXT, primary_key=True),
    sa.Column("record_id", sa.BigInteger, primary_key=True),
    sa.Column("group", BINARY_TEXT, primary_key=True),
    sa.Column("name", BINARY_TEXT, primary_key=True),
    sa.Column("value", BINARY_TEXT, nullable=False),
    sa.Column("value_fold", BINARY_TEXT, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("id", sa.BigInteger),
    sa.Column("updated_at", sa.BigInteger),
    sa.Column("modifier_id", sa.BigInteger),
)
_index("custom_value_by_id", custom_value, "tenant_id", "id", unique=True)
_index("custom_value_by_name", custom_value, "tenant_id", "record_kind", "name", "record_id")
custom_field = sa.Table(
    "custom_field",
    metadata,
    sa.Column("tenant_id", sa.BigInteger, primary_key=True),
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("kind", BINARY_TEXT, nullable=False),
    sa.Column("group", BINARY_TEXT, nullable=False),
    sa.Column("name", BINARY_TEXT, nullable=False),
    sa.Column("label", BINARY_TEXT, nullable=False),
    sa.Column("type", BINARY_TEXT, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("options", sa.Text),
)
_index("custom_field_once", custom_field, "tenant_id", "kind", "group", "name", unique=True)
picklist_item = sa.Table(
    "picklist_item",
    metadata,
    sa.Column("tenant_id", sa.BigInteger, primary_key=True),
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("list", BINARY_TEXT, nullable=False),
    sa.Column("value", BINARY_TEXT, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("origin", BINARY_TEXT, nullable=False),
    sa.Column("data", sa.Text),
)
_index("picklist_item_by_list", picklist_item, "tenant_id", "list", "position")
alias = sa.Table(
    "alias",
    metadata,
    sa.Column("tenant_id", sa.BigInteger, primary_key=True),
    sa.Column("dialect", BINARY_TEXT, primary_key=True),
    sa.Column("kind", BINARY_TEXT, primary_key=True),
    sa.Column("foreign_id", BINARY_TEXT, primary_key=True),
    sa.Column("local_id", sa.BigInteger, nullable=False),
)
_index("alias_by_local", alias, "tenant_id", "dialect", "kind", "local_id", unique=True)
change = sa.Table(
    "change",
    metadata,
    sa.Column("tenant_id", sa.BigInteger, primary_key=True),
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("user_id", sa.BigInteger),
    sa.Column("dialect", BINARY_TEXT, nullable=False),
    sa.Column("action", BINARY_TEXT, nullable=False),
    sa.Column("record_kind", BINARY_TEXT, nullable=False),
    sa.Column("record_id", sa.BigInteger, nullable=False),
    sa.Column("type", BINARY_TEXT),
    sa.Column("fields", sa.Text),
    # Of a record that is gone: who saw it, ",12,15,admin,"; nothing for everyone.
    sa.Column("audience", sa.Text),
)
_index("change_by_kind", change, "tenant_id", "record_kind", "action", "at", "record_id")
# One row for each change of a record's state. `latest` is 1 for the last one of the record to that word.
state_change = sa.Table(
    "state_change",
    metadata,
    sa.Column("tenant_id", sa.BigInteger, primary_key=True),
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("record_kind", BINARY_TEXT, nullable=False),
    sa.Column("record_id", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("user_id", sa.BigInteger),
    sa.Column("word", BINARY_TEXT, nullable=False),
    sa.Column("latest", sa.SmallInteger, nullable=False),
)
_index("state_change_by_record", state_change, "tenant_id", "record_kind", "record_id", "id")
password = sa.Table(
    "password",
    metadata,
    sa.Column("tenant_id", sa.BigInteger, primary_key=True),
    sa.Column("user_id", sa.BigInteger, primary_key=True),
    sa.Column("hash", sa.Text, nullable=False),
)
token = sa.Table(
    "token",
    metadata,
    sa.Column("kind", BINARY_TEXT, primary_key=True),
    sa.Column("digest", BINARY_TEXT, primary_key=True),
    sa.Column("tenant_id", sa.BigInteger, nullable=False),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger),
    sa.Column("idle", sa.BigInteger),
    sa.Column("data", sa.Text),
)
_index("token_by_user", token, "tenant_id", "user_id", "kind")
_index("token_by_expiry", token, "expires_at")
application = sa.Table(
    "application",
    metadata,
    sa.Column("client_id", sa.Text, primary_key=True),
    sa.Column("secret_digest", sa.Text, nullable=False),
    sa.Column("tenant_id", sa.BigInteger, nullable=False),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("name", sa.Text, nullable=False, server_default=""),
    sa.Column("redirect_uris", sa.Text),
)

# Workflows and jobs. `tasks`, `on_error`, `parameters`, `progress` and `item` are JSON text.
workflow = sa.Table(
    "workflow",
    metadata,
    sa.Column("tenant_id", sa.BigInteger, primary_key=True),
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("name", BINARY_TEXT, nullable=False),
    sa.Column("tasks", sa.Text, nullable=False),
    sa.Column("on_error", sa.Text, nullable=False),
    sa.Column("timeout", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger),
    sa.Column("creator_id", sa.BigInteger),
    sa.Column("extras", sa.Text),
)
job = sa.Table(
    "job",
    metadata,
    sa.Column("tenant_id", sa.BigInteger, primary_key=True),
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("workflow_id", sa.BigInteger, nullable=False),
    sa.Column("status", BINARY_TEXT, nullable=False),
    sa.Column("parameters", sa.Text, nullable=False),
    sa.Column("start_at", sa.BigInteger),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger),
    sa.Column("creator_id", sa.BigInteger),
    sa.Column("actor_id", sa.BigInteger),
    sa.Column("started_at", sa.BigInteger),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("progress", sa.Text),
    sa.Column("log_count", sa.BigInteger, nullable=False),
    sa.Column("extras", sa.Text),
)
_index("job_by_status", job, "tenant_id", "status", "id")
job_log = sa.Table(
    "job_log",
    metadata,
    sa.Column("tenant_id", sa.BigInteger, primary_key=True),
    sa.Column("job_id", sa.BigInteger, primary_key=True),
    sa.Column("position", sa.BigInteger, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("item", sa.Text, nullable=False),
)
# One row for each job that a worker of ours has yet to end. `due_at` is when it may be taken up: its start, the end
# of a retry's delay, or, while `holder` works on it, the end of that worker's lease.
job_agenda = sa.Table(
    "job_agenda",
    metadata,
    sa.Column("tenant_id", sa.BigInteger, primary_key=True),
    sa.Column("job_id", sa.BigInteger, primary_key=True),
    sa.Column("due_at", sa.BigInteger, nullable=False),
    sa.Column("holder", BINARY_TEXT),
)
# Workers look for what is due in all tenants at once.
_index("job_agenda_by_due", job_agenda, "due_at")

# What tenants describe themselves. `fields`, `values`, `blocks` and `config` are JSON text, kept as it came.
module = sa.Table(
    "module",
    metadata,
    sa.Column("tenant_id", sa.BigInteger, primary_key=True),
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("name", BINARY_TEXT, nullable=False),
    sa.Column("fields", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger),
)
# `listed` is 1 for what lists show; `search` holds the folded values, one after another, for substring search.
module_record = sa.Table(
    "module_record",
    metadata,
    sa.Column("tenant_id", sa.BigInteger, primary_key=True),
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("module_id", sa.BigInteger, nullable=False),
    sa.Column("owner_id", sa.BigInteger),
    sa.Column("creator_id", sa.BigInteger),
    sa.Column("values", sa.Text, nullable=False),
    sa.Column("search", BINARY_TEXT),
    sa.Column("listed", sa.SmallInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger),
    sa.Column("deleted_at", sa.BigInteger),
    sa.Column("extras", sa.Text),
)
_index("module_record_by_module", module_record, "tenant_id", "module_id", "listed", "id")
_index("module_record_by_update", module_record, "tenant_id", "module_id", "listed", "updated_at", "id")
_index("module_record_by_owner", module_record, "tenant_id", "owner_id")
# The values of listed records, for sorting and counting; `number` is the value where it is one.
record_value = sa.Table(
    "record_value",
    metadata,
    sa.Column("tenant_id", sa.BigInteger, primary_key=True),
    sa.Column("module_id", sa.BigInteger, primary_key=True),
    sa.Column("name", BINARY_TEXT, primary_key=True),
    sa.Column("record_id", sa.BigInteger, primary_key=True),
    sa.Column("value", BINARY_TEXT, nullable=False),
    sa.Column("number", sa.Float),
    sqlite_with_rowid=False,
)
_index("record_value_by_record", record_value, "tenant_id", "record_id")
layout_page = sa.Table(
    "layout_page",
    metadata,
    sa.Column("tenant_id", sa.BigInteger, primary_key=True),
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("parent_id", sa.BigInteger, nullable=False),
    sa.Column("module_id", sa.BigInteger, nullable=False),
    sa.Column("title", BINARY_TEXT, nullable=False),
    sa.Column("description", BINARY_TEXT, nullable=False),
    sa.Column("blocks", sa.Text),
    sa.Column("visible", sa.SmallInteger, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)
_index("layout_page_by_parent", layout_page, "tenant_id", "parent_id", "position", "id")
_index("layout_page_by_module", layout_page, "tenant_id", "module_id")
saved_chart = sa.Table(
    "saved_chart",
    metadata,
    sa.Column("tenant_id", sa.BigInteger, primary_key=True),
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("name", BINARY_TEXT, nullable=False),
    sa.Column("config", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger),
)
