"""Modules: list, create, read, edit, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from dialects.crust.errors import INVALID_DATE, Refused, too_long
from dialects.crust.fields import objects
from dialects.crust.fields.objects import MODULE_FIELDS
from dialects.crust.fields.system.modules import edit_fields, system_module
from dialects.crust.perform import lookup
from dialects.crust.wire import envelope
from dialects.crust.wire.binding import Get, Path, Post, Request, bind

LIST = Request("ModuleList", (Get("query"),))
CREATE = Request("ModuleCreate", (Post("name"), Post("fields", MODULE_FIELDS)))
READ = Request("ModuleRead", (Path("moduleID"),))
EDIT = Request("ModuleEdit", (Path("moduleID"), Post("name"), Post("fields", MODULE_FIELDS)))
DELETE = Request("ModuleDelete", (Path("moduleID"),))


def listed(call: Call) -> WireResponse:
    """All modules by id; `query` is accepted and ignored."""
    bind(call, LIST)
    return envelope.response([objects.module(module) for module in lookup.all_modules(call)])


def create(call: Call) -> WireResponse:
    sent = bind(call, CREATE)
    if not sent["fields"]:
        raise Refused("Error creating module: no fields")
    made = call.desk.save_module(None, checked_name(sent), objects.read_fields(sent["fields"]))
    return envelope.response(objects.module(made, created=True))


def read(call: Call) -> WireResponse:
    """A module with its record page; a missing one is zero, not an error."""
    found = lookup.find(call, bind(call, READ)["moduleID"])
    if found is None:
        return envelope.response(objects.zero_module(objects.zero_page()))
    page = call.desk.page_of_module(found.module.id)
    shown = objects.zero_page() if page is None else objects.page(page)
    return envelope.response(objects.module(found.module, shown))


def edit(call: Call) -> WireResponse:
    """Replaces name and fields. Of a system module the fixed fields stay; others become custom fields of its kind."""
    sent = bind(call, EDIT)
    id = sent["moduleID"]
    if not id:
        raise Refused("Error updating module: invalid ID")
    if not sent["fields"]:
        raise Refused("Error updating module: no fields")
    name, given = checked_name(sent), objects.read_fields(sent["fields"])
    system = system_module(call.caller.tenant_id, id)
    if system is not None:
        return envelope.response(objects.module(edit_fields(call.desk, system, id, name, given), updated=True))
    if call.desk.module(id) is None:
        raise Refused(INVALID_DATE)
    return envelope.response(objects.module(call.desk.save_module(id, name, given), updated=True))


def checked_name(sent: Mapping[str, Any]) -> str:
    """The name that was sent. Raises Refused for one that is too long."""
    name: str = sent["name"]
    if len(name) > objects.MAX_NAME:
        raise too_long("name")
    return name


def delete(call: Call) -> WireResponse:
    """Deletes for good; its records and page stay. A missing module is a success."""
    id = bind(call, DELETE)["moduleID"]
    if system_module(call.caller.tenant_id, id) is not None:
        raise Refused("Error deleting module: system module")
    call.desk.delete_module(id)
    return envelope.success()
