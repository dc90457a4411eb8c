"""Profile fields and values: the tenant's custom fields (dossier, section 8.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.errors import NotFound
from canonical.model import CustomField, CustomValue, Record
from canonical.operations import Update
from canonical.query import TRUE, Compare, Has, Node, Op, Query, Sort, Window, all_of, one_of
from dialects.affinitylive.errors import BadRequest
from dialects.affinitylive.fields.custom import FIELD_TYPES, read_value, show_value
from dialects.affinitylive.fields.formats import show_moment
from dialects.affinitylive.fields.registry import RESOURCES
from dialects.affinitylive.perform.shared import Handler, find_one, paged, selected, show, sight_of
from dialects.affinitylive.query import small
from dialects.affinitylive.query.columns import integer, integers
from dialects.affinitylive.wire import parameters
from dialects.affinitylive.wire.envelope import answer
from dialects.affinitylive.wire.parameters import Parameters, record_id

MULTI = "multi_select"
VALUE_KEYS = {"integer": "value_int", "date": "value_date"}
"""The parameter that holds a new value, by type of field; else it is ``value``."""
FIELD_DEFAULTS = ("id", "field_name", "field_type")
VALUE_DEFAULTS = ("id", "field_type", "field_name", "value_type", "value")
VALUE_MORE = ("date_modified", "modified_by", "field_id", "link_type", "link_id")
FIELDS = small.filters_of(
    (*FIELD_DEFAULTS, "parent_id", "link_type", "required", "restrictions", "exported", "lookup_type", "confidential"),
    "field_name",
)
VALUES = small.filters_of((*VALUE_DEFAULTS, *VALUE_MORE, "unified"), "field_name", small.NUMBERS - {"value"})
BATCH, MOST = 500, 10_000
"""Records that are read at a time, and in all, for the values of a whole resource."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The custom fields of one resource."""

    name: str
    by_key: dict[tuple[str, str], CustomField]

    @property
    def link_type(self) -> str:
        return RESOURCES[self.name].type

    def type_of(self, value: CustomValue) -> str:
        definition = self.by_key.get((value.group, value.name))
        return "text" if definition is None else FIELD_TYPES.get(definition.type, "text")

    def row(self, record: Record, value: CustomValue) -> dict[str, Any]:
        """A value with all that it may show; only what may be several has ``values``."""
        definition = self.by_key.get((value.group, value.name))
        type_ = self.type_of(value)
        row: dict[str, Any] = {
            "id": str(value.id),
            "field_type": type_,
            "field_name": value.name,
            "value_type": None,
            "value": show_value(type_, value.value),
            "date_modified": show_moment(value.updated_at),
            "modified_by": str(value.modifier_id or 0),
            "field_id": "0" if definition is None else str(definition.id),
            "link_type": self.link_type,
            "link_id": str(record.id),
            "unified": self.link_type,
        }
        if type_ == MULTI:
            row["values"] = [one for one in value.value.split(", ") if one]
        return row

    def rows(self, records: Iterable[Any]) -> list[dict[str, Any]]:
        return [self.row(record, value) for record in records for value in record.custom]

    def field_row(self, one: CustomField) -> dict[str, Any]:
        type_ = FIELD_TYPES.get(one.type, "text")
        row: dict[str, Any] = {
            "id": str(one.id),
            "field_name": one.name,
            "field_type": type_,
            "parent_id": "0",
            "link_type": self.link_type,
            "required": "no",
            "restrictions": "all",
            "exported": "no",
            "lookup_type": None,
            "confidential": "no",
            "description": one.label if one.label != one.name else "",
        }
        if type_ in ("select", MULTI):
            offered = one.options.get("values")
            row["options"] = [str(choice) for choice in offered] if isinstance(offered, list) else []
        return row


def profile_of(call: Call, name: str) -> Profile:
    definitions = call.desk.custom_fields(RESOURCES[name].kind.KIND)
    return Profile(name, {(one.group, one.name): one for one in definitions})


def _picked(call: Call, rows: Sequence[dict[str, Any]], defaults: Sequence[str]) -> list[dict[str, Any]]:
    """The default keys of rows and those that ``_fields`` asks for."""
    items = parameters.of(call).fields
    names = {item.name for item in items}
    out = []
    for row in rows:
        everything = [key for key in row if key != "unified" and (key in names or "_ALL" in names or key == "values")]
        out.append({key: row[key] for key in dict.fromkeys((*defaults, *everything))})
    for item in items:
        if item.name == "modified_by" and item.items is not None:
            _expand(call, rows, out, item.items)
    return out


def _expand(call: Call, rows: Sequence[dict[str, Any]], shown: list[dict[str, Any]], items: Any) -> None:
    """Puts the staff in the place of their ids."""
    sight = sight_of(call)
    staff = list(RESOURCES["staff"].load(sight, {int(row["modified_by"]) for row in rows}, ()).values())
    by_id = dict(zip((str(user.id) for user in staff), show(call, "staff", staff, sight, items), strict=True))
    for row, out in zip(rows, shown, strict=True):
        out["modified_by"] = by_id.get(row["modified_by"])


# -- values ------------------------------------------------------------------------------------------


def _of_one(call: Call, name: str) -> list[dict[str, Any]]:
    record = find_one(call, name, sight_of(call), include=("custom",))
    return selected(call, "profile values", profile_of(call, name).rows([record]), VALUES)


def _of_all(call: Call, name: str) -> list[dict[str, Any]]:
    """The values of all things of a resource that the request's filters leave."""
    profile = profile_of(call, name)
    kept: list[Node] = [TRUE]
    for item in parameters.of(call).filters:
        ids = integers(tuple(inner.name for inner in item.items or ()))
        if item.name == "link_id":
            kept = [one_of("id", ids)]
        elif item.name == "field_id":
            names = [one.name for one in profile.by_key.values() if one.id in ids]
            kept.append(Has("custom", one_of("name", names)))
    rows: list[dict[str, Any]] = []
    last = read = 0
    kind, where = RESOURCES[name].kind, all_of(RESOURCES[name].where, Has("custom", TRUE), *kept)
    while read < MOST:
        query = Query(all_of(where, Compare("id", Op.GT, last)), (Sort("id"),), Window(0, BATCH))
        found = call.desk.find(kind, query, ("custom",)).items
        rows.extend(profile.rows(found))
        read += len(found)
        if len(found) < BATCH:
            break
        last = found[-1].id
    return selected(call, "profile values", rows, VALUES)


def of_one(name: str) -> Handler:
    """The values of one object."""
    return lambda call: answer(call, _picked(call, paged(call, _of_one(call, name)), VALUE_DEFAULTS))


def count_of_one(name: str) -> Handler:
    return lambda call: answer(call, {"count": str(len(_of_one(call, name)))})


def of_all(name: str) -> Handler:
    """The values of all objects of a resource."""
    return lambda call: answer(call, _picked(call, paged(call, _of_all(call, name)), VALUE_DEFAULTS))


def count_of_all(name: str) -> Handler:
    return lambda call: answer(call, {"count": str(len(_of_all(call, name)))})


# -- fields ------------------------------------------------------------------------------------------


def _fields(call: Call, name: str) -> list[dict[str, Any]]:
    profile = profile_of(call, name)
    rows = [profile.field_row(one) for one in profile.by_key.values()]
    return selected(call, "profile fields", rows, FIELDS)


def fields(name: str) -> Handler:
    """The definitions of a resource's custom fields."""
    return lambda call: answer(call, _picked(call, paged(call, _fields(call, name)), FIELD_DEFAULTS))


def field_count(name: str) -> Handler:
    return lambda call: answer(call, {"count": str(len(_fields(call, name)))})


def field(name: str) -> Handler:
    """One definition. Raises NotFound."""

    def handle(call: Call) -> WireResponse:
        profile, number = profile_of(call, name), record_id(call.params["id"])
        found = [profile.field_row(one) for one in profile.by_key.values() if one.id == number]
        if not found:
            raise NotFound("profile field", number)
        return answer(call, _picked(call, found, FIELD_DEFAULTS)[0])

    return handle


# -- writing -----------------------------------------------------------------------------------------


def changer(name: str) -> Handler:
    """PUT …/values/{n}: another value in that one's place, for its own record only. Raises NotFound, BadRequest."""

    def handle(call: Call) -> WireResponse:
        number = record_id(call.params["field"])
        record = find_one(call, name, sight_of(call), include=("custom",))
        kept = next((value for value in record.custom if value.id == number), None)
        profile = profile_of(call, name)
        definition = None if kept is None else profile.by_key.get((kept.group, kept.name))
        if kept is None or definition is None:
            raise NotFound("profile value", number)
        return _write(call, name, record, definition)

    return handle


def adder(name: str) -> Handler:
    """POST …/fields/{n}: the value of field n. Raises NotFound, BadRequest."""

    def handle(call: Call) -> WireResponse:
        number = record_id(call.params["field"])
        definition = next((one for one in profile_of(call, name).by_key.values() if one.id == number), None)
        if definition is None:
            raise NotFound("profile field", number)
        return _write(call, name, find_one(call, name, sight_of(call)), definition)

    return handle


def _write(call: Call, name: str, record: Record, definition: CustomField) -> WireResponse:
    custom = CustomValue(definition.name, _given(definition, parameters.of(call)), definition.group)
    made: Any = call.desk.update(Update(type(record), record.id, custom=(custom,)), ("custom",))
    value = next(one for one in made.custom if (one.group, one.name) == (custom.group, custom.name))
    return answer(call, _picked(call, [profile_of(call, name).row(made, value)], VALUE_DEFAULTS)[0])


def _given(definition: CustomField, given: Parameters) -> str:
    """The value that the type's own parameter holds. Raises BadRequest."""
    type_ = FIELD_TYPES.get(definition.type, "text")
    key = VALUE_KEYS.get(type_, "value")
    text = given.text(key)
    if text is None:
        raise BadRequest(key)
    if type_ == "integer":
        number = integer(text)
        if number is None:
            raise BadRequest(key)
        return str(number)
    return read_value(definition, text)
