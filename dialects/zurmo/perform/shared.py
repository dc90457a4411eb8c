"""What the routes share: the module of the route, rights, records as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapter.dialect import Call
from adapter.routes import Route
from canonical.errors import NotFound
from canonical.model import Party, User
from dialects.zurmo.auth import profile
from dialects.zurmo.errors import NO_RIGHT, Failure
from dialects.zurmo.fields.base import View
from dialects.zurmo.fields.comparison import Searching
from dialects.zurmo.fields.custom import forms_of, load_custom, show_custom
from dialects.zurmo.fields.meeting import ATTENDEE, party_ids
from dialects.zurmo.fields.modules import MEETINGS, Module


def route_of(call: Call) -> Route:
    """The route that runs this handler."""
    if call.route is None:
        raise LookupError("a handler runs by its route")
    return call.route


def module_of(call: Call) -> Module:
    """The module whose route it is."""
    module: Module = route_of(call).meta["module"]
    return module


def require_right(call: Call, module: Module, *, write: bool = False) -> None:
    """Raises the vendor's missing module right: users are for administrators, changes not for those who only view."""
    caller = call.caller
    if (module.admins_only and not caller.is_admin) or (write and caller.view_only):
        raise Failure(NO_RIGHT)


def load(call: Call, module: Module, id: int, *, to_show: bool = False) -> Any:
    """The record; only what showing it looks at with `to_show`.

    Raises NotFound, also for one of another class; Denied for one that the caller may not see.
    """
    record = call.desk.get(module.kind, id, module.include, module.reads if to_show else None)
    if not module.belongs(record):
        raise NotFound(module.model, id)
    return record


def view_of(call: Call, module: Module, records: Sequence[Any]) -> View:
    """How these records are shown, with the people that meetings name."""
    view = View(profile(call), losses=call.losses)
    if module is MEETINGS and view.profile.v3 and records:
        meetings = list(records)
        view.people = call.desk.get_many(Party, party_ids(meetings), ("points",))
        users = {record.owner_id for record in meetings}
        users |= {
            link.target.id
            for record in meetings
            for link in record.links
            if link.target.kind == "user" and link.role == ATTENDEE
        }
        view.owners = call.desk.get_many(User, users)
    return view


def shown(call: Call, module: Module, records: Sequence[Any]) -> list[dict[str, Any]]:
    """The records as json_encode gets them."""
    view = view_of(call, module, records)
    table = module.table(view.profile.v3)
    made = forms_of(call.desk, module.kind) if records else {}
    loaded = load_custom(call.desk, module.kind, records, made)
    return [
        {**table.show(record, view), **show_custom(record, made)} if loaded else table.show(record, view)
        for record in loaded or records
    ]


def searching(call: Call) -> Searching:
    """Who searches."""
    caller = call.caller
    return Searching(profile(call), call.me, call.now, caller.time_zone, call.desk)
