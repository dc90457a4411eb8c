"""Modules by id: the tenant's own and the system's, alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adapter.dialect import Call
from canonical.model.module import Module
from dialects.crust.errors import NO_FIELDS, Refused
from dialects.crust.fields.objects import places_of
from dialects.crust.fields.system.layout import Layout, lay_out
from dialects.crust.fields.system.modules import describe, system_id, system_module, system_modules
from dialects.crust.fields.system.table import SystemModule


@dataclass(frozen=True, slots=True)
class Found:
    """A module, the places of its fields and, where it is one of the system's, how its records are shown."""

    module: Module
    places: Mapping[str, int]
    layout: Layout | None = None

    @property
    def system(self) -> SystemModule | None:
        return None if self.layout is None else self.layout.system


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
    known: dict[int, Found] = call.desk.remembered("modules")
    found = known.get(id)
    if found is None:
        found = _look(call, id)
        if found is not None:
            known[id] = found
    return found


def _look(call: Call, id: int) -> Found | None:
    system = system_module(call.caller.tenant_id, id)
    if system is not None:
        layout = lay_out(call.desk, system, id)
        return Found(layout.module, layout.places, layout)
    own = call.desk.module(id)
    return None if own is None else Found(own, places_of(own.fields))


def get(call: Call, id: int) -> Found:
    """As `find`. Raises Refused when there is no such module."""
    found = find(call, id)
    if found is None:
        raise Refused(NO_FIELDS)
    return found
