"""Reports: groups and numbers over a module's records, by formulas (crust dossier, section 8)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.errors import Unsupported
from canonical.formula import NOTHING, Field, Formula, plain_number
from canonical.formula import Call as Computed
from canonical.letters import fold_letters
from canonical.operations import Report
from canonical.values import clean_text
from dialects.crust.errors import Refused
from dialects.crust.fields.system.modules import customs
from dialects.crust.fields.system.table import SystemModule
from dialects.crust.perform import lookup
from dialects.crust.perform.lookup import Found
from dialects.crust.perform.system import base_of
from dialects.crust.query.report import Reader
from dialects.crust.wire import envelope
from dialects.crust.wire.binding import Get, Path, Request, bind

REPORT: Final = Request("ModuleReport", (Get("metrics"), Get("dimensions"), Get("filter"), Path("moduleID")))
_STAMPS: Final = frozenset(("created_at", "updated_at"))
_CENT: Final = Decimal("0.01")
_MOST: Final = Decimal("999999999999.99")
"""The largest number of the vendor's DECIMAL(14,2)."""


def report(call: Call) -> WireResponse:
    """A row for each group, in order, with the number of its records, its dimensions and its metrics."""
    sent = bind(call, REPORT)
    found = lookup.get(call, sent["moduleID"])
    field = _fields(call, found)

    def reader(name: str) -> Reader:
        return Reader(clean_text(sent[name]), call.now, field)

    try:
        metrics, dimensions = reader("metrics").metrics(), reader("dimensions").dimensions()
        asked = Report(
            tuple(part.node or NOTHING for part in dimensions), tuple((part.function, part.node) for part in metrics)
        )
        if clean_text(sent["filter"]).strip():
            asked = Report(asked.dimensions, asked.metrics, reader("filter").condition())
        source = found.module.id if found.system is None else found.system.kind
        rows = call.desk.report(source, asked, *([base_of(found.system)] if found.system is not None else []))
    except Unsupported as error:
        raise Refused(f"unsupported: {error}") from None
    shown = []
    for row in rows:
        keys = [_said(part.node, value) for part, value in zip(dimensions, row, strict=False)]
        number, *measures = row[len(dimensions) :]
        named = {part.alias: key for part, key in zip(dimensions, keys, strict=True)}
        named |= {part.alias: _decimal(value) for part, value in zip(metrics, measures, strict=True)}
        shown.append((keys, {**named, "count": number}))
    shown.sort(key=lambda pair: [_place(key) for key in pair[0]])
    return envelope.response([dict(sorted(row.items())) for _, row in shown])


# -- fields -----------------------------------------------------------------------------------------


def _fields(call: Call, found: Found) -> Callable[[str], Formula]:
    """From a name to what it stands for: a column of the record, else a field's text."""
    system = found.system
    if system is None:
        columns: dict[str, Formula] = {
            **{name: Field(name, "moment", own=True) for name in _STAMPS},
            "id": Field("id", "number", own=True),
            "user_id": Field("owner_id", "number", own=True),
        }
        return lambda name: columns.get(name) or Field(name)
    return _system_fields(call, system)


def _system_fields(call: Call, system: SystemModule) -> Callable[[str], Formula]:
    owner = "owner_id" if "owner_id" in system.kind.__dataclass_fields__ else "creator_id"
    known: dict[str, Formula] = {row.name: row.formula for row in system.fields}
    known |= {custom.name: Field(f"custom.{custom.name}") for custom in customs(call.desk, system) if not custom.group}
    known |= {name: Field(name, "moment") for name in _STAMPS}
    known |= {"id": Field("id", "number"), "user_id": Field(owner, "number")}
    return lambda name: known.get(name, NOTHING)


# -- values -----------------------------------------------------------------------------------------


def _said(node: Formula | None, value: Any) -> Any:
    """A group as it is shown: a field as its text, of a moment a day where it is none but that."""
    if value is None:
        return None
    if isinstance(node, Field) and node.name in _STAMPS:
        return f"{value[:10]}T{value[11:]}Z"
    if node is not None and node.type == "moment":
        if isinstance(node, Computed) or value[11:] == "00:00:00":
            return value[:10]
        return value.removesuffix(":00")
    if isinstance(value, int | float):
        # A field's text, where it is a number to the core; what is computed of a moment is a number.
        field = isinstance(node, Field) or (isinstance(node, Computed) and node.function in "+-*/")
        return plain_number(value) if field else _decimal(value)
    return value


def _decimal(value: Any) -> Any:
    """A number of two places, whole where it is whole."""
    if value is None or isinstance(value, int):
        return value
    number = Decimal(repr(float(value)))
    if not number.is_finite():
        return None
    number = max(-_MOST, min(_MOST, number)).quantize(_CENT, ROUND_HALF_UP)
    return int(number) if number == number.to_integral_value() else float(number)


def _place(key: Any) -> tuple[int, Any, Any]:
    """Where a group comes: the missing one first, numbers by number, text without regard to case and accents."""
    if key is None:
        return 0, 0, ""
    return (1, key, "") if isinstance(key, int | float) else (2, fold_letters(key), key)
