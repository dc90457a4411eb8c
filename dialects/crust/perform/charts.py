"""Chart data, computed from real rows; saved charts (crust dossier, sections 4, 5 and 8).

The vendor served fixed samples whatever was asked. These are the samples' shapes with a module's own numbers in them;
the samples themselves are the charts of module 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.model.module import Module, SavedChart
from canonical.operations import Aggregate
from canonical.values import DAY, clean_text
from dialects.crust.errors import Refused, too_long
from dialects.crust.fields import objects
from dialects.crust.fields.system.modules import customs
from dialects.crust.fields.system.table import SystemModule
from dialects.crust.fields.system.texts import bound_text
from dialects.crust.perform import lookup
from dialects.crust.perform.lookup import Found
from dialects.crust.perform.samples import SAMPLES
from dialects.crust.perform.system import base_of
from dialects.crust.wire import envelope
from dialects.crust.wire.binding import Get, Path, Post, Request, bind
from dialects.crust.wire.gojson import RAW

COLUMNS: Final = frozenset(("line", "spline", "step", "area", "area-spline", "area-step", "scatter"))
"""Kinds whose rows are columns: ``[label, v1, v2, ...]``."""
ROWS: Final = frozenset(("pie", "donut", "gauge"))
"""Kinds whose rows are ``[group, number]``; a bar is of either sort."""
CHART: Final = Request(
    "ModuleChart",
    (
        *(
            Get(name)
            for name in (
                "name", "description", "xAxis", "xMin", "xMax", "yAxis", "groupBy", "sum", "count", "kind",
            )
        ),
        Path("moduleID"),
    ),
)  # fmt: skip
LIST: Final = Request("ChartList", ())
CREATE: Final = Request("ChartCreate", (Post("name"), Post("config", RAW)))
READ: Final = Request("ChartRead", (Path("chartID"),))
UPDATE: Final = Request("ChartUpdate", (Path("chartID"), Post("name"), Post("config", RAW)))
HIGHEST: Final = "\U0010ffff"
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?\Z", re.ASCII)
_OFF = frozenset(("", "0", "false", "no", "undefined", "null"))


# -- numbers ----------------------------------------------------------------------------------------


def _number(value: Any) -> Any:
    """A number as JSON has it: whole where it is whole; text that is none stays text."""
    if isinstance(value, str):
        if not _NUMBER.match(value):
            return value
        value = float(value) if "." in value else int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


@dataclass(frozen=True, slots=True)
class _Source:
    """A module whose rows are counted."""

    call: Call
    found: Found

    def rows(self, how: str, key: str, value: str, low: str, high: str, bounded: str) -> list[tuple[Any, Any]]:
        """Rows ``(key, number)``, keys as the module shows them."""
        system = self.found.system
        if system is None:
            return self._own(how, key, value, low, high, bounded)
        return self._system(system, how, key, value, low, high, bounded)

    def _own(self, how: str, key: str, value: str, low: str, high: str, bounded: str) -> list[tuple[Any, Any]]:
        bounds: list[Any] = [bound_text(low) or None, bound_text(high) or None]
        if all(bound is None or _NUMBER.match(bound) for bound in bounds):
            bounds = [None if bound is None else float(bound) for bound in bounds]
        elif bounds[1] is not None:
            # A day as the upper bound takes in the times of that day.
            bounds[1] += HIGHEST
        asked = Aggregate(how, key, value, bounds[0], bounds[1], bounded)
        found = self.call.desk.aggregate(self.found.module.id, asked)
        # An empty value is a gap in a line, not a text.
        return [(name, None if number == "" else _number(number)) for name, number in found]

    def _system(
        self, system: SystemModule, how: str, key: str, value: str, low: str, high: str, bounded: str
    ) -> list[tuple[Any, Any]]:
        names = {name: self._group(system, name) for name in (key, value, bounded) if name}
        if any(group is None for group in names.values()):
            return []
        of, what = system.by_name.get(key), system.by_name.get(value)
        if how == "sum" and what is not None and not what.number:
            # What are no numbers add up to nothing, in every group.
            return [(group, 0) for group, _ in self._system(system, "count", key, "", low, high, bounded)]
        limits: list[Any] = []
        field = system.by_name.get(bounded or key)
        for text in (low, high):
            if not text:
                limits.append(None)
                continue
            limits.append(bound_text(text) if field is None else field.bound(text))
        if isinstance(limits[1], str):
            limits[1] += HIGHEST
        elif limits[1] is not None and field is not None and field.kind == "DateTime" and limits[1] % DAY == 0:
            limits[1] += DAY - 1
        fields_ = [names.get(name) or "" for name in (key, value, bounded)]
        asked = Aggregate(how, fields_[0], fields_[1], limits[0], limits[1], fields_[2])
        found = self.call.desk.aggregate(system.kind, asked, base_of(system))
        rows = []
        for group, number in found:
            if how == "sum" and what is not None:
                number = (number or 0) / what.scale if what.scale > 1 else number
            elif how == "pairs" and what is not None:
                number = None if number is None else what.say(number)
            rows.append((group if of is None else of.say(group), _number(number)))
        return rows if how == "pairs" else _together(rows)

    def _group(self, system: SystemModule, name: str) -> str | None:
        """What the core calls a field; None for one that has no numbers."""
        known = system.by_name.get(name)
        if known is not None:
            return known.group or None
        found = [custom for custom in customs(self.call.desk, system) if custom.name == name and not custom.group]
        return f"custom.{name}" if found else None

    def total(self) -> int:
        if self.found.system is None:
            rows = self.call.desk.aggregate(self.found.module.id, Aggregate("count", ""))
            return int(rows[0][1])
        return self.call.desk.count(self.found.system.kind, base_of(self.found.system))


def _together(rows: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Groups that are shown alike are one."""
    merged: dict[Any, Any] = {}
    for key, number in rows:
        merged[key] = (merged.get(key) or 0) + (number or 0)
    return list(merged.items())


# -- charts -----------------------------------------------------------------------------------------


def _described(module: Module | None, name: str) -> tuple[str, str]:
    """A field's label and kind."""
    if module is not None:
        for field in module.fields:
            if field.name == name:
                return field.label or field.name, field.kind
    return name, ""


def _axis_kind(kind: str) -> str:
    """``datetime`` makes the client draw a time axis."""
    lower = kind.lower()
    if lower in ("datetime", "stamp"):
        return "datetime"
    return "number" if lower == "number" else "string"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a chart's parameters add up to: `how` of `Aggregate`, of which fields, and what the groups are called."""

    how: str
    key: str
    value: str
    label: str

    @classmethod
    def of(cls, sent: dict[str, Any], module: Module | None) -> _Asked:
        """Grouped by `groupBy`, else `xAxis`; without either one number. Neither sum nor count: the plain values."""
        names = _names(module)
        counted, summed = sent["count"].lower() not in _OFF, sent["sum"].lower() not in _OFF
        counted_field = sent["count"] if sent["count"] in names else ""
        key = sent["groupBy"] or sent["xAxis"] or (counted_field if not summed else "")
        if summed:
            value = sent["sum"] if sent["sum"] in names or not sent["yAxis"] else sent["yAxis"]
            return cls("sum", key, value, key or value)
        if counted or sent["groupBy"] or sent["kind"] in ROWS:
            return cls("count", key, "", key or sent["count"] or (module.name if module is not None else ""))
        return cls("pairs", key, sent["yAxis"], key or "x")

    def rows(self, source: _Source, sent: dict[str, Any]) -> list[tuple[Any, Any]]:
        if self.how == "count" and not self.key:
            return [(self.label, source.total())]
        if self.how == "pairs" and not (self.key and self.value):
            return []
        bounded = sent["xAxis"] if sent["xMin"] or sent["xMax"] else ""
        rows = source.rows(self.how, self.key, self.value, sent["xMin"], sent["xMax"], bounded)
        if self.how == "pairs":
            return rows
        # The sum of a group without a number in it is 0: a slice has to have a size.
        return [(group if self.key else self.label, number or 0) for group, number in rows]


def chart(call: Call) -> WireResponse:
    """Data for one chart. A module that is not there has none, which is no error; of module 0 there are samples."""
    sent = bind(call, CHART)
    kind = sent["kind"]
    if kind not in COLUMNS and kind not in ROWS and kind != "bar":
        raise Refused(f"Error when reading /chart-{kind[:100]}.json: file does not exist")
    if not sent["moduleID"] and kind in SAMPLES:
        return envelope.response(SAMPLES[kind])
    found = lookup.find(call, sent["moduleID"])
    module = None if found is None else found.module
    plain = _unqualified(sent, _names(module))
    asked = _Asked.of(plain, module)
    rows = [] if found is None else asked.rows(_Source(call, found), plain)
    label, x_kind = _described(module, asked.label)
    x: dict[str, Any] = {"kind": _axis_kind(x_kind) if asked.key else "string"}
    if x["kind"] == "number":
        rows = sorted(((_number(group), number) for group, number in rows), key=_by_number)
    if kind in ROWS or (kind == "bar" and asked.how != "pairs"):
        # With nothing to show one empty slice keeps the client's `fields[data[0][0]]` alive.
        data = [[group, number] for group, number in rows] or [[label, 0]]
        return _answer(sent, data, {label: x})
    for name in ("xMax", "xMin"):
        if sent[name]:
            x[name[1:].lower()] = sent[name]
    y_name = asked.value or (plain["count"] if asked.how == "count" and plain["count"] in _names(module) else "")
    y_label, y_kind = _described(module, y_name)
    if y_label in ("", label):
        y_label = f"{label} {asked.how}" if asked.how != "pairs" else f"{label} value" if y_label else "y"
    data = [[label, *(group for group, _ in rows)], [y_label, *(number for _, number in rows)]]
    return _answer(sent, data, {label: x, y_label: {"kind": y_kind, "name": y_name or y_label}})


def _names(module: Module | None) -> set[str]:
    return set() if module is None else {field.name for field in module.fields}


def _unqualified(sent: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """`sent` with fields as the module calls them: the seed's prose says ``lead.country`` for ``country``."""
    out = {name: clean_text(value) if isinstance(value, str) else value for name, value in sent.items()}
    for parameter in ("xAxis", "yAxis", "groupBy", "sum", "count"):
        name = sent[parameter].partition(".")[2]
        if name in names and sent[parameter] not in names:
            out[parameter] = name
    return out


def _by_number(row: tuple[Any, Any]) -> tuple[bool, float]:
    """The order of a number axis; what is no number comes last, as it came."""
    number = isinstance(row[0], int | float)
    return not number, row[0] if number else 0


def _answer(sent: dict[str, Any], data: list[list[Any]], described: dict[str, Any]) -> WireResponse:
    """Objects have their keys in alphabetical order, as Go writes maps."""
    shown = dict(sorted(described.items()))
    return envelope.response({"data": data, "fields": shown, "kind": sent["kind"], "meta": _meta(sent)})


def _reference(text: str) -> Any:
    """Axes were numbers in the vendor's samples; a name stays text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else text


def _meta(sent: dict[str, Any]) -> dict[str, Any]:
    meta: dict[str, Any] = {
        "description": sent["description"],
        "kind": sent["kind"],
        "module": sent["moduleID"],
        "name": sent["name"],
        "x": _reference(sent["xAxis"]),
        "y": _reference(sent["yAxis"]),
    }
    for name, key in (("count", "count"), ("groupBy", "groupby"), ("sum", "sum"), ("xMax", "xmax"), ("xMin", "xmin")):
        if sent[name]:
            meta[key] = sent[name] if key.startswith("x") else _reference(sent[name])
    return dict(sorted(meta.items()))


# -- saved charts -----------------------------------------------------------------------------------


def listed(call: Call) -> WireResponse:
    bind(call, LIST)
    return envelope.response([objects.chart(saved) for saved in call.desk.charts()])


def sent_chart(id: int, sent: Mapping[str, Any]) -> SavedChart:
    """The chart that was sent. Raises Refused."""
    if len(sent["name"]) > objects.MAX_NAME:
        raise too_long("name")
    return SavedChart(id, sent["name"], objects.json_column(sent["config"], 3) if sent["config"] else None)


def create(call: Call) -> WireResponse:
    return envelope.response(objects.chart(call.desk.save_chart(sent_chart(0, bind(call, CREATE))), created=True))


def _get(call: Call, id: int) -> SavedChart:
    saved = call.desk.chart(id)
    if saved is None:
        raise Refused("crust.crm.repository.ChartNotFound")
    return saved


def read(call: Call) -> WireResponse:
    return envelope.response(objects.chart(_get(call, bind(call, READ)["chartID"])))


def update(call: Call) -> WireResponse:
    """A replacement of name and config."""
    sent = bind(call, UPDATE)
    before = _get(call, sent["chartID"])
    return envelope.response(objects.chart(call.desk.save_chart(sent_chart(before.id, sent)), updated=True))


def delete(call: Call) -> WireResponse:
    call.desk.delete_chart(bind(call, READ)["chartID"])
    return envelope.success()
