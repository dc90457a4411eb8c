"""Custom attributes: ``regionalCstm``, beside the standard ones.

The value lives in the core's custom field ``regional``, where other dialects see it. Which of a record's custom
values clients of this dialect sent, and in which form, is kept in the extra ``cstm``; of a field that they once made,
values that other dialects gave show too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from adapter.formats.form_body import Nested
from canonical.model import CustomField, CustomValue, Record
from canonical.operations import Desk
from canonical.query import Compare, First, Has, Node, Not, Op, all_of
from dialects.zurmo.errors import UnknownAttribute
from dialects.zurmo.fields import base
from dialects.zurmo.fields.base import Draft, kept
from dialects.zurmo.fields.comparison import Below, Comparison
from dialects.zurmo.fields.nodes import maybe, text_node
from dialects.zurmo.settings import NAME

SUFFIX: Final = "Cstm"
KEY: Final = "cstm"
MAX_CUSTOM: Final = 100
MAX_VALUE: Final = 65_535
SEPARATOR: Final = "\n"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,59}Cstm\Z", re.ASCII)
ELEMENTS: Final = {"text": "Text", "choice": "DropDown", "choices": "MultiSelectDropDown"}


def is_custom(name: str) -> bool:
    return name.endswith(SUFFIX) and _NAME.match(name) is not None


def _read(value: Nested) -> tuple[str, str] | None:
    """The form and the text of a sent value: a text, ``[value]``, or ``[values][]``."""
    if isinstance(value, str):
        return "text", value
    if isinstance(value.get("value"), str):
        return "choice", str(value["value"])
    values = value.get("values")
    if isinstance(values, dict):
        return "choices", SEPARATOR.join(item for item in values.values() if isinstance(item, str))
    return None


def take_custom(draft: Draft) -> dict[str, str]:
    """Puts sent custom attributes into the draft; gives the form of each."""
    forms: dict[str, str] = dict(draft.kept(KEY) or {})
    taken: dict[str, str] = {}
    for name, value in draft.sent.items():
        if not is_custom(name):
            continue
        found = _read(value)
        if found is None:
            continue
        form, text = found
        if len(text) > MAX_VALUE:
            label = base.label_of(name.removesuffix(SUFFIX))
            draft.fail(name, base.TOO_LONG.format(label, MAX_VALUE))
        elif name in forms or len(forms) < MAX_CUSTOM:
            draft.custom.append(CustomValue(name.removesuffix(SUFFIX), text))
            forms[name] = taken[name] = form
    if taken and forms != draft.kept(KEY):
        draft.extras[KEY] = forms
    return taken


def define(desk: Desk, kind: str, forms: Mapping[str, str]) -> None:
    """Makes the definitions that there are not yet, and makes those of other dialects ours too."""
    known = {field.name: field for field in desk.custom_fields(kind) if not field.group}
    for name, form in forms.items():
        plain = name.removesuffix(SUFFIX)
        there = known.get(plain)
        if there is not None and NAME not in there.options:
            desk.save_custom_field(replace(there, options={**there.options, NAME: form}))
        elif there is None:
            type_ = "text" if form == "text" else "choice"
            desk.save_custom_field(CustomField(kind, plain, base.label_of(plain), type_, options={NAME: form}))


def forms_of(desk: Desk, kind: type[Record]) -> dict[str, str]:
    """The custom attributes that clients of this dialect made, and their forms."""
    kept = desk.remembered("custom attributes")
    forms: dict[str, str] | None = kept.get(kind)
    if forms is None:
        fields = desk.custom_fields(kind.KIND)
        forms = {f"{field.name}{SUFFIX}": field.options[NAME] for field in fields if NAME in field.options}
        kept[kind] = forms
    return forms


def load_custom(desk: Desk, kind: type[Record], records: Sequence[Any], made: Mapping[str, str]) -> list[Any] | None:
    """The records with their custom values, None when none of them can have any that we know."""
    if not made and not [record for record in records if record.extras and KEY in record.extras.get(NAME, ())]:
        return None
    loaded = desk.get_many(kind, [record.id for record in records], ("custom",))
    for record in records:
        found: Any = loaded.get(record.id)
        record.custom = found.custom if found is not None else ()
    return list(records)


def show_custom(record: Any, made: Mapping[str, str]) -> dict[str, Any]:
    """The custom attributes of a record, after its own: those sent for it, and those of `made` that it has."""
    forms = kept(record, KEY)
    forms = dict(forms) if isinstance(forms, dict) else {}
    for value in record.custom:
        name = f"{value.name}{SUFFIX}"
        if name in made and not value.group:
            forms.setdefault(name, made[name])
    values = {value.name: value.value for value in record.custom if not value.group}
    return {
        name: _show(record.id, at, form, values.get(name.removesuffix(SUFFIX)))
        for at, (name, form) in enumerate(forms.items())
    }


def _show(id: int, at: int, form: str, value: str | None) -> Any:
    if form == "text":
        return value
    if form == "choices":
        return {"values": value.split(SEPARATOR) if value else None}
    return None if value is None else {"id": (id * MAX_CUSTOM + at) * 8 + 7, "value": value}


def _named(name: str) -> Node:
    return all_of(Compare("name", Op.EQ, name.removesuffix(SUFFIX)), Compare("group", Op.EQ, ""))


def custom_key(name: str) -> First:
    """What sorts by a custom attribute."""
    return First("custom", "value", (_named(name),))


def custom_node(name: str, below: Below, test: Comparison, *, strict: bool) -> Node:
    """A comparison of a custom attribute."""
    if below not in ((), ("value",), ("values",)):
        raise UnknownAttribute(below[0])
    named = _named(name)
    if test.operator in ("isNull", "isNotNull"):
        return Not(Has("custom", named)) if test.operator == "isNull" else Has("custom", named)
    return maybe(Has("custom", all_of(named, text_node("value", test))), Has("custom", named), strict)
