"""Custom fields: their values on a record, and their definitions (capsule dossier, section 8)."""

from __future__ import annotations

from collections.abc import Sequence

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.model import Case, CustomField, CustomValue, Opportunity, Party
from canonical.operations import Update
from canonical.values import fold
from dialects.capsule.fields import writers
from dialects.capsule.fields.custom import CustomItem, GivenValue, definition_of, read_values
from dialects.capsule.perform.common import Parent
from dialects.capsule.perform.replies import answer_for, done, reply_list
from dialects.capsule.wire.bodies import read_body


def _items(call: Call, parent: Parent, definitions: Sequence[CustomField]) -> list[CustomItem]:
    record = parent.load(call, ("custom",))
    values = record.custom if isinstance(record, Party | Opportunity | Case) else ()
    defined = {(item.group, item.name): item for item in definitions}
    return [CustomItem(value, defined.get((value.group, value.name))) for value in values]


def listing(call: Call, parent: Parent) -> WireResponse:
    """The fields that have a value: one that another dialect keeps empty has none here."""
    answer = answer_for(call)
    items = _items(call, parent, call.desk.custom_fields(parent.kind.KIND))
    return reply_list(answer, "customFields", writers.CUSTOM_FIELD, [item for item in items if item.value.value])


def save(call: Call, parent: Parent) -> WireResponse:
    """Sets the fields that are given, takes away those given without a value, leaves the others.

    A label that nobody defined yet is defined by its first value.
    """
    definitions = call.desk.custom_fields(parent.kind.KIND)
    there = _items(call, parent, definitions)
    values: list[CustomValue] = []
    dropped: list[tuple[str, str]] = []
    for given in read_values(read_body(call.request, "customFields")):
        item = next((item for item in there if item.is_meant_by(given)), None)
        if item is not None and item.is_shown_as(given):
            continue
        definition = item.definition if item is not None else definition_of(definitions, given.group, given.label)
        meant = given.meant(_type(item, definition))
        if meant is None:
            continue
        if item is None and definition is None and meant.text is not None:
            new = CustomField(parent.kind.KIND, given.label, given.label, meant.type, given.group)
            definition = call.desk.save_custom_field(new)
            definitions.append(definition)
        key = _key(given, item, definition)
        if meant.text is None:
            dropped.append(key)
        else:
            values.append(CustomValue(key[1], meant.text, key[0]))
    ref = parent.ref(call)
    call.desk.update(Update(parent.kind, ref.id, custom=tuple(values), drop_custom=tuple(dropped)))
    return done()


def _type(item: CustomItem | None, definition: CustomField | None) -> str | None:
    """The type as which a value is read: a value that nobody defined is shown as text."""
    if definition is not None:
        return definition.type
    return None if item is None else "text"


def _key(given: GivenValue, item: CustomItem | None, definition: CustomField | None) -> tuple[str, str]:
    """Group and name of the field that is meant."""
    if item is not None:
        return item.value.group, item.value.name
    return (given.group, given.label) if definition is None else (definition.group, definition.name)


def definitions(call: Call, parent: Parent) -> WireResponse:
    answer = answer_for(call)
    found = call.desk.custom_fields(parent.kind.KIND)
    tags = {fold(tag.name): tag.id for tag in call.desk.find_tags()} if any(item.group for item in found) else {}
    return reply_list(answer, "customFieldDefinitions", writers.DEFINITION, found, tags)
