"""What all resources do alike: show records, read simple parameters, find one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.errors import NotFound
from canonical.model import CustomValue
from canonical.operations import Include
from canonical.query import TRUE, Query, Sort
from dialects.affinitylive.errors import BadRequest
from dialects.affinitylive.fields.custom import read_value
from dialects.affinitylive.fields.formats import BadValue
from dialects.affinitylive.fields.people import is_affiliation
from dialects.affinitylive.fields.plan import Plan, render
from dialects.affinitylive.fields.registry import PLANNER, RESOURCES
from dialects.affinitylive.fields.standing import STANDINGS
from dialects.affinitylive.fields.table import NAMESPACE, Resource, Sight
from dialects.affinitylive.query import small, unknown
from dialects.affinitylive.query.build import build, window
from dialects.affinitylive.query.tables import FILTERS, Filters
from dialects.affinitylive.settings import page_cap
from dialects.affinitylive.wire import parameters
from dialects.affinitylive.wire.envelope import answer
from dialects.affinitylive.wire.grammar import Items
from dialects.affinitylive.wire.parameters import Parameters, record_id, whole

Handler = Callable[[Call], WireResponse]
ORDERS: dict[str, tuple[Sort, ...]] = {
    "": (),
    "recent": (Sort("created_at", True), Sort("id", True)),
    "newest": (Sort("updated_at", True), Sort("id", True)),
}


def sight_of(call: Call) -> Sight:
    return Sight(call.desk, call.me, call.now, call.losses)


def plan_of(call: Call, name: str, items: Items | None = None) -> Plan:
    """What the request's ``_fields`` (or `items`) and ``_hide_defaults`` show of a resource. Raises as the grammar."""

    def work(given: Parameters) -> Plan:
        shown = given.fields if items is None else items
        return PLANNER.plan(name, shown, hide_defaults=given.switch("_hide_defaults"))

    given = parameters.of(call)
    return given.once(("plan", name), work) if items is None else work(given)


def show(
    call: Call, name: str, records: Sequence[Any], sight: Sight, items: Items | None = None
) -> list[dict[str, Any]]:
    """Records of a resource as the request's ``_fields`` (or `items`) asks."""
    plan = plan_of(call, name, items)
    if plan.include:
        _include(records, plan.resource, plan.include, sight)
    return render(plan, records, sight)


def _include(records: Sequence[Any], resource: Resource, include: Include, sight: Sight) -> None:
    """Loads what the plan needs onto records that came without."""
    loaded = resource.load(sight, [record.id for record in records], include)
    for record in records:
        there = loaded.get(record.id)
        if there is not None:
            for name in include:
                setattr(record, name, getattr(there, name))


def show_one(call: Call, name: str, record: Any, sight: Sight | None = None) -> WireResponse:
    return answer(call, show(call, name, [record], sight or sight_of(call))[0])


def query_of(call: Call, name: str, order: str = "", *, with_interacts: bool = False) -> Query:
    """The query that the request's filters, order and paging make."""
    cap = page_cap(call.settings)

    def work(given: Parameters) -> Query:
        where, sort = RESOURCES[name].where, ORDERS[order]
        return build(FILTERS[name], given, where, cap, sort=sort, with_interacts=with_interacts, fixed=bool(order))

    note_unknown(call, name, FILTERS[name])
    return parameters.of(call).once(("query", name, order, with_interacts, cap), work)


def note_unknown(call: Call, name: str, table: Filters, more: frozenset[str] = frozenset()) -> None:
    """Tells of the parameters, filters and orders of a list that nobody documents."""
    found = parameters.of(call).once(("unknown", name), lambda given: (unknown.in_list(table, given, more),))[0]
    for reason, unknown_name in found:
        call.losses.add(name, unknown_name, reason)


def selected(call: Call, name: str, rows: Sequence[dict[str, Any]], table: Filters) -> list[dict[str, Any]]:
    """Those of a small list's rows that the request's filters, order and search leave, of all pages."""
    note_unknown(call, name, table)
    return small.chosen(rows, build(table, parameters.of(call), TRUE, 1))


def paged(call: Call, rows: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """The rows of the page that the request asks for."""
    page = window(parameters.of(call), page_cap(call.settings))
    return rows[page.offset : page.offset + (page.limit or 0)]


def find_one(call: Call, name: str, sight: Sight, id: str | None = None, include: Include = ()) -> Any:
    """The record that the path names, if it is one of the resource. Raises NotFound, BadRequest."""
    number = record_id(call.params["id"] if id is None else id)
    found = RESOURCES[name].load(sight, (number,), include).get(number)
    if found is None or (name == "affiliations" and not is_affiliation(found)):
        raise NotFound(name, number)
    return found


@dataclass(slots=True)
class Changes:
    """What a request's parameters say of a record, in canonical words."""

    values: dict[str, Any] = field(default_factory=dict)
    extras: dict[str, Any] = field(default_factory=dict)

    def spaces(self) -> Mapping[str, Mapping[str, Any]]:
        return {NAMESPACE: self.extras} if self.extras else {}

    def drop(self, *names: str) -> None:
        for name in names:
            self.values.pop(name, None)
            self.extras.pop(name, None)


def read_simple(resource: Resource, given: Parameters, current: Any | None, sight: Sight) -> Changes:
    """The parameters that stand for one field each.

    With `current` (an update) the very text that is shown changes nothing. Raises BadRequest.
    """
    changes = Changes()
    for name in unknown.in_write(given.values, resource.by_name):
        sight.losses.add(resource.name, name, "unknown_parameter")
    for row in resource.fields:
        if not row.params or (current is not None and not row.on_update):
            continue
        text = given.first(*row.params)
        if text is None or (row.attribute is None and row.extra is None):
            continue
        if current is not None and text == _shown(row.show(current, sight)):
            continue
        try:
            value = row.format.read(text)
        except BadValue:
            raise BadRequest(row.name) from None
        if row.attribute is not None:
            changes.values[row.attribute] = value
        elif row.extra is not None:
            changes.extras[row.extra] = value
    return changes


def _shown(value: Any) -> str:
    return "" if value is None else str(value)


def reference(given: Parameters, *names: str) -> int | None:
    """An id under one of several names; 0 for one that is empty or 0, None where none was given. Raises BadRequest."""
    text = given.first(*names)
    if text is None:
        return None
    if not text.strip():
        return 0
    number = whole(text)
    if number is None:
        raise BadRequest(names[0])
    return number


def staff_reference(given: Parameters, *names: str) -> int | None:
    """As `reference`; there is no staff 0, so 0 says nothing."""
    return reference(given, *names) or None


def read_standing(
    name: str, given: Parameters, current: Any | None, changes: Changes, *, standing_first: bool = False
) -> None:
    """``standing`` by its word or ``status`` by its id, which wins unless `standing_first` (dossier, section 8.0).

    Raises BadRequest for one that there is not.
    """
    standings = STANDINGS[name]
    word = (given.text("standing") or "").strip().lower() or None
    status = reference(given, "status_id", "status")
    if status:
        row = standings.by_id(status)
        if row is None:
            raise BadRequest("status_id")
        if word is None or not standing_first:
            word = row.word
    if word is None:
        return
    chosen = standings.by_word.get(word)
    if chosen is None:
        raise BadRequest("standing")
    if current is None or standings.show(current) != word:
        set_standing(chosen, current, changes)


def set_standing(chosen: Any, current: Any | None, changes: Changes) -> None:
    """Puts a standing on a record: its state, unless that fits already, and its word."""
    if current is None or not chosen.suits(current):
        changes.values.update(chosen.values())
    changes.extras["standing"] = chosen.word


def read_priority(given: Parameters, current: Any | None, changes: Changes, *names: str) -> None:
    """1 extreme to 5 none; 0 for unset. Raises BadRequest."""
    number = reference(given, *names)
    if number is None or (current is not None and number == (current.priority or 0)):
        return
    if number > 5:
        raise BadRequest(names[0])
    changes.values["priority"] = number or None


def read_custom(call: Call, kind: str, given: Parameters) -> tuple[CustomValue, ...]:
    """``profile.12=value``: custom fields by the id of their definition; unknown ids are ignored."""
    wanted: dict[int, str] = {}
    for name in given.values:
        if name.startswith("profile."):
            number = whole(name[len("profile.") :])
            text = given.text(name)
            if number is not None and text is not None:
                wanted[number] = text
    if not wanted:
        return ()
    return tuple(
        CustomValue(definition.name, read_value(definition, wanted[definition.id]), definition.group)
        for definition in call.desk.custom_fields(kind)
        if definition.id in wanted
    )


def only_said(call: Call) -> None:
    """Files of a multipart body are not kept: a loss."""
    for name in parameters.of(call).files:
        call.losses.add("activity", name if name in ("file", "resource") else "file", "files_not_kept")
