"""Modules by id: the tenant's own and the system's, alike."""

from __future__ import annotations

from dataclasses import dataclass

from adapter.dialect import Call
from canonical.model.module import Module
from dialects.crust.errors import NO_FIELDS, Refused
from dialects.crust.system.modules import describe, system_id, system_module, system_modules
from dialects.crust.system.table import SystemModule


@dataclass(frozen=True, slots=True)
class Found:
    """A module and, where it is one of the system's, what its records are."""

    module: Module
    system: SystemModule | None = None


def all_modules(call: Call) -> list[Module]:
    """Every module by id: the system's come first, unless the tenant hides them."""
    own = call.desk.modules()
    if call.settings["system_modules"] != "yes":
        return [module for module in own if system_module(call.caller.tenant_id, module.id) is None]
    edited = {module.id: module for module in own}
    tenant_id = call.caller.tenant_id
    shown = []
    for system in system_modules():
        id = system_id(tenant_id, system)
        shown.append(describe(call.desk, system, id, edited.pop(id, None)))
    return [*shown, *edited.values()]


def find(call: Call, id: int) -> Found | None:
    """The module of that id; None when there is none. System modules are found even where they are hidden."""
    system = system_module(call.caller.tenant_id, id)
    own = call.desk.module(id)
    if system is not None:
        return Found(describe(call.desk, system, id, own), system)
    return None if own is None else Found(own)


def get(call: Call, id: int) -> Found:
    """As `find`. Raises Refused when there is no such module."""
    found = find(call, id)
    if found is None:
        raise Refused(NO_FIELDS)
    return found
