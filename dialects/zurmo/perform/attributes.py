"""``listAttributes``: what attributes a module has (zurmo dossier, section 4)."""

from __future__ import annotations

from typing import Any, Final

from adapter.dialect import Call
from adapter.wire import WireResponse
from dialects.zurmo.auth import profile
from dialects.zurmo.fields.base import Field
from dialects.zurmo.fields.custom import ELEMENTS, SUFFIX
from dialects.zurmo.fields.modules import Table
from dialects.zurmo.perform.shared import module_of, require_right, route_of
from dialects.zurmo.settings import NAME
from dialects.zurmo.wire.envelope import envelope


def _entry(
    label: str, element: str, *, required: bool, read_only: bool, audited: bool, picklist: str | None
) -> dict[str, Any]:
    return {
        "attributeLabel": label,
        "elementType": element,
        "isRequired": required,
        "isReadOnly": read_only,
        "isAudited": audited,
        "customFieldName": picklist,
    }


def describe(row: Field) -> dict[str, Any]:
    """One attribute's entry."""
    return _entry(
        row.label,
        row.element,
        required=row.required,
        read_only=row.read_only,
        audited=row.audited,
        picklist=row.picklist,
    )


def standard(table: Table) -> dict[str, Any]:
    """The entries of a table by lower-cased label, also of what is never shown."""
    rows = sorted((row for row in table.by_name.values() if row.listed), key=lambda row: row.label.lower())
    return {row.name: describe(row) for row in rows}


# Name, label, element, and which it is: Q required, R read-only, N not audited (zurmo dossier, section 4).
_Small = tuple[tuple[str, str, str, str], ...]
_CREATED: Final[_Small] = (
    ("createdByUser", "Created By User", "User", "R"),
    ("createdDateTime", "Created Date Time", "DateTime", "QR"),
)
_ID: Final = ("id", "Id", "Text", "N")
_NAMED: Final[_Small] = (
    *_CREATED,
    _ID,
    ("modifiedByUser", "Modified By User", "User", "R"),
    ("modifiedDateTime", "Modified Date Time", "DateTime", "QR"),
    ("name", "Name", "Text", "Q"),
)
SMALL: Final[dict[str, _Small]] = {
    "contacts/contactState": (
        _ID,
        ("name", "Name", "Text", "QN"),
        ("order", "Order", "Integer", "QN"),
        ("serializedLabels", "Serialized Labels", "Text", "N"),
    ),
    "zurmo/currency": (
        ("active", "Active", "CheckBox", "N"),
        ("code", "Code", "Text", "QN"),
        _ID,
        ("rateToBase", "Rate To Base", "Decimal", "QN"),
    ),
    "zurmo/group": (*_NAMED, ("group", "Parent Group", "DropDown", "")),
    "zurmo/role": (*_NAMED, ("role", "Parent Role", "DropDown", "")),
}


def list_small_attributes(call: Call) -> WireResponse:
    """The attributes of what is only read."""
    items = {
        name: _entry(
            label, element, required="Q" in marks, read_only="R" in marks, audited="N" not in marks, picklist=None
        )
        for name, label, element, marks in SMALL[route_of(call).meta["path"]]
    }
    return envelope(call, {"items": items})


def list_attributes(call: Call) -> WireResponse:
    """Custom attributes first, then the standard ones."""
    module = module_of(call)
    require_right(call, module)
    items: dict[str, Any] = {}
    for field in sorted(call.desk.custom_fields(module.kind.KIND), key=lambda field: field.label.lower()):
        form = field.options.get(NAME)
        if form in ELEMENTS and not field.group:
            name = field.name + SUFFIX
            items[name] = _entry(
                field.label,
                ELEMENTS[form],
                required=False,
                read_only=False,
                audited=True,
                picklist=None if form == "text" else field.name,
            )
    items.update(standard(module.table(profile(call).v3)))
    return envelope(call, {"items": items})
