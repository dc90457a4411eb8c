"""Read, create, update and delete of every module."""

from __future__ import annotations

from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.operations import Delete
from dialects.zurmo.errors import (
    NO_DATA,
    NO_PERMISSION,
    NOT_CREATED,
    NOT_UPDATED,
    RELATION_ISSUES,
    Failure,
)
from dialects.zurmo.fields.custom import define
from dialects.zurmo.fields.modules import USERS
from dialects.zurmo.perform import relations
from dialects.zurmo.perform.drafting import create_operation, fill, new_draft, remember, update_operation
from dialects.zurmo.perform.shared import load, module_of, require_right, shown
from dialects.zurmo.perform.users import require_password, save_password
from dialects.zurmo.wire.envelope import envelope
from dialects.zurmo.wire.parameters import given


def read(call: Call) -> WireResponse:
    """One record."""
    module = module_of(call)
    require_right(call, module)
    record = load(call, module, given(call).id, to_show=True)
    return envelope(call, shown(call, module, [record])[0])


def create(call: Call) -> WireResponse:
    """A new record; a relation that fails takes it back."""
    module = module_of(call)
    require_right(call, module, write=True)
    sent = given(call).data
    if sent is None:
        raise Failure(NO_DATA)
    draft = new_draft(call, module, None, sent)
    forms = fill(draft, module)
    if module is USERS:
        require_password(draft)
    if draft.errors:
        raise Failure(NOT_CREATED, draft.errors)
    changes = [relations.resolve(call, module, entry) for entry in relations.entries(sent)]
    desk = call.desk
    if forms:
        define(desk, module.kind.KIND, forms)
    record = desk.create(create_operation(draft, module, relations.as_links(changes)), module.include)
    later = [change for change in changes if not relations.is_link(change)]
    for change in later:
        relations.apply(call, module, record, change)
    if later:
        record = load(call, module, record.id)
    if module is USERS:
        save_password(call, draft, record)
    data = shown(call, module, [record])[0]
    remember(data, draft, module, whole=bool(changes))
    return envelope(call, data)


def update(call: Call) -> WireResponse:
    """Changes what was sent; a relation that fails leaves the rest of the update."""
    module = module_of(call)
    require_right(call, module)
    sent = given(call).data
    if sent is None:
        raise Failure(NO_DATA)
    record: Any = load(call, module, given(call).id)
    if call.caller.view_only:
        raise Failure(NO_PERMISSION)
    draft = new_draft(call, module, record, sent)
    forms = fill(draft, module)
    if draft.errors:
        raise Failure(NOT_UPDATED, draft.errors)
    desk = call.desk
    if forms:
        define(desk, module.kind.KIND, forms)
    operation = update_operation(draft, module)
    if operation is not None:
        record = desk.update(operation, module.include)
    if module is USERS:
        save_password(call, draft, record)
    entries = relations.entries(sent)
    try:
        for entry in entries:
            relations.apply(call, module, record, relations.resolve(call, module, entry))
    except Failure as failure:
        # Answered, not raised: what was updated stays (zurmo dossier, section 6).
        return envelope(call, message=RELATION_ISSUES + failure.message)
    if entries:
        record = load(call, module, record.id)
    data = shown(call, module, [record])[0]
    remember(data, draft, module, whole=True)
    return envelope(call, data)


def delete(call: Call) -> WireResponse:
    """Removes a record for good: its owner or an administrator may (zurmo dossier, section 7)."""
    module = module_of(call)
    require_right(call, module, write=True)
    record = load(call, module, given(call).id)
    caller = call.caller
    if module is USERS:
        # The owner of records cannot go; the vendor leaves them without one.
        raise Failure("")
    if not caller.is_admin and record.owner_id != call.me:
        raise Failure(NO_PERMISSION)
    call.desk.delete(Delete(module.kind, record.id))
    return envelope(call)
