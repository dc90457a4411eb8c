"""Custom fields: their values on a record, and their definitions (capsule dossier, section 8)."""

from __future__ import annotations

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.model import Case, CustomField, CustomValue, Opportunity, Party
from canonical.operations import Update
from canonical.values import fold
from dialects.capsule import writers
from dialects.capsule.bodies import read_body
from dialects.capsule.fields.custom import CustomItem, GivenValue, definition_of, read_values
from dialects.capsule.handlers.common import Parent
from dialects.capsule.replies import answer_for, done, reply_list


def _values(call: Call, parent: Parent) -> list[CustomValue]:
    record = parent.load(call, ("custom",))
    return list(record.custom) if isinstance(record, Party | Opportunity | Case) else []


def listing(call: Call, parent: Parent) -> WireResponse:
    answer = answer_for(call)
    values = _values(call, parent)
    defined = {(item.group, item.name): item for item in call.desk.custom_fields(parent.kind.KIND)}
    items = [CustomItem(value, defined.get((value.group, value.name))) for value in values]
    return reply_list(answer, "customFields", [(writers.CUSTOM_FIELD, item) for item in items])


def save(call: Call, parent: Parent) -> WireResponse:
    """Sets the fields that are given, takes away those given without a value, leaves the others.

    A label that nobody defined yet is defined by its first value.
    """
    there = _values(call, parent)
    definitions = call.desk.custom_fields(parent.kind.KIND)
    values: list[CustomValue] = []
    dropped: list[tuple[str, str]] = []
    for given in read_values(read_body(call.request, "customFields")):
        definition = definition_of(definitions, given.group, given.label)
        if definition is None and given.text is not None and not _has(there, given):
            new = CustomField(parent.kind.KIND, given.label, given.label, given.type, given.group)
            definition = call.desk.save_custom_field(new)
            definitions.append(definition)
        key = (given.group, given.label) if definition is None else (definition.group, definition.name)
        if given.text is None:
            dropped.append(key)
        else:
            values.append(CustomValue(key[1], given.text, key[0]))
    ref = parent.ref(call)
    call.desk.update(Update(parent.kind, ref.id, custom=tuple(values), drop_custom=tuple(dropped)))
    return done()


def _has(there: list[CustomValue], given: GivenValue) -> bool:
    return any(value.group == given.group and value.name == given.label for value in there)


def definitions(call: Call, parent: Parent) -> WireResponse:
    answer = answer_for(call)
    found = call.desk.custom_fields(parent.kind.KIND)
    tags = {fold(tag.name): tag.id for tag in call.desk.find_tags()} if any(item.group for item in found) else {}
    return reply_list(answer, "customFieldDefinitions", [(writers.DEFINITION, item) for item in found], tags)
