"""A tenant's own modules as scripts see them: a record has id, owner_id, times and ``values``, text by field name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapter.jobs.times import instant_text
from canonical.model.module import FieldValue, Module, ModuleRecord
from canonical.operations import Desk
from canonical.query import Window

PAGE: Final = 500
MAX_SCANNED: Final = 10_000
TEXT: Final = "text"
"""The condition that looks into every value."""


class Modules:
    """The modules of the desk's tenant, by name without regard to letter case."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._by_name: dict[str, Module] | None = None

    def has(self, name: str) -> bool:
        return name.lower() in self._named()

    def _named(self) -> dict[str, Module]:
        if self._by_name is None:
            # Of two modules with one name the older one is meant.
            self._by_name = {module.name.lower(): module for module in reversed(self.desk.modules())}
        return self._by_name

    def _module(self, name: str) -> Module:
        return self._named()[name.lower()]

    def find(self, name: str, where: Mapping[str, Any], window: Window) -> list[dict[str, Any]]:
        """The records whose values equal those of `where`; ``text`` looks for a substring of any value."""
        module = self._module(name)
        wanted = {field: stored(field, value) for field, value in where.items() if field != TEXT}
        text = stored(TEXT, where.get(TEXT, ""))
        if not wanted:
            records, _ = self.desk.find_module_records(module.id, text, (), window)
            return [shown(module, record) for record in records]
        # What equals a value also holds it, which the index finds; a backslash would mean something else there.
        hint = text or max((value for value in wanted.values() if "\\" not in value), key=len, default="")
        found: list[dict[str, Any]] = []
        limit = window.limit or 0
        for offset in range(0, MAX_SCANNED, PAGE):
            records, _ = self.desk.find_module_records(module.id, hint, (), Window(offset, PAGE))
            for record in records:
                values = {value.name: value.value for value in record.values}
                if all(values.get(field) == value for field, value in wanted.items()):
                    found.append(shown(module, record))
            if len(records) < PAGE or len(found) >= window.offset + limit:
                break
        return found[window.offset : window.offset + limit]

    def get(self, name: str, id: int) -> dict[str, Any] | None:
        module = self._module(name)
        record = self._there(module, id)
        return None if record is None else shown(module, record)

    def _there(self, module: Module, id: int) -> ModuleRecord | None:
        record = self.desk.module_record(id)
        if record is None or record.deleted_at is not None or record.module_id != module.id:
            return None
        return record

    def create(self, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        module = self._module(name)
        return shown(module, self.desk.create_module_record(module.id, field_values(given)))

    def update(self, name: str, id: int, given: Mapping[str, Any]) -> dict[str, Any]:
        module = self._module(name)
        if self._there(module, id) is None:
            raise Mistake(f"there is no {name} {id}")
        return shown(module, self.desk.update_module_record(id, field_values(given)))


class Mistake(Exception):
    """The script asked for what cannot be; the message is for its author."""


def stored(name: str, value: Any) -> str:
    """A value as modules keep it: text; numbers as digits, True as ``1``, False and None as nothing."""
    if isinstance(value, str):
        return value
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if isinstance(value, int | float):
        return str(value)
    raise Mistake(f"{name} must be text")


def field_values(given: Mapping[str, Any]) -> list[FieldValue]:
    return [FieldValue(name, stored(name, value)) for name, value in given.items()]


def shown(module: Module, record: ModuleRecord) -> dict[str, Any]:
    """A record as scripts see it."""
    return {
        "kind": module.name,
        "id": record.id,
        "owner_id": record.owner_id,
        "created_at": instant_text(record.created_at),
        "updated_at": None if record.updated_at is None else instant_text(record.updated_at),
        "values": {value.name: value.value for value in record.values},
    }
