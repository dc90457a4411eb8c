"""Fields that name another record: users, accounts, and the permissions that name a group."""

from __future__ import annotations

from typing import Any, Final

from adapter.fields.expression import IT, NOTHING, Attribute, Both, Constant, Entry, Given, If, Object, Told
from adapter.formats.form_body import Nested
from canonical.model import Activity, Party, User
from canonical.query import Compare, First, Has, Node, Op, Query, Window, eq
from dialects.zurmo.errors import Failure, NotSearchable, UnknownAttribute
from dialects.zurmo.fields import base
from dialects.zurmo.fields.base import MINE, Draft, Field, View
from dialects.zurmo.fields.comparison import Below, Comparison, Searching
from dialects.zurmo.fields.nodes import extra_column, maybe, number_node, text_node
from dialects.zurmo.wire.parameters import php_int

USER_COLUMNS = {"username": "username", "firstName": "first_name", "lastName": "last_name", "jobTitle": "job_title"}
ACCOUNT_COLUMNS = {"name": "name", "industry": "industry", "type": "category", "description": "about"}


NONE: Final = ("", "0")
"""What PHP takes for no id at all."""


def reference_search(column: str, relation: str | None, columns: dict[str, str]) -> base.Search:
    """A search by the other record's id, or by one of its texts."""

    def search(searching: Searching, below: Below, test: Comparison) -> Node:
        if not below or below == ("id",):
            return number_node(column, test)
        inner = columns.get(below[0])
        if inner is None or below[1:] not in ((), ("value",)):
            raise UnknownAttribute(below[0])
        if relation is None:
            raise NotSearchable(below[0])
        return maybe(
            Has(relation, text_node(inner, test)), Has(relation, Compare(inner, Op.NOT_NULL)), searching.strict
        )

    return search


def sent_id(draft: Draft, value: Nested) -> str | None:
    """The id in ``owner[id]=3``; None when the vendor would not set the relation.

    With a second key beside it the vendor writes the attributes into the record already related: a client that
    sends ``owner[username]`` would rename that user. Neither is done (zurmo dossier, section 3).
    """
    if isinstance(value, dict) and set(value) == {"id"} and isinstance(value["id"], str):
        return value["id"]
    return None


def user(name: str, column: str, joined: str, **more: Any) -> Field:
    """A user, ``{"id", "username"}``."""
    relation = column.removesuffix("_id")

    def take(draft: Draft, row: Field, value: Nested) -> None:
        sent = sent_id(draft, value)
        if sent is None:
            draft.lose(row.name, "relation_with_other_keys")
            return
        if sent in NONE and not row.required:
            draft.values[column] = None
            return
        if sent in NONE:
            # The vendor validates an empty user of its own, after all else (zurmo dossier, section 6).
            draft.late[row.name] = {
                inner: [base.BLANK.format(base.label_of(inner))] for inner in ("username", "lastName")
            }
            return
        id = php_int(sent)
        if draft.desk is None or draft.desk.get_many(User, (id,)):
            draft.values[column] = id
        elif row.required:
            draft.unknown = True  # an owner alone waits for the validation (zurmo dossier, section 3)
        else:
            raise Failure("")

    return Field(
        name,
        show=Given(Attribute(column), Object({"id": IT, "username": Attribute(joined)})),
        take=None if more.get("read_only") else take,
        search=reference_search(column, relation, USER_COLUMNS),
        order=(First(relation, "last_name"),),
        element="User",
        columns=(column,),
        echo=lambda shown, sent: shown,
        **more,
    )


def account(name: str, column: str, relation: str, **more: Any) -> Field:
    """An account, ``{"id"}``; a person in its place cannot be shown."""

    def take(draft: Draft, row: Field, value: Nested) -> None:
        sent = sent_id(draft, value)
        if sent is None:
            draft.lose(row.name, "relation_with_other_keys")
        elif sent in NONE:
            draft.values[column] = None
        else:
            id = php_int(sent)
            if draft.desk is not None:
                require_account(draft.desk.get_many(Party, (id,)).get(id))
            draft.values[column] = id

    return Field(
        name,
        show=Given(Attribute(column), Object({"id": IT})),
        take=take,
        search=reference_search(column, relation, ACCOUNT_COLUMNS),
        order=(First(relation, "name"),),
        element="Account",
        columns=(column,),
        echo=lambda shown, sent: shown,
        **more,
    )


def require_account(party: Party | None) -> None:
    """Raises the vendor's wordless failure unless it is an organisation that the caller sees."""
    if party is None or party.type != "organisation":
        raise Failure("")


def project() -> Field:
    """A project, ``{"id"}``: only its id is kept. There are those that any task is in: an import brought them."""
    key = extra_column("project")

    def take(draft: Draft, row: Field, value: Nested) -> None:
        sent = sent_id(draft, value)
        if sent is None:
            return
        id = 0 if sent in NONE else php_int(sent)
        known = Query(eq(key, str(id)), window=Window(0, 1))
        if sent not in NONE and draft.desk is not None and (id <= 0 or not draft.desk.find(Activity, known).items):
            raise Failure("")
        draft.extras["project"] = id or None

    def search(searching: Searching, below: Below, test: Comparison) -> Node:
        if below not in ((), ("id",)):
            raise UnknownAttribute(below[0])
        return text_node(key, test)

    return Field(
        "project",
        show=If(MINE, Given(Entry(MINE, Constant("project")), Object({"id": IT})), NOTHING),
        take=take,
        search=search,
        sort=key,
        element="Project",
        v3_only=True,
        echo=lambda shown, sent: shown,
    )


SUPER_ADMINISTRATORS: Final = 1
EVERYONE: Final = 2
"""The groups of a new install."""

# Everyone sees what is confidential, though not its texts.
_TYPES = {"everyone": 1, "confidential": 1, "group": 2}


def permissions() -> Field:
    """``explicitReadWriteModelPermissions``: everyone, one group, or the owner alone (zurmo dossier, section 7)."""

    def show(record: Any, view: View) -> dict[str, Any]:
        kind = _TYPES.get(record.visibility)
        return {"type": kind, "nonEveryoneGroup": record.group_id if kind == 2 else None}

    def missing(draft: Draft, row: Field) -> None:
        if draft.creating and draft.profile.owner_only:
            draft.values["visibility"] = "owner"

    def take(draft: Draft, row: Field, value: Nested) -> None:
        if not isinstance(value, dict) or not isinstance(value.get("type"), str):
            missing(draft, row)
            return
        wanted = {"": "owner", "1": "everyone", "2": "group"}.get(str(value["type"]))
        if wanted is None:
            draft.fail_below(row.name, "type", base.MUST_BE.format("Type", "1 or 2"))
            return
        group = _group(draft, value.get("nonEveryoneGroup")) if wanted == "group" else None
        if group == EVERYONE:
            wanted, group = "everyone", None
        if draft.record is not None and _TYPES.get(draft.record.visibility) == _TYPES.get(wanted) != 2:
            return  # what is shown the same stays what it is: private is not made owner-only, confidential not public
        draft.values["visibility"] = wanted
        draft.values["group_id"] = group

    return Field(
        "explicitReadWriteModelPermissions",
        show=If(
            Both(Attribute("visibility"), "==", Constant("everyone")),
            Object({"type": Constant(1), "nonEveryoneGroup": NOTHING}),
            Told(show),
        ),
        take=take,
        listed=False,
        missing=missing,
        columns=("visibility", "group_id"),
        echo=lambda shown, sent: shown,
    )


def _group(draft: Draft, value: Nested | None) -> int:
    id = php_int(value.get("id") if isinstance(value, dict) else value)
    if id in (SUPER_ADMINISTRATORS, EVERYONE):
        return id
    if draft.desk is not None and id not in {item.id for item in draft.desk.picklist("group")}:
        raise Failure("")
    return id


def owner() -> Field:
    return user("owner", "owner_id", "owner_username", required=True)
