"""Profile fields and values: the tenant's custom fields (dossier, section 8, row 8).

A value has the id of its field, which is unique on its object.
"""

from __future__ import annotations

from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.errors import NotFound
from canonical.model import CustomField, CustomValue, Record
from canonical.operations import Update
from canonical.query import FALSE
from dialects.affinitylive import parameters
from dialects.affinitylive.codec.envelope import answer
from dialects.affinitylive.errors import BadRequest
from dialects.affinitylive.fields.registry import RESOURCES
from dialects.affinitylive.handlers.shared import Handler, find_one, query_of, sight_of
from dialects.affinitylive.parameters import record_id

VALUE_TYPES = {"number": "integer", "date": "date", "flag": "text", "choice": "select"}
DEFAULTS = ("id", "field_name", "value")
MORE = ("field_type", "value_type", "values", "field_id", "link_type", "link_id")
FIELD_KEYS = ("id", "field_name", "field_type", "link_type")


def _picked(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    """The default keys and those that ``_fields`` asks for."""
    names = {item.name for item in parameters.of(call).fields}
    keys = (*DEFAULTS, *(key for key in MORE if key in names or "_ALL" in names))
    return {key: row[key] for key in keys}


def _row(name: str, record: Record, value: CustomValue, definition: CustomField | None) -> dict[str, Any]:
    type_ = definition.type if definition is not None else "text"
    id = str(definition.id) if definition is not None else "0"
    return {
        "id": id,
        "field_name": value.name,
        "value": value.value,
        "field_type": VALUE_TYPES.get(type_, "text"),
        "value_type": VALUE_TYPES.get(type_, "text"),
        "values": [value.value],
        "field_id": id,
        "link_type": RESOURCES[name].type,
        "link_id": str(record.id),
    }


def _definitions(call: Call, name: str) -> dict[tuple[str, str], CustomField]:
    return {(one.group, one.name): one for one in call.desk.custom_fields(RESOURCES[name].kind.KIND)}


def _rows(call: Call, name: str, records: Any) -> list[dict[str, Any]]:
    known = _definitions(call, name)
    return [
        _picked(call, _row(name, record, value, known.get((value.group, value.name))))
        for record in records
        for value in record.custom
    ]


def of_one(name: str) -> Handler:
    """The values of one object."""

    def handle(call: Call) -> WireResponse:
        record = find_one(call, name, sight_of(call), include=("custom",))
        return answer(call, _rows(call, name, [record]))

    return handle


def of_all(name: str) -> Handler:
    """The values of a page of objects."""
    kind = RESOURCES[name].kind

    def handle(call: Call) -> WireResponse:
        query = query_of(call, name)
        found = () if query.where == FALSE else call.desk.find(kind, query, ("custom",)).items
        return answer(call, _rows(call, name, found))

    return handle


def fields(name: str) -> Handler:
    """The definitions of a resource's custom fields."""

    def handle(call: Call) -> WireResponse:
        return answer(
            call,
            [
                {
                    "id": str(one.id),
                    "field_name": one.name,
                    "field_type": VALUE_TYPES.get(one.type, "text"),
                    "link_type": RESOURCES[name].type,
                }
                for one in _definitions(call, name).values()
            ],
        )

    return handle


def writer(name: str) -> Handler:
    """PUT …/values/{n} and POST …/fields/{n}: sets the value of field n. Raises NotFound, BadRequest."""
    kind = RESOURCES[name].kind

    def handle(call: Call) -> WireResponse:
        number = record_id(call.params["field"])
        definition = next((one for one in _definitions(call, name).values() if one.id == number), None)
        if definition is None:
            raise NotFound("profile field", number)
        record = find_one(call, name, sight_of(call))
        value = parameters.of(call).first("value", "value_int", "value_date", "value_select", "field_value")
        if value is None:
            raise BadRequest("value")
        custom = CustomValue(definition.name, value, definition.group)
        made: Any = call.desk.update(Update(kind, record.id, custom=(custom,)), ("custom",))
        return answer(call, _picked(call, _row(name, made, custom, definition)))

    return handle
