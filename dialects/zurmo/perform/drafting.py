"""From what was sent to a change: read-only attributes, values, rules, validation, in the vendor's order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapter.dialect import Call
from adapter.formats.form_body import Nested
from canonical.model import User
from canonical.operations import Create, NewLink, Update
from canonical.query import Query, eq
from dialects.zurmo.auth import profile
from dialects.zurmo.errors import READ_ONLY, Failure
from dialects.zurmo.fields import plain
from dialects.zurmo.fields.base import MUST_BE, Draft, Field, View, label_of, written_back
from dialects.zurmo.fields.common import IMPORTABLE
from dialects.zurmo.fields.custom import is_custom, take_custom
from dialects.zurmo.fields.modules import TASKS, Module, Table
from dialects.zurmo.settings import NAME
from dialects.zurmo.wire.parameters import php_int

IMPORT: Final = "importModel"
_NO_ATTRIBUTES: Final = {"id", "modelRelations", "modelScenario", "password", "activityItems"}


def new_draft(call: Call, module: Module, record: Any, sent: Mapping[str, Nested]) -> Draft:
    return Draft(
        profile(call),
        call.now,
        record,
        sent,
        desk=call.desk,
        losses=call.losses,
        user_id=call.me,
        kind=module.kind.KIND,
    )


def fill(draft: Draft, module: Module) -> dict[str, str]:
    """Puts what was sent into the draft; gives the forms of custom attributes.

    Raises Failure for a read-only attribute, or an id that names nothing.
    """
    table = module.table(draft.profile.v3)
    importing = draft.creating and draft.sent.get("modelScenario") == IMPORT
    for name in draft.sent:
        row = table.by_name.get(name)
        if row is not None and row.read_only and not (importing and name in IMPORTABLE):
            raise Failure(READ_ONLY.format(name))
        if row is None and name not in _NO_ATTRIBUTES and not is_custom(name):
            draft.lose("unknown_attribute", "not_kept")
    if importing:
        _import(draft)
    view = View(draft.profile)
    for row in table.by_name.values():
        if row.take is None:
            continue
        if row.name in draft.sent:
            value = draft.sent[row.name]
            if isinstance(value, dict) and row.clear is not None:
                _nothing(draft, row)
            # A shortened name, a day shown as midnight, a person in the place of an account.
            elif draft.record is None or not written_back(row.show(draft.record, view), value):
                row.take(draft, row, value)
        elif draft.creating and row.missing is not None:
            row.missing(draft, row)
    forms = take_custom(draft)
    if module.settle is not None:
        module.settle(draft)
    _judge(draft, table)
    return forms


def _nothing(draft: Draft, row: Field) -> None:
    """A list or map where one value belongs: null, but for what is required, which is blank in a new record only."""
    if not row.required and row.clear is not None:
        row.clear(draft)
    elif draft.creating and row.missing is not None:
        row.missing(draft, row)


def _judge(draft: Draft, table: Table) -> None:
    """Orders the errors as the vendor does (zurmo dossier, section 6), and sees to what waits for there being none."""
    errors = draft.errors
    if not errors:
        errors.update(draft.late)
        if not errors and draft.unknown:
            raise Failure("")
    if len(errors) < 2:
        return
    own, sent = list(table.by_name), list(draft.sent)

    def place(name: str) -> tuple[int, int]:
        if name in _OUT_OF_TURN:
            return _OUT_OF_TURN[name], 0
        if isinstance(errors[name], dict):
            return 3, sent.index(name) if name in sent else len(sent)
        return 1, own.index(name) if name in own else len(own)

    draft.errors = {name: errors[name] for name in sorted(errors, key=place)}


# The amount comes before a record's own attributes, the contact state after them, then the objects as sent.
_OUT_OF_TURN: Final = {"amount": 0, "state": 2}


def _import(draft: Draft) -> None:
    """The audit fields that the scenario ``importModel`` may set."""
    for name, column in IMPORTABLE.items():
        value = draft.sent.get(name)
        if isinstance(value, str) and name.endswith("DateTime"):
            at = plain.read_moment(value)
            if at is None:
                draft.fail(name, MUST_BE.format(label_of(name), "datetime"))
            else:
                draft.values[column] = at
        elif isinstance(value, dict):
            id, username = value.get("id"), value.get("username")
            found = php_int(id) if isinstance(id, str) else 0
            if not found and isinstance(username, str) and draft.desk is not None:
                users = draft.desk.find(User, Query(eq("username", username))).items
                found = users[0].id if users else 0
            if draft.desk is not None and not draft.desk.get_many(User, (found,)):
                raise Failure("")
            draft.values[column] = found


def create_operation(draft: Draft, module: Module, links: tuple[NewLink, ...] = ()) -> Create[Any]:
    """The draft of a new record as an operation."""
    extras = {key: value for key, value in draft.extras.items() if value is not None}
    return Create(
        module.kind,
        {**module.start, **draft.values},
        links=links,
        points=tuple(draft.points),
        custom=tuple(draft.custom),
        extras={NAME: extras} if extras else {},
    )


def update_operation(draft: Draft, module: Module) -> Update[Any] | None:
    """The draft as an operation, None when there is nothing in it."""
    if not (draft.values or draft.extras or draft.points or draft.dropped or draft.custom):
        return None
    return Update(
        module.kind,
        draft.record.id,
        draft.values,
        extras={NAME: draft.extras} if draft.extras else {},
        custom=tuple(draft.custom),
        points=tuple(draft.points),
        drop_points=tuple(draft.dropped),
    )


def remember(shown: dict[str, Any], draft: Draft, module: Module, *, whole: bool) -> None:
    """Makes an answer what the vendor's memory holds, where its database says otherwise.

    An update, and a create with relations (`whole`), echoes what was sent and has what rules set as numbers; a plain
    create is read back, but for the objects it owns (zurmo dossier, section 4; recordings 014, 026, 030, 031).
    """
    table = module.table(draft.profile.v3)
    for name, value in draft.sent.items():
        row = table.by_name.get(name)
        if row is None or row.take is None or name not in shown:
            continue
        if row.echo is not None:
            shown[name] = row.echo(shown[name], value)
        elif whole and isinstance(value, str):
            shown[name] = value
    if whole:
        shown.update((name, value) for name, value in draft.memory.items() if name in shown)
    if draft.creating and module is TASKS and draft.profile.number_zero and draft.sent.get("completed") == "0":
        shown["completed"] = 0  # as the seed prints it
