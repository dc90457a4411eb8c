"""A system module as a tenant sees it: its fields in his order, with his words, and how its records are written."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from canonical.model.module import Module
from canonical.operations import Desk
from dialects.crust.fields.objects import places_of
from dialects.crust.fields.system.modules import describe, system_modules
from dialects.crust.fields.system.table import SystemModule
from dialects.crust.fields.system.writer import Writer, writer


@dataclass(frozen=True, slots=True)
class Layout:
    """`places` are those of all fields, `write` writes what a record shows in the fixed ones.

    `last` are the custom fields where all of them come after the fixed ones, else none.
    """

    system: SystemModule
    module: Module
    places: Mapping[str, int]
    write: Writer
    last: frozenset[str]


@functools.lru_cache(maxsize=512)
def _writer(place: int, names: tuple[str, ...]) -> Writer:
    """Made once for each order that tenants give the fields."""
    return writer(system_modules()[place - 1], names)


def lay_out(desk: Desk, system: SystemModule, id: int) -> Layout:
    module = describe(desk, system, id, desk.module(id))
    names = tuple(field.name for field in module.fields)
    fixed = tuple(name for name in names if name in system.by_name)
    last = frozenset(names[len(fixed) :]) if names[: len(fixed)] == fixed else frozenset()
    return Layout(system, module, places_of(module.fields), _writer(system.place, fixed), last)
