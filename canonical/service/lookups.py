"""Custom field definitions and picklists of a tenant."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from canonical.errors import NotFound
from canonical.model import CustomField, PicklistItem
from canonical.store.port import Unit
from canonical.values import clean_text


def _field(row: dict[str, Any]) -> CustomField:
    return CustomField(**{name: row[name] for name in CustomField.__dataclass_fields__})


def custom_fields(unit: Unit, kind: str) -> list[CustomField]:
    return [_field(row) for row in unit.select("custom_field", {"kind": kind}, ("position", "id"))]


def save_custom_field(unit: Unit, definition: CustomField) -> CustomField:
    definition = replace(
        definition,
        name=clean_text(definition.name),
        label=clean_text(definition.label),
        group=clean_text(definition.group),
    )
    key = {"kind": definition.kind, "group": definition.group, "name": definition.name}
    there = unit.select("custom_field", key)
    values = {"label": definition.label, "type": definition.type, "options": definition.options}
    if there:
        unit.update("custom_field", key, {**values, "position": definition.position})
        return replace(definition, id=there[0]["id"])
    others = unit.select("custom_field", {"kind": definition.kind})
    position = definition.position or max((row["position"] for row in others), default=0) + 1
    id = unit.next_value("custom_field", shared=True)
    unit.insert("custom_field", {**key, **values, "id": id, "position": position})
    return replace(definition, id=id, position=position)


def delete_custom_field(unit: Unit, kind: str, name: str, group: str) -> None:
    if not unit.delete("custom_field", {"kind": kind, "name": name, "group": group}):
        raise NotFound("custom_field", name)


def _item(row: dict[str, Any]) -> PicklistItem:
    return PicklistItem(**{name: row[name] for name in PicklistItem.__dataclass_fields__})


def picklist(unit: Unit, name: str) -> list[PicklistItem]:
    return [_item(row) for row in unit.select("picklist_item", {"list": name}, ("position", "id"))]


def save_picklist_item(unit: Unit, item: PicklistItem) -> PicklistItem:
    """Creates (id 0) or replaces an item. Raises NotFound."""
    values = {name: value for name, value in asdict(item).items() if name != "id"}
    values["value"] = clean_text(item.value)
    if item.id:
        if not unit.update("picklist_item", {"id": item.id}, values):
            raise NotFound("picklist_item", item.id)
        return item
    if not item.position:
        rows = unit.select("picklist_item", {"list": item.list})
        values["position"] = max((row["position"] for row in rows), default=0) + 1
    id = unit.next_value("picklist_item", shared=True)
    unit.insert("picklist_item", {"id": id, **values})
    return replace(item, id=id, position=values["position"])


def delete_picklist_item(unit: Unit, id: int) -> None:
    if not unit.delete("picklist_item", {"id": id}):
        raise NotFound("picklist_item", id)
